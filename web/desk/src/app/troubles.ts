// Makes heard what one must know of while one looks elsewhere: that a colleague did not take what
// was offered to them, that what a sent letter answers was not completed, that one's state was changed elsewhere or because offers passed by, and that
// the connection is gone for longer than a moment.

import {onScopeDispose, watch, type ComputedRef, type ShallowRef} from "vue";
import type {Alarm} from "../offers/alarm.ts";
import {endOf, personName} from "../state/handing.ts";
import {findInteraction, nameOf} from "../state/lists.ts";
import type {DeskState, Failure} from "../state/model.ts";
import type {Texts} from "../texts/index.ts";
import type {Announcer} from "./announcer.ts";
import {missedChannels, presenceOf} from "./presence.ts";
import {wordOf} from "./use-presence.ts";

/** How long a connection is away before it is heard, in ms: most are back before. */
const LOST_HEARD_MS = 10_000;

/** What it is told to; `isOwnState` says whether a state that is told was asked for here. */
export function tellOfTroubles(
    state: Readonly<ShallowRef<DeskState>>,
    alarm: Alarm,
    announcer: Announcer,
    texts: ComputedRef<Texts>,
    isOwnState: () => boolean,
): void {
    watch(state, ({channels, lastRead}, before) => {
        // What a read brought has a strip of its own, and so have offers that passed by.
        const isNews = lastRead === before.lastRead && channels !== before.channels;
        if (!isNews || isOwnState() || missedChannels(channels).length > 0) {
            return;
        }
        const presence = presenceOf(channels);
        const word = wordOf(presence, texts.value);
        const wordBefore = wordOf(presenceOf(before.channels), texts.value);
        if (presence.kind !== "offWork" && word !== wordBefore) {
            const text = texts.value.said.stateIs(word);
            announcer.say("now", {text});
            alarm.trouble("state", text, "");
        }
    });
    const notCompleted = ({interactionId, sentence}: Failure): void => {
        const interaction = findInteraction(state.value, interactionId);
        const text = `${texts.value.letters.sentElsewhere} ${sentence}`;
        announcer.say("now", {text});
        alarm.trouble(interactionId, interaction === null ? "" : nameOf(interaction), text);
    };
    const came = (failure: Failure): void => {
        if (failure.operationName === "Complete") {
            notCompleted(failure);
            return;
        }
        const {interactionId} = failure;
        const interaction = state.value.work[interactionId];
        const end = interaction === undefined ? null : endOf(state.value, interaction);
        if (interaction !== undefined && end !== null) {
            const text = texts.value.handing[end.how](personName(end.handing.to));
            announcer.say("now", {text});
            alarm.trouble(interactionId, nameOf(interaction), text);
        }
    };
    watch(() => state.value.failures, (failures, before) => {
        failures.filter((one) => !before.includes(one)).forEach(came);
    });
    /** What was so before the page knew anything is no news. */
    const isSet = (): boolean | null =>
        (state.value.lastRead === 0 ? null : missedChannels(state.value.channels).length > 0);
    watch(isSet, (now, before) => {
        if (now === true && before === false) {
            const text = texts.value.strip.missed;
            announcer.say("now", {text});
            alarm.trouble("state", text, texts.value.strip.missedRest);
        }
    });
    let waiting: ReturnType<typeof setTimeout> | undefined;
    watch(() => state.value.connection.kind, (kind) => {
        clearTimeout(waiting);
        if (kind === "lost") {
            waiting = setTimeout(() => {
                alarm.trouble("connection", texts.value.strip.noticeLost, "");
            }, LOST_HEARD_MS);
        }
    });
    onScopeDispose(() => clearTimeout(waiting));
}
