// A section of the details that somebody asks for by a key: it opens, and its first field or button
// has the focus.

import {shallowReactive, shallowRef} from "vue";

/** The sections that have keys. */
export const KEYED = {notes: "n", outcome: "o", why: "w"} as const;

export type KeyedSection = keyof typeof KEYED;

/** How long a section may take to be there, in ms: what it shows is read first. */
const THERE_MS_MAX = 2_000;

export const wanted = shallowRef<string | null>(null);

/** The sections that are there now, also where one of them stands elsewhere. */
export const there = shallowReactive(new Set<string>());

/** Returns whether there is such a section; of details that are shut nobody knows. */
export function isThere(section: KeyedSection): boolean {
    return there.size === 0 || there.has(section);
}

export function want(section: KeyedSection): void {
    wanted.value = section;
    setTimeout(() => {
        wanted.value = wanted.value === section ? null : wanted.value;
    }, THERE_MS_MAX);
}
