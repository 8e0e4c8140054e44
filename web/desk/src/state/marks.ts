// What passes by without numbers: what one left in chats oneself, who else looks, who asks.

import type {Interaction} from "../api/interaction.ts";
import type {Notification} from "../api/notification.ts";
import type {DeskEvent, DeskState, DraftChanges, KnownMarks} from "./model.ts";

/** Questions that are kept until they are seen. */
const QUESTIONS_MAX = 20;
const UNCHANGED: DraftChanges = {done: 0, underWay: 0};

type Passing = Extract<
    Notification,
    {kind: "draft" | "read" | "viewers" | "asked" | "settings"}
>;

/** What a message without a number says becomes so. */
export function withPassing(state: DeskState, told: Passing): DeskState {
    switch (told.kind) {
        case "draft":
            return draftTold(state, told);
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

function draftTold(
    state: DeskState,
    {interactionId, draft, referenceId}: Extract<Passing, {kind: "draft"}>,
): DeskState {
    const changed = withChange(state, interactionId, {underWay: 0, done: 1});
    return withoutSaid(withMarks(changed, interactionId, ({readIndex}) => ({
        readIndex, draft, referenceId,
    })));
}

/** A save of what is typed began, or has its answer, or gets none. */
export function draftSave(
    state: DeskState,
    {interactionId, stage}: Extract<DeskEvent, {type: "draftSave"}>,
): DeskState {
    return stage === "begun"
        ? withChange(state, interactionId, {underWay: 1, done: 0})
        : withChange(state, interactionId, {underWay: -1, done: 1});
}

function withChange(state: DeskState, id: string, more: DraftChanges): DeskState {
    const before = state.draftChanges[id] ?? UNCHANGED;
    const now = {
        done: before.done + more.done,
        // One that began while the chat was another's is not counted.
        underWay: Math.max(0, before.underWay + more.underWay),
    };
    return {...state, draftChanges: {...state.draftChanges, [id]: now}};
}

/** Returns how often a chat's draft changed. */
export function changesOf({draftChanges}: Pick<DeskState, "draftChanges">, id: string): number {
    return (draftChanges[id] ?? UNCHANGED).done;
}

/** Returns whether a read that began after so many changes knows the last of them. */
function isNewest(state: DeskState, id: string, since: number): boolean {
    const {done, underWay} = state.draftChanges[id] ?? UNCHANGED;
    return underWay === 0 && done === since;
}

/** What one left in a chat was read; what is older than a change is asked for again. */
export function marksRead(
    state: DeskState,
    {interactionId: id, marks, since}: Extract<DeskEvent, {type: "marksRead"}>,
): DeskState {
    return id in state.work && isNewest(state, id, since)
        ? withoutSaid({...state, marks: {...state.marks, [id]: {...marks, referenceId: null}}})
        : state;
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

/**
 * Returns what a read of everything tells of what one left in chats, as far as it is not older
 * than a change.
 */
export function marksOf(
    state: DeskState,
    work: Interaction[],
    atFirst: Pick<DeskState, "draftChanges">,
): DeskState["marks"] {
    const known = work
        .filter(({id}) => isNewest(state, id, changesOf(atFirst, id)))
        .flatMap(({id, marks}) =>
            (marks === null ? [] : [[id, {...marks, referenceId: null}] as const]));
    return Object.fromEntries(known);
}

/** Returns the chats in which nobody knows what one left. */
export function chatsToAsk(state: DeskState): string[] {
    return Object.values(state.work)
        .filter((one) => one.state === "Chatting" || one.state === "LeftChat")
        .filter(({id}) => state.marks[id] === undefined)
        // Its answer would be dropped.
        .filter(({id}) => (state.draftChanges[id] ?? UNCHANGED).underWay === 0)
        .map(({id}) => id);
}
