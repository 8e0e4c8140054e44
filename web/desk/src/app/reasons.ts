// Why one may be Not ready, as the contact center says.

import {ref, watch, type Ref} from "vue";
import {fields, list, text} from "../api/fields.ts";
import {useContext, useDesk} from "./context.ts";

/** Returns the reasons of the answer of `GET /settings/agent-states`, in their order. */
export function readReasons(answer: unknown): string[] {
    return list(fields(answer)["settings"])
        .map(fields)
        .filter(({state}) => state === "NotReady")
        .map(({reason}) => text(reason))
        .filter((reason) => reason !== "");
}

/**
 * Returns the reasons, empty until they are known. They are read again after each look at them, and
 * do not change while `isShown`.
 */
export function useReasons(isShown: Ref<boolean>): Readonly<Ref<string[]>> {
    const {api} = useContext();
    const {state} = useDesk();
    const reasons = ref<string[]>([]);

    async function read(): Promise<void> {
        try {
            const found = readReasons(await api.get("settings/agent-states"));
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
