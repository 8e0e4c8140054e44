// What is heard, shown and done about offers and messages on every place of the desk.

import {computed, nextTick, provide, watchEffect, type ComputedRef} from "vue";
import type {Router} from "vue-router";
import {tellOfChats} from "../conversation/tell.ts";
import {useAlarm} from "../offers/alarm.ts";
import {shownOffers} from "../offers/shown.ts";
import {nameOf} from "../state/lists.ts";
import {useTexts} from "../texts/in-vue.ts";
import {alarmKey} from "./alarm-key.ts";
import {useAwaited, type Accepted} from "./awaited.ts";
import {useContext, type OpenDesk} from "./context.ts";
import {goTo} from "./parts.ts";
import {MINE} from "./addresses.ts";
import {working} from "./presence.ts";
import {quietUntil} from "./quiet.ts";
import {showOfferMark, useTitle} from "./title.ts";
import {tellOfTroubles} from "./troubles.ts";

/**
 * Tells of offers and messages; `chosenId` is the interaction that is open. Returns what is told of
 * each offer that is accepted.
 */
export function useAttention(
    {desk, state, now}: OpenDesk,
    router: Router,
    chosenId: ComputedRef<string | null>,
): (accepted: Accepted) => void {
    const {announcer, settings} = useContext();
    const texts = useTexts();
    const offered = computed(() => shownOffers(state.value, now.value).length);
    const alarm = useAlarm({
        state, now, announcer, settings, texts,
        toOffers: () => void goTo("offers"),
        open: (id) => void router.push(`${MINE}/${id}`),
    });
    provide(alarmKey, alarm);
    tellOfChats({
        state,
        announcer,
        texts,
        open: () => chosenId.value,
        wrote(id, line, isOpen) {
            const interaction = state.value.work[id];
            if (interaction !== undefined && !isOpen) {
                const isReady = working(state.value.channels).some(({state: is}) => is === "Ready");
                const isQuiet = quietUntil(Date.now(), isReady) !== null;
                alarm.message(interaction, line.text, isQuiet);
            }
        },
    });
    tellOfTroubles(state, alarm, announcer, texts, () => desk.isOwnState());
    watchEffect(() => showOfferMark(offered.value > 0));
    useTitle(
        () => offered.value,
        () => (state.value.connection.kind === "lost" ? texts.value.frame.connecting : null),
    );
    return useAwaited({
        state,
        focused: () => document.activeElement,
        async open(id) {
            await router.push(`${MINE}/${id}`);
            await nextTick();
            goTo("composer") || goTo("conversation");
        },
        tell(interaction) {
            announcer.say("now", {text: texts.value.offers.saidTaken(nameOf(interaction))});
        },
        refused(sentence) {
            if (sentence !== "") {
                announcer.say("now", {text: sentence});
            }
        },
    });
}
