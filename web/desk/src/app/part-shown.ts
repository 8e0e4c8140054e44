// On a phone one part of the desk is shown at a time; the address remembers which.

import {computed, type ComputedRef} from "vue";
import {useRoute, type LocationQueryRaw} from "vue-router";
import {SEARCH} from "./addresses.ts";
import {useContext, useDesk} from "./context.ts";

/** The parts that a phone goes between. */
export type PhonePart = "list" | "conversation" | "details";

const PARTS: readonly unknown[] = ["list", "conversation", "details"] satisfies PhonePart[];

export function usePartShown(): {
    shown: ComputedRef<PhonePart>;
    addressOf(part: PhonePart): {path: string; query: LocationQueryRaw};
} {
    const route = useRoute();
    const {settings} = useContext();
    const {state} = useDesk();
    const isChosen = computed(() => (route.params["interactionId"] ?? "") !== "");
    /** The welcome stands where the conversation will. */
    const isWelcome = computed(() =>
        !settings.chosen.isWelcomed && Object.keys(state.value.work).length === 0
        && route.path !== SEARCH);
    const shown = computed<PhonePart>(() => {
        const {part} = route.query;
        const usual = isChosen.value || isWelcome.value ? "conversation" : "list";
        return PARTS.includes(part) ? (part as PhonePart) : usual;
    });
    return {
        shown,
        addressOf: (part) => ({path: route.path, query: {...route.query, part}}),
    };
}
