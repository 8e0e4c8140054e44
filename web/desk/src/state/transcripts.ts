// Lines of chats as they come, each once and in order, and who is writing.

import type {Line, Typing} from "../api/notification.ts";
import type {DeskState, Pending, Transcript} from "./model.ts";

/** Whoever went on writing says so again within this time, in ms. */
export const TYPING_SHOWN_MS = 10_000;

const NOTHING: Transcript = {lines: [], isRead: false, typing: {}};

/** Adds lines to a chat. What was pending and is said in them is pending no more. */
export function withLines(state: DeskState, chat: string, lines: Line[]): DeskState {
    if (lines.length === 0) {
        return state;
    }
    const before = state.transcripts[chat] ?? NOTHING;
    const pending = state.pending.filter((one) => !isSaid(one, chat, lines));
    const typing = lines.reduce((now, line) => withoutTyping(now, line), before.typing);
    return {
        ...state,
        transcripts: {
            ...state.transcripts,
            [chat]: {...before, lines: merged(before.lines, lines), typing},
        },
        pending,
        saidCount: state.saidCount + state.pending.length - pending.length,
    };
}

/** Names the customer of a chat by what they said in it, once they are no longer there. */
export function withCustomer(state: DeskState, chat: string): DeskState {
    const interaction = state.work[chat];
    if (interaction === undefined || interaction.customer !== "") {
        return state;
    }
    const lines = state.transcripts[chat]?.lines ?? [];
    const customer = lines.findLast(({from}) => from.type === "Customer")?.from.nickname ?? "";
    return customer === ""
        ? state
        : {...state, work: {...state.work, [chat]: {...interaction, customer}}};
}

/** Somebody began or stopped writing. */
export function withTyping(
    state: DeskState,
    chat: string,
    {from, isTyping, visibility}: Typing,
    at: number,
): DeskState {
    // One's own is told too.
    if (from.userId !== null && from.userId === state.me?.id) {
        return state;
    }
    const before = state.transcripts[chat] ?? NOTHING;
    const {[from.participantId]: _, ...rest} = before.typing;
    const typing = isTyping
        ? {...rest, [from.participantId]: {nickname: from.nickname, visibility, since: at}}
        : rest;
    return {...state, transcripts: {...state.transcripts, [chat]: {...before, typing}}};
}

/** Who wrote, or left, writes no more. */
function withoutTyping(typing: Transcript["typing"], line: Line): Transcript["typing"] {
    const {[line.from.participantId]: found, ...rest} = typing;
    return found === undefined ? typing : rest;
}

/** Merges two runs of lines. The common case, new lines behind all others, copies once. */
function merged(before: Line[], lines: Line[]): Line[] {
    const sorted = [...lines].sort((a, b) => a.index - b.index);
    const last = before.at(-1)?.index ?? 0;
    if (sorted.every((line, at) => line.index > (sorted[at - 1]?.index ?? last))) {
        return [...before, ...sorted];
    }
    const byIndex = new Map(before.map((line) => [line.index, line]));
    for (const line of sorted) {
        // A read does not know which request said it; the message that told it did.
        const reference = line.referenceId ?? byIndex.get(line.index)?.referenceId ?? null;
        byIndex.set(line.index, {...line, referenceId: reference});
    }
    return [...byIndex.values()].sort((a, b) => a.index - b.index);
}

function isSaid({interactionId, stage}: Pending, chat: string, lines: Line[]): boolean {
    return (
        interactionId === chat
        && stage.kind === "answered"
        && stage.referenceId !== null
        && lines.some((line) => line.referenceId === stage.referenceId)
    );
}
