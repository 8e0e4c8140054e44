// Languages and time zones, in the reader's words.

/** Languages to choose from (`iw` is an old tag); another one that is known already is kept. */
const LANGUAGES = [
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "hi", "hr",
    "hu", "id", "is", "it", "iw", "ja", "ko", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "ru",
    "sk", "sl", "sq", "sr", "sv", "ta", "th", "tr", "uk", "ur", "vi", "zh",
];

export interface Choice {
    value: string;
    name: string;
}

/** Returns what a language is called; its tag where the browser knows no name. */
export function languageName(tag: string, reader: string): string {
    try {
        const name = new Intl.DisplayNames([reader], {type: "language"}).of(tag) ?? tag;
        return name.charAt(0).toLocaleUpperCase(reader) + name.slice(1);
    } catch {
        return tag;
    }
}

/** Returns the languages to choose from, by name, `kept` among them. */
export function languages(reader: string, kept: string): Choice[] {
    return withKept(Intl.getCanonicalLocales(LANGUAGES), kept)
        .map((value) => ({value, name: languageName(value, reader)}))
        .sort((a, b) => a.name.localeCompare(b.name, reader));
}

/** Returns the time zones to choose from, `kept` among them. */
export function timeZones(kept: string): Choice[] {
    return withKept([...Intl.supportedValuesOf("timeZone"), "UTC"], kept)
        .map((value) => ({value, name: value.replaceAll("_", " ")}))
        .sort((a, b) => a.name.localeCompare(b.name, "en"));
}

function withKept(known: string[], kept: string): string[] {
    return [...new Set(kept === "" ? known : [...known, kept])];
}

/** Returns the time at a place, such as `14:07, Copenhagen`; `null` where it is unknown. */
export function timeThere(at: number, timeZone: string, reader: string): string | null {
    try {
        const options = {hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone} as const;
        const time = new Intl.DateTimeFormat(reader, options).format(at);
        return `${time}, ${timeZone.split("/").at(-1)?.replaceAll("_", " ")}`;
    } catch {
        return null;
    }
}
