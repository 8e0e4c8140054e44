// How late an answer is, and what was said last, by what the server tells of both.

import type {Interaction} from "../api/interaction.ts";

/** Within what time an answer is expected of a queue that promises none, in ms. */
const USUAL_MS: Record<string, number> = {chat: 60_000, email: 2 * 3_600_000};
/** Of what is written no more is shown. */
const WORDS_MAX = 140;

/** What was said last in an interaction. */
export interface LastWords {
    by: "customer" | "us" | "nobody";
    text: string;
    at: number;
}

/** How much of the target a customer has waited. */
export type Lateness = "inTime" | "late" | "veryLate";

/** Returns what was said last, as the list shows it. */
export function lastWords({owed, letter, receivedAt: at}: Interaction): LastWords {
    if (owed?.last != null) {
        return owed.last;
    }
    return letter === null
        ? {by: "nobody", text: "", at}
        : {by: "us", text: firstWords(letter.plain), at};
}

/** Returns the first words of a text, on one line. */
export function firstWords(text: string): string {
    return text.slice(0, WORDS_MAX).replace(/\s+/g, " ").trim();
}

/** Returns the share of the target that is over; without a target 0. */
export function shareOfTarget({owed, channel}: Interaction, since: number, now: number): number {
    const target = owed?.targetMs ?? USUAL_MS[channel];
    return target === undefined ? 0 : Math.max(0, now - since) / target;
}

export function lateness(interaction: Interaction, since: number, now: number): Lateness {
    const share = shareOfTarget(interaction, since, now);
    return share < 1 ? "inTime" : share < 2 ? "late" : "veryLate";
}
