// Work in one's own lists, by words.

import {addressOf, groupsOf, type ListName, type Row} from "../state/lists.ts";
import type {DeskState} from "../state/model.ts";

export interface FoundWork {
    list: ListName;
    id: string;
    who: string;
    subject: string;
    channel: string;
}

/** More is found by more words. */
const FOUND_MAX = 8;
/** Drafts are among one's own. */
const LISTS: readonly ListName[] = ["mine", "parked", "queues"];

/** Returns the work that has all words of what was typed, one's own first; nothing for no words. */
export function workMatching(state: DeskState, typed: string, now: number): FoundWork[] {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) {
        return [];
    }
    return LISTS
        .flatMap((list) => groupsOf(state, list, now).flatMap(({rows}) =>
            rows.filter((row) => has(row, words)).map((row) => foundIn(list, row))));
}

/**
 * Returns what is shown of what was found: what was shown keeps its place as long as it is found,
 * and what comes stands behind it. Nothing moves under the hand.
 */
export function foundNext(before: FoundWork[], found: FoundWork[]): FoundWork[] {
    const stays = before.flatMap(({id}) => found.filter((one) => one.id === id).slice(0, 1));
    const known = new Set(stays.map(({id}) => id));
    return [...stays, ...found.filter(({id}) => !known.has(id))].slice(0, FOUND_MAX);
}

function has({who, subject, last, interaction}: Row, words: string[]): boolean {
    const all = [who, subject, last.text, addressOf(interaction)].join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
}

function foundIn(list: ListName, {id, who, subject, interaction}: Row): FoundWork {
    return {list, id, who, subject, channel: interaction.channel};
}
