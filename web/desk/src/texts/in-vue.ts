// The texts in the reader's language, for components.

import {computed, ref, watchEffect, type ComputedRef} from "vue";
import {textsOf, type Texts} from "./index.ts";
import {preferred, type Language} from "./languages.ts";
import type {Part} from "./part.ts";

const chosen = ref<Language | "browser">("browser");

export const language = computed<Language>(() =>
    chosen.value === "browser" ? preferred(navigator.languages) : chosen.value);

const texts = computed(() => textsOf(language.value));

/** Returns the texts; they change with the language. */
export function useTexts(): ComputedRef<Texts> {
    return texts;
}

/** Returns the texts of a part that is loaded with what says them. */
export function useTextsOf<T>(part: Part<T>): ComputedRef<T> {
    return computed(() => part[language.value]);
}

export function chooseLanguage(language: Language | "browser"): void {
    chosen.value = language;
}

/** Keeps the document's language that of the texts, so that they are read out as they should. */
export function keepDocumentLanguage(): void {
    watchEffect(() => {
        document.documentElement.lang = language.value;
    });
}
