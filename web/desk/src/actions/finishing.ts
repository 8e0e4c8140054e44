// Does what may end a chat, once what was said in it is out. Without a connection that may be long:
// it is told, and can be called off until then.

import {computed, shallowRef, watch, type ComputedRef, type ShallowRef} from "vue";
import {Refused} from "../api/trouble.ts";
import type {Desk} from "../state/desk.ts";
import type {DeskState} from "../state/model.ts";
import {wordsOf} from "../state/words.ts";
import {useTexts} from "../texts/in-vue.ts";

export interface FinishingSurroundings {
    desk: Pick<Desk, "finish">;
    state: Readonly<ShallowRef<DeskState>>;
    /** Has it read out that something waits. */
    say(text: string): void;
}

export interface Finishing {
    /** That it waits for the connection; empty when it does not. */
    waits: ComputedRef<string>;
    /** Fails with why it was not done, or with `CalledOff`. */
    finish(id: string, operationName: string, fields: Record<string, unknown>): Promise<void>;
    /** Nothing is done any more that has not begun. */
    callOff(): void;
}

/** Somebody thought better of it before it was done. */
export class CalledOff extends Error {}

export function useFinishing({desk, state, say}: FinishingSurroundings): Finishing {
    const t = useTexts();
    const underWay = shallowRef<{id: string; control: AbortController} | null>(null);
    const waits = computed(() => {
        const {pending, connection} = state.value;
        const isWaiting = underWay.value !== null
            && connection.kind !== "live"
            && wordsOf(pending, underWay.value.id) === "onTheirWay";
        return isWaiting ? t.value.chat.waits : "";
    });
    watch(waits, (text) => text !== "" && say(text), {flush: "sync"});
    return {
        waits,
        async finish(id, operationName, fields) {
            const control = new AbortController();
            underWay.value = {id, control};
            try {
                if (!(await desk.finish(id, operationName, fields, control.signal))) {
                    throw new Refused(0, t.value.chat.wordsLeft);
                }
            } finally {
                underWay.value = null;
            }
        },
        callOff: () => underWay.value?.control.abort(new CalledOff()),
    };
}
