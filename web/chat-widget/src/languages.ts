// The words of the widget. English is complete by definition; the others have the same keys, which the compiler checks.

import {german} from "./languages/de.ts";
import {english, type Words} from "./languages/en.ts";
import {spanish} from "./languages/es.ts";
import {french} from "./languages/fr.ts";

export type {Words} from "./languages/en.ts";

/** The words, and how to write dates and numbers with them. */
export interface Language {
    tag: string;
    words: Words;
}

const LANGUAGES: Record<string, Words> = {en: english, de: german, fr: french, es: spanish};

/** Takes the first wish that can be met: `de-CH` is met by `de`. */
export function language(...wishes: (string | null | undefined)[]): Language {
    for (const wish of wishes) {
        const words = LANGUAGES[wish?.split(/[-_]/u)[0]?.toLowerCase() ?? ""];
        if (words !== undefined && wish) {
            return {tag: isTag(wish) ? wish : "en", words};
        }
    }
    return {tag: "en", words: english};
}

/** Puts values into the places of a sentence, `{name}`. */
export function fill(sentence: string, values: Record<string, string | number>): string {
    return sentence.replace(/\{(\w+)\}/gu, (place, name: string) => String(values[name] ?? place));
}

function isTag(text: string): boolean {
    try {
        return Intl.getCanonicalLocales(text).length === 1;
    } catch {
        return false;
    }
}
