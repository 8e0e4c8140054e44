// A section of the details that somebody asks for by a key: it opens, and its first field or button
// has the focus.

import {shallowRef} from "vue";

/** The sections that have keys. */
export const KEYED = {notes: "n", outcome: "o", why: "w"} as const;

export type KeyedSection = keyof typeof KEYED;

/** How long a section may take to be there, in ms: what it shows is read first. */
const THERE_MS_MAX = 2_000;

export const wanted = shallowRef<string | null>(null);

export function want(section: KeyedSection): void {
    wanted.value = section;
    setTimeout(() => {
        wanted.value = wanted.value === section ? null : wanted.value;
    }, THERE_MS_MAX);
}
