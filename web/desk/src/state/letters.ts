// What of one's own work belongs to a letter, and how addresses are written and read.

import type {Interaction} from "../api/interaction.ts";
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

/** Returns addresses as somebody types them, with commas or semicolons between. */
export function addressesIn(text: string): string[] {
    return text
        .split(/[,;\n]/)
        .map((one) => one.trim())
        .filter((one) => one !== "");
}

/** Returns whether an address is whole, with or without a name before it, as far as one can see. */
export function isAddress(text: string): boolean {
    const bare = /^[^<>]*<([^<>]*)>$/.exec(text)?.[1] ?? text;
    return /^[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)*$/.test(bare);
}
