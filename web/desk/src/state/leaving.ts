// Letters on their way out of this browser: from when somebody let one go until the server has said
// what became of it.

import type {Refusal} from "../api/outbox/entry.ts";
import type {DeskState, Pending} from "./model.ts";

/** Whether it lets a letter go. What is said in a chat has words of its own. */
export function isLetterSend({operationName, text}: Pending): boolean {
    return operationName === "Send" && text === "";
}

/** Returns what lets a draft go, or was refused; `null` while nobody has let it go. */
export function leavingOf({pending}: Pick<DeskState, "pending">, draftId: string): Pending | null {
    const found = pending.find((one) => one.interactionId === draftId && isLetterSend(one));
    return found ?? null;
}

/** Returns whether a draft was let go, and nobody has said yet that it may not. */
export function isLeaving(state: Pick<DeskState, "pending">, draftId: string): boolean {
    const found = leavingOf(state, draftId);
    return found !== null && found.stage.kind !== "refused";
}

/** Returns why a draft was not let go; `null` when it was not refused. */
export function keptBackBy(state: Pick<DeskState, "pending">, draftId: string): Refusal | null {
    const stage = leavingOf(state, draftId)?.stage;
    return stage?.kind === "refused" ? stage : null;
}

/** Returns why what a letter answered was not completed after it; empty when nobody refused. */
export function notCompleted({failures}: Pick<DeskState, "failures">, id: string): string {
    const found = failures.findLast((one) =>
        one.interactionId === id && one.operationName === "Complete");
    return found?.sentence ?? "";
}
