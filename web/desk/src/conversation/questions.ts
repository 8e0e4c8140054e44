// Questions that are half typed: they stay over whatever becomes of what they are about.

import type {Desk} from "../state/desk.ts";

const typed = new WeakMap<Desk, Map<string, string>>();

/** Returns what a desk's user has typed, by `about`, as long as the page lives. */
export function questionsOf(desk: Desk): Map<string, string> {
    const own = typed.get(desk) ?? new Map<string, string>();
    typed.set(desk, own);
    return own;
}

/** Returns the name of a question to somebody about an interaction. */
export function about(interactionId: string, personId: string): string {
    return `${interactionId} ${personId}`;
}
