// Why words did not go out, in words.

import {TOO_LATE, UNCERTAIN} from "../api/outbox.ts";
import type {PendingStage} from "../state/model.ts";
import type {Texts} from "../texts/index.ts";

/** Returns why something was refused; empty when it was not. */
export function whyRefused(stage: PendingStage | null, {chat}: Texts): string {
    if (stage?.kind !== "refused") {
        return "";
    }
    switch (stage.code) {
        case UNCERTAIN: return chat.uncertain;
        case TOO_LATE: return chat.tooLate;
        default: return stage.sentence;
    }
}
