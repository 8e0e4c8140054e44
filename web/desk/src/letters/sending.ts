// How a draft goes out: what must be so before it may, what the server says, and what follows.

import {ref, shallowRef, type Ref, type ShallowRef} from "vue";
import {useContext, useDesk} from "../app/context.ts";
import type {Interaction} from "../api/interaction.ts";
import {Refused, type NewerMessage} from "../api/trouble.ts";
import {useTexts} from "../texts/in-vue.ts";
import {outboundOf, type Outbound} from "./outbound.ts";
import type {Saving} from "./saving.ts";

/** `completes` ends what the letter answers once it is out. */
export type Then = "stays" | "completes";

export interface Sending {
    refusal: Ref<string>;
    /** What came after the letter that is answered, when the server named it. */
    newer: ShallowRef<NewerMessage | null>;
    /** Returns where it goes when it is sent: `null` until that is known. */
    outbound: Readonly<ShallowRef<Outbound | null>>;
    /** Returns whether it is out. `how` is what the reader knows of newer letters. */
    send(how: Record<string, unknown>, then: Then): Promise<boolean>;
    discard(): Promise<void>;
    refuse(trouble: unknown): void;
}

export function useSending(draft: () => Interaction, saving: Saving): Sending {
    const {api, announcer} = useContext();
    const {desk, state} = useDesk();
    const t = useTexts();
    const refusal = ref("");
    const newer = shallowRef<NewerMessage | null>(null);
    const outbound = shallowRef<Outbound | null>(null);
    const asked = outboundOf(api, state.value.me).catch(() => null);
    void asked.then((known) => {
        outbound.value = known;
    });

    const say = (text: string): void => {
        refusal.value = text;
        announcer.say("now", {text});
    };
    const sentenceOf = (trouble: unknown): string =>
        trouble instanceof Refused ? trouble.sentence : t.value.chat.noAnswer;
    const complete = async (id: string): Promise<void> => {
        try {
            await desk.operate(id, "Complete");
        } catch (trouble) {
            say(`${t.value.letters.sentElsewhere} ${sentenceOf(trouble)}`);
        }
    };

    const send = async (how: Record<string, unknown>, then: Then): Promise<boolean> => {
        const {id, parentId} = draft();
        refusal.value = "";
        try {
            const by = await asked;
            await saving.saveShown();
            if (saving.other.value !== null) {
                say(t.value.letters.chooseFirst);
                return false;
            }
            const queue = by === null || by.queue === null ? {} : {queueName: by.queue};
            await desk.operate(id, "Send", {...how, ...queue});
            saving.forget();
            announcer.say("polite", {
                text: by?.review == null ? t.value.chat.sent : t.value.letters.reviewed(by.review),
            });
        } catch (trouble) {
            newer.value = trouble instanceof Refused ? (trouble.newer ?? null) : null;
            say(sentenceOf(trouble));
            return false;
        }
        if (then === "completes" && parentId !== null && parentId in state.value.work) {
            await complete(parentId);
        }
        return true;
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
        refuse: (trouble) => say(sentenceOf(trouble)),
    };
}
