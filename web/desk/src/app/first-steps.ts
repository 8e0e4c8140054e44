// How far somebody has come with the demo (design 10).

import type {DeskState} from "../state/model.ts";

/** Whether the reader has said something in a chat that is open still. */
export function hasAnswered({me, transcripts}: Pick<DeskState, "me" | "transcripts">): boolean {
    return Object.values(transcripts).some((one) =>
        one.lines.some(({type, from}) => type === "Text" && from.userId === me?.id));
}
