// Why somebody cannot take something now, in words.

import {chosenReason} from "../app/presence.ts";
import type {Target} from "../api/targets.ts";
import type {Texts} from "../texts/index.ts";

/** Returns what is in the way of a colleague; a rule that is not known has no words of its own. */
export function whyNot(target: Extract<Target, {kind: "User"}>, {actions, bar}: Texts): string {
    const {rule, used, capacity} = target;
    switch (rule) {
        case "NoSession": return actions.offWork;
        case "Unreachable": return actions.unreachable;
        case "NotReady": {
            const reason = chosenReason(target.reason);
            return reason === null ? bar.notReady : bar.notReadyFor(reason);
        }
        case "DoNotDisturb": return actions.disturbed;
        case "Full": return actions.full(used, capacity ?? used);
        default: return actions.cannot;
    }
}
