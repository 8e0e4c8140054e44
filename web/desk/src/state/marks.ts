// What passes by without numbers: what one left in chats oneself, who else looks, who asks.

import type {Interaction} from "../api/interaction.ts";
import type {Notification} from "../api/notification.ts";
import type {DeskState, KnownMarks} from "./model.ts";

/** Questions that are kept until they are seen. */
const QUESTIONS_MAX = 20;

type Passing = Extract<
    Notification,
    {kind: "draft" | "read" | "viewers" | "asked" | "settings"}
>;

/** What a message without a number says becomes so. */
export function withPassing(state: DeskState, told: Passing): DeskState {
    switch (told.kind) {
        case "draft":
            return withoutSaid(withMarks(state, told.interactionId, ({readIndex}) => ({
                readIndex, draft: told.draft, referenceId: told.referenceId,
            })));
        case "read":
            return withMarks(state, told.interactionId, (marks) => ({
                ...marks, readIndex: told.readIndex,
            }));
        case "viewers":
            return {...state, viewers: {...state.viewers, [told.interactionId]: told.viewers}};
        case "asked": {
            const questions = [...state.questions, told.question].slice(-QUESTIONS_MAX);
            return {...state, questions};
        }
        case "settings":
            return {...state, settingsTold: {referenceId: told.referenceId}};
    }
}

/** Changes what is known; of what is not known yet the read will tell. */
function withMarks(
    state: DeskState,
    id: string,
    change: (before: KnownMarks) => KnownMarks,
): DeskState {
    const before = state.marks[id];
    return before === undefined
        ? state
        : {...state, marks: {...state.marks, [id]: change(before)}};
}

/** Forgets drafts whose words the outbox has: whoever found them in a box would say them twice. */
export function withoutSaid(state: DeskState): DeskState {
    return state.pending.reduce((now, {interactionId, text}) => {
        const typed = now.marks[interactionId]?.draft?.text.trim() ?? "";
        return typed !== "" && typed === text.trim()
            ? withMarks(now, interactionId, (marks) => ({...marks, draft: null}))
            : now;
    }, state);
}

/** Returns what a read of everything tells of what one left in chats. */
export function marksOf(work: Interaction[]): DeskState["marks"] {
    const known = work.flatMap(({id, marks}) =>
        (marks === null ? [] : [[id, {...marks, referenceId: null}] as const]));
    return Object.fromEntries(known);
}

/** Returns the chats in which nobody knows what one left. */
export function chatsToAsk(state: DeskState): string[] {
    return Object.values(state.work)
        .filter((one) => one.state === "Chatting" || one.state === "LeftChat")
        .filter(({id}) => state.marks[id] === undefined)
        .map(({id}) => id);
}
