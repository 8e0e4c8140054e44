// How a part of the texts is written: once for each language, side by side.

import type {Language} from "./languages.ts";

/** A part of the texts in every language. English says which texts there are. */
export type Part<T> = Record<Language, T>;

/** Returns a part as it is; a text that is missing or too much in a language does not compile. */
export function part<T>(
    texts: {en: T} & Record<Exclude<Language, "en">, NoInfer<T>>,
): Part<T> {
    return texts;
}

/** Returns the form that goes with a number. French counts 0 as one. */
export function plural(language: Language, n: number, one: string, many: string): string {
    return n === 1 || (language === "fr" && n === 0) ? one : many;
}
