// One's own state in words and shape, and how a change of it is tried.

import {computed, type ComputedRef} from "vue";
import {Refused} from "../api/trouble.ts";
import {useTexts} from "../texts/in-vue.ts";
import {length} from "../texts/times.ts";
import {useContext, useDesk} from "./context.ts";
import {presenceOf, sinceOf, type Presence} from "./presence.ts";

export interface PresenceView {
    presence: ComputedRef<Presence>;
    word: ComputedRef<string>;
    /** How long it has been so; `null` when that is unknown, or no matter. */
    time: ComputedRef<string | null>;
    shape: ComputedRef<"ready" | "mixed" | "not-ready" | "off">;
    /** Does something; says and shows the server's sentence when it refuses. */
    attempt(change: () => Promise<unknown>): Promise<void>;
}

export function usePresence(): PresenceView {
    const {announcer} = useContext();
    const {state, now, stateRefusal} = useDesk();
    const t = useTexts();
    const presence = computed(() => presenceOf(state.value.channels));
    const names: Record<string, () => string> = {
        chat: () => t.value.common.chats,
        email: () => t.value.common.emails,
        workitem: () => t.value.common.workitems,
    };
    const word = computed(() => {
        const it = presence.value;
        switch (it.kind) {
            case "offWork": return t.value.bar.offWork;
            case "ready": return t.value.bar.ready;
            case "undisturbed": return t.value.bar.undisturbed;
            case "notReady": return it.reason === null
                ? t.value.bar.notReady
                : t.value.bar.notReadyFor(it.reason);
            case "mixed": {
                const ready = it.ready.map((channel) => names[channel]?.() ?? channel);
                return t.value.bar.readyFor(ready.join(", "));
            }
        }
    });
    const time = computed(() => {
        const since = sinceOf(state.value.channels);
        return since === null || presence.value.kind === "offWork"
            ? null
            : length(now.value - since);
    });
    const shape = computed(() => {
        // Whoever cannot be reached is offered nothing, whatever their state says.
        if (["lost", "signedOut"].includes(state.value.connection.kind)) {
            return "off";
        }
        switch (presence.value.kind) {
            case "offWork": return "off";
            case "ready": return "ready";
            case "mixed": return "mixed";
            case "undisturbed":
            case "notReady": return "not-ready";
        }
    });
    const attempt = async (change: () => Promise<unknown>): Promise<void> => {
        stateRefusal.value = "";
        try {
            await change();
        } catch (trouble) {
            if (trouble instanceof Refused) {
                stateRefusal.value = t.value.bar.refused(trouble.sentence);
                announcer.say("now", {text: stateRefusal.value});
            }
        }
    };
    return {presence, word, time, shape, attempt};
}
