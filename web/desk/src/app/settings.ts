// What a reader chose for themselves. It is read leniently: a setting that is missing or that an
// older or newer desk wrote otherwise is as for everybody.

import {languageOf, type Language} from "../texts/languages.ts";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

export interface Settings {
    theme: Theme;
    density: Density;
    language: Language | "browser";
    isSoundOn: boolean;
    /** 0…100. */
    volume: number;
    doesEnterSend: boolean;
    areLettersKeys: boolean;
    isCommandKeyOn: boolean;
    /** Whether a notification shows what was written, which others at the screen may read. */
    areWordsNotified: boolean;
    /** For how long a letter can be taken back after *Send*; 0 is not at all. */
    undoSeconds: number;
    isWelcomed: boolean;
}

/** Sound is on for every new user, because an offer must not be missed. */
export const DEFAULTS: Settings = {
    theme: "system",
    density: "comfortable",
    language: "browser",
    isSoundOn: true,
    volume: 70,
    doesEnterSend: true,
    areLettersKeys: true,
    isCommandKeyOn: false,
    areWordsNotified: true,
    undoSeconds: 10,
    isWelcomed: false,
};

const THEMES: readonly unknown[] = ["system", "light", "dark"] satisfies Theme[];
const DENSITIES: readonly unknown[] = ["comfortable", "compact"] satisfies Density[];
const VOLUME_MAX = 100;
/** What can be chosen; the server takes up to a minute. */
export const UNDO_SECONDS: readonly number[] = [0, 5, 10, 20, 30, 60];

/** Returns the settings in what was kept. */
export function readSettings(kept: unknown): Settings {
    const it = (typeof kept === "object" && kept !== null ? kept : {}) as Partial<
        Record<keyof Settings, unknown>
    >;
    const flag = (name: "isSoundOn" | "doesEnterSend" | "areLettersKeys" | "isCommandKeyOn"
        | "areWordsNotified" | "isWelcomed"): boolean =>
        typeof it[name] === "boolean" ? it[name] : DEFAULTS[name];
    const {volume, undoSeconds} = it;
    return {
        theme: THEMES.includes(it.theme) ? (it.theme as Theme) : DEFAULTS.theme,
        density: DENSITIES.includes(it.density) ? (it.density as Density) : DEFAULTS.density,
        language: languageOf(it.language) ?? DEFAULTS.language,
        isSoundOn: flag("isSoundOn"),
        volume:
            typeof volume === "number" && volume >= 0 && volume <= VOLUME_MAX
                ? Math.round(volume)
                : DEFAULTS.volume,
        doesEnterSend: flag("doesEnterSend"),
        areLettersKeys: flag("areLettersKeys"),
        isCommandKeyOn: flag("isCommandKeyOn"),
        areWordsNotified: flag("areWordsNotified"),
        undoSeconds: typeof undoSeconds === "number" && UNDO_SECONDS.includes(undoSeconds)
            ? undoSeconds
            : DEFAULTS.undoSeconds,
        isWelcomed: flag("isWelcomed"),
    };
}
