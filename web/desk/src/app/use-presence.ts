// One's own state in words and shape, and how a change of it is tried.

import {computed, type ComputedRef} from "vue";
import {Refused} from "../api/trouble.ts";
import type {Texts} from "../texts/index.ts";
import {language, useTexts} from "../texts/in-vue.ts";
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

/** Returns a state in a word or two. */
export function wordOf(presence: Presence, {bar, common}: Texts): string {
    const names: Record<string, string> = {
        chat: common.chat, email: common.email, workitem: common.workitem,
    };
    switch (presence.kind) {
        case "offWork": return bar.offWork;
        case "ready": return bar.ready;
        case "undisturbed": return bar.undisturbed;
        case "notReady":
            return presence.reason === null ? bar.notReady : bar.notReadyFor(presence.reason);
        case "mixed": {
            const ready = presence.ready.map((channel) => names[channel] ?? channel).join(", ");
            // Within a sentence; German writes names of things large wherever they stand.
            return bar.readyFor(language.value === "de" ? ready : ready.toLowerCase());
        }
    }
}

export function usePresence(): PresenceView {
    const {announcer} = useContext();
    const {state, now, stateRefusal} = useDesk();
    const t = useTexts();
    const presence = computed(() => presenceOf(state.value.channels));
    const word = computed(() => wordOf(presence.value, t.value));
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
