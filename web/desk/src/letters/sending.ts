// How a draft goes out. It is given to the outbox as it is shown, whole: from then on it goes once,
// whatever becomes of this page, and the form only shows how far it is.

import {computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef} from "vue";
import {useContext, useDesk} from "../app/context.ts";
import type {Interaction} from "../api/interaction.ts";
import type {Refusal} from "../api/outbox/entry.ts";
import {Refused, type NewerMessage} from "../api/trouble.ts";
import {leavingOf} from "../state/leaving.ts";
import {useTexts} from "../texts/in-vue.ts";
import {outboundOf, type Outbound} from "./outbound.ts";
import type {Saving} from "./saving.ts";
import {whyKeptBack} from "./why.ts";

/** `completes` ends what the letter answers once it is out. */
export type Then = "stays" | "completes";

export interface Sending {
    refusal: Ref<string>;
    /** What came after the letter that is answered, when the server named it. */
    newer: ShallowRef<NewerMessage | null>;
    /** Returns where it goes when it is sent: `null` until that is known. */
    outbound: Readonly<ShallowRef<Outbound | null>>;
    /** Whether it was let go: nothing that is written now would go with it. */
    isLeaving: ComputedRef<boolean>;
    /** Whether it waits for the connection, and can be taken back. */
    mayTakeBack: ComputedRef<boolean>;
    /** `how` is what the reader knows of newer letters. Resolves once it is kept. */
    send(how: Record<string, unknown>, then: Then): Promise<void>;
    takeBack(): void;
    discard(): Promise<void>;
    refuse(trouble: unknown): void;
}

export function useSending(draft: () => Interaction, saving: Saving): Sending {
    const {api, announcer, settings} = useContext();
    const {desk, state} = useDesk();
    const t = useTexts();
    const refusal = ref("");
    const newer = shallowRef<NewerMessage | null>(null);
    const outbound = shallowRef<Outbound | null>(null);
    const isOut = ref(false);
    const ask = async (): Promise<Outbound> => {
        outbound.value = await outboundOf(api, state.value.me);
        return outbound.value;
    };
    watch(() => state.value.connection.kind, () => {
        void ask().catch(() => {});
    }, {immediate: true});
    const leaving = computed(() => leavingOf(state.value, draft().id));

    const say = (text: string): void => {
        refusal.value = text;
        announcer.say("now", {text});
    };
    const sentenceOf = (trouble: unknown): string =>
        trouble instanceof Refused ? trouble.sentence : t.value.chat.noAnswer;
    /** It is said when it comes (gone-out.ts), also where no form is. */
    const keptBack = (key: string, why: Refusal): void => {
        refusal.value = whyKeptBack(why, t.value);
        newer.value = why.newer ?? null;
        saving.stay();
        void desk.outbox.remove(key);
    };
    const ended = (key: string): void => {
        isOut.value = state.value.wentOut[draft().id] === key;
        isOut.value ? saving.forget() : saving.stay();
    };

    watch(leaving, (now, before) => {
        if (now?.stage.kind === "refused") {
            keptBack(now.key, now.stage);
        } else if (now !== null) {
            saving.leave();
        } else if (before != null && before.stage.kind !== "refused") {
            ended(before.key);
        }
    }, {immediate: true});

    const send = async (how: Record<string, unknown>, then: Then): Promise<void> => {
        const {id, parentId} = draft();
        refusal.value = "";
        let by: Outbound;
        try {
            by = await ask();
        } catch {
            // Without its queue it could pass by whoever has to look at it first.
            say(t.value.chat.noAnswer);
            return;
        }
        if (saving.other.value !== null) {
            say(t.value.letters.chooseFirst);
            return;
        }
        const queue = by.queue === null ? {} : {queueName: by.queue};
        // What it answers would be over before the letter could be taken back.
        const delay = then === "stays" ? settings.chosen.undoSeconds : 0;
        const waits = delay > 0 ? {delay} : {};
        const fields = {...how, ...queue, ...waits, email: saving.leave()};
        const letter = {interactionId: id, operationName: "Send", fields, known: saving.known()};
        const completes = then === "completes" && parentId !== null && parentId in state.value.work
            ? {interactionId: parentId, operationName: "Complete", fields: {}}
            : undefined;
        try {
            await desk.keep(letter, completes);
        } catch {
            saving.stay();
            say(t.value.letters.notKept);
        }
    };

    const discard = async (): Promise<void> => {
        try {
            await desk.operate(draft().id, "Cancel");
            saving.forget();
        } catch (trouble) {
            say(sentenceOf(trouble));
        }
    };

    return {
        refusal, newer, outbound, send, discard,
        isLeaving: computed(() =>
            isOut.value || (leaving.value !== null && leaving.value.stage.kind !== "refused")),
        mayTakeBack: computed(() => {
            const stage = leaving.value?.stage;
            const isUntried = stage?.kind === "waiting" && stage.attempts === 0;
            return isUntried && state.value.connection.kind !== "live";
        }),
        takeBack: () => void desk.outbox.takeBack(leaving.value?.key ?? ""),
        refuse: (trouble) => say(sentenceOf(trouble)),
    };
}
