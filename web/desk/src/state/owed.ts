// Who waits for whom: since when a customer is owed an answer, and what was said last.

import type {Interaction} from "../api/interaction.ts";
import type {Line} from "../api/notification.ts";
import type {DeskState, Transcript} from "./model.ts";

/** Within what time an answer is owed, in ms, until queues say so themselves; others have none. */
const TARGET_MS: Record<string, number> = {chat: 60_000, email: 2 * 3_600_000};

/** What was said last in an interaction. */
export interface LastWords {
    by: "customer" | "us" | "nobody";
    text: string;
    at: number;
}

/** How much of the target a customer has waited. */
export type Lateness = "inTime" | "late" | "veryLate";

/** Entries that are somebody's words. */
const WORDS = new Set(["Text", "PushUrl", "FileUploaded"]);

/** Returns whether a line is somebody's word that the customer sees. */
function isPublicWord(line: Line): boolean {
    return WORDS.has(line.type) && line.visibility === "All";
}

function isCustomers(line: Line): boolean {
    return line.from.type === "Customer";
}

/** Returns since when the customer is owed an answer; `null` when nothing is. */
export function owedSince(state: DeskState, interaction: Interaction): number | null {
    switch (interaction.channel) {
        case "chat":
            return interaction.state === "Chatting"
                ? owedInChat(interaction, state.transcripts[interaction.id])
                : null;
        case "email":
            return interaction.state === "Processing" && !isAnswered(state, interaction.id)
                ? interaction.receivedAt
                : null;
        default:
            return interaction.state === "Processing" ? interaction.receivedAt : null;
    }
}

function owedInChat(interaction: Interaction, transcript: Transcript | undefined): number | null {
    const lines = transcript?.lines ?? [];
    let since: number | null = null;
    for (let at = lines.length - 1; at >= 0; at -= 1) {
        const line = lines[at];
        if (line === undefined || !isPublicWord(line)) {
            continue;
        }
        if (!isCustomers(line)) {
            return since;
        }
        since = line.at;
    }
    // Nobody has answered yet: they wait since they came, whether or not they wrote.
    return since === null ? interaction.receivedAt : Math.min(since, interaction.receivedAt);
}

/** Returns whether a letter was answered, or an answer to it is on its way out. */
function isAnswered(state: DeskState, letter: string): boolean {
    return (
        state.answers[letter] === true
        || Object.values(state.work).some(
            (one) => one.parentId === letter && one.state === "Sending",
        )
    );
}

/** Returns what was said last, as the list shows it. */
export function lastWords(interaction: Interaction, transcript?: Transcript): LastWords {
    const line = transcript?.lines.findLast(isPublicWord);
    if (line !== undefined) {
        return {by: isCustomers(line) ? "customer" : "us", text: line.text, at: line.at};
    }
    const {letter} = interaction;
    return letter === null
        ? {by: "nobody", text: "", at: interaction.receivedAt}
        : {
              by: interaction.direction === "Inbound" ? "customer" : "us",
              text: letter.plain.slice(0, 200).replace(/\s+/g, " ").trim(),
              at: interaction.receivedAt,
          };
}

/** Returns the share of the target that is over; without a target 0. */
export function shareOfTarget(channel: string, since: number, now: number): number {
    const target = TARGET_MS[channel];
    return target === undefined ? 0 : Math.max(0, now - since) / target;
}

export function lateness(channel: string, since: number, now: number): Lateness {
    const share = shareOfTarget(channel, since, now);
    return share < 1 ? "inTime" : share < 2 ? "late" : "veryLate";
}
