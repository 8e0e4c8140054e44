// Words that did not go out and whose chat is not ours any more: nothing else shows them.

import {findInteraction} from "../state/lists.ts";
import {isLeaving} from "../state/leaving.ts";
import type {DeskState, Pending} from "../state/model.ts";
import type {KeptDraft} from "./drafts.ts";

export interface Left {
    refused: Pending[];
    drafts: KeptDraft[];
}

/** Returns what was refused, and what was half written, in what is gone. */
export function leftOf(state: DeskState, drafts: KeptDraft[]): Left {
    if (state.lastRead === 0) {
        return {refused: [], drafts: []};
    }
    return {
        refused: state.pending.filter(({stage, text, interactionId}) =>
            stage.kind === "refused" && text !== "" && state.work[interactionId] === undefined),
        drafts: drafts.filter(({interactionId, text}) =>
            text.trim() !== "" && findInteraction(state, interactionId) === null)
            // Of one that was let go it is not known yet.
            .filter(({interactionId}) => !isLeaving(state, interactionId)),
    };
}
