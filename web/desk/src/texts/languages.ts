// The languages that the desk speaks, and which of them a reader gets.

export const LANGUAGES = ["en", "de", "fr", "es"] as const;

export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself. */
export const OWN_NAMES: Record<Language, string> = {
    en: "English",
    de: "Deutsch",
    fr: "Français",
    es: "Español",
};

/** Returns the language of a tag such as `de-AT`; `null` for one that the desk does not speak. */
export function languageOf(tag: unknown): Language | null {
    const prefix = typeof tag === "string" ? tag.split("-")[0]?.toLowerCase() : undefined;
    return LANGUAGES.find((language) => language === prefix) ?? null;
}

/** Returns the first language of a browser's wishes that the desk speaks, else English. */
export function preferred(tags: readonly string[]): Language {
    return tags.map(languageOf).find((language) => language !== null) ?? "en";
}
