// What became of the words that were said in a chat.

import type {Pending} from "./model.ts";

/** Returns what became of all words of a chat; one refusal counts for all. */
export function wordsOf(
    pending: readonly Pending[],
    id: string,
): "out" | "onTheirWay" | "refused" {
    const stages = pending
        .filter(({interactionId, text}) => interactionId === id && text !== "")
        .map(({stage}) => stage.kind);
    if (stages.includes("refused")) {
        return "refused";
    }
    return stages.every((kind) => kind === "answered") ? "out" : "onTheirWay";
}
