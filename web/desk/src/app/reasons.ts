// Why one may be Not ready, as the contact center says.

import {ref, watch, type Ref} from "vue";
import {fields, list, text} from "../api/fields.ts";
import {useContext, useDesk} from "./context.ts";
import {reasonNames} from "./presence.ts";

export interface Reason {
    reason: string;
    /** What is shown of it. */
    name: string;
}

/** Returns the reasons of the answer of `GET /settings/agent-states`, in their order. */
export function readReasons(answer: unknown): Reason[] {
    return list(fields(answer)["settings"])
        .map(fields)
        .filter(({state}) => state === "NotReady")
        .map((it) => ({reason: text(it["reason"]), name: text(it["displayName"])}))
        .filter(({reason}) => reason !== "");
}

/**
 * Returns the reasons, empty until they are known. They are read again after each look at them, and
 * do not change while `isShown`.
 */
export function useReasons(isShown: Ref<boolean>): Readonly<Ref<Reason[]>> {
    const {api} = useContext();
    const {state} = useDesk();
    const reasons = ref<Reason[]>([]);

    async function read(): Promise<void> {
        try {
            const found = readReasons(await api.get("settings/agent-states"));
            reasonNames.value = new Map(found.map(({reason, name}) => [reason, name]));
            // Nothing moves under the hand.
            if (!isShown.value) {
                reasons.value = found;
            }
        } catch {
            // Those that are known stay; without a connection the strip says so.
        }
    }

    watch([() => state.value.connection.kind, isShown], ([kind]) => {
        if (kind === "live" && !isShown.value) {
            void read();
        }
    }, {immediate: true});
    return reasons;
}
