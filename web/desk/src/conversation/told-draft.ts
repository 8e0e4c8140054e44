// Hears of a chat's draft on the server, and of nothing else that is told beside it.

import {watch} from "vue";
import type {ToldDraft} from "./draft-on-server.ts";

/** Calls `told` with what `known` has now, and each time that another draft is known. */
export function watchTold(
    known: () => ToldDraft | undefined,
    told: (draft: ToldDraft) => void,
): void {
    // How far a chat was read is told as well, and says nothing new of an old draft.
    watch([() => known()?.draft, () => known()?.referenceId], ([draft, referenceId]) => {
        if (draft !== undefined && referenceId !== undefined) {
            told({draft, referenceId});
        }
    }, {immediate: true});
}
