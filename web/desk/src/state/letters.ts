// What of one's own work belongs to a letter, and how addresses are written and read.

import type {Interaction} from "../api/interaction.ts";
import {nameOf} from "./lists.ts";
import type {DeskState} from "./model.ts";

/** Returns the draft that answers a letter, or is it itself; `null` without one. */
export function draftOf(state: DeskState, letter: Interaction): Interaction | null {
    if (letter.state === "Composing") {
        return letter;
    }
    const drafts = Object.values(state.work)
        .filter((one) => one.parentId === letter.id && one.state === "Composing")
        .sort((a, b) => a.receivedAt - b.receivedAt);
    return drafts[0] ?? null;
}

/**
 * Returns the latest letter of a customer's that came after the one whose writer was last read;
 * `null` when there is none. The letters are of a thread, the oldest first.
 */
export function newerThan(letters: Interaction[], readId: string | null): Interaction | null {
    const read = letters.findIndex(({id}) => id === readId);
    return read === -1
        ? null
        : (letters.slice(read + 1).findLast((one) => one.direction === "Inbound") ?? null);
}

/** Returns whether a letter of ours waits for somebody to look at it before it goes out. */
export function isInReview({letter, direction, state}: Interaction): boolean {
    return letter !== null && direction === "Outbound" && state === "Queued";
}

/** Returns the names under which the writers of letters are known, by address. */
export function addressesOf(letters: Interaction[]): Record<string, string> {
    const written = letters.filter(({direction}) => direction === "Inbound");
    return Object.fromEntries(written.flatMap((one) => {
        const address = one.letter?.from ?? "";
        const name = nameOf(one);
        return address === "" || name === address ? [] : [[address, name]];
    }));
}

/** Returns addresses as somebody types them, with commas or semicolons between. */
export function addressesIn(text: string): string[] {
    // A name in quotes may have commas.
    return (text.match(/(?:"[^"\n]*"|[^,;\n])+/g) ?? [])
        .map((one) => one.trim())
        .filter((one) => one !== "");
}

/** Returns whether an address is whole, with or without a name before it, as far as one can see. */
export function isAddress(text: string): boolean {
    const bare = /^(?:\s*"[^"]*"\s*|[^<>"]*)<([^<>]*)>$/.exec(text)?.[1] ?? text;
    return /^[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)*$/.test(bare);
}
