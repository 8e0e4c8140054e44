// One thing that a dialog does: once at a time, and what stands against it is shown in the dialog.

import {ref, type ComputedRef, type Ref} from "vue";
import {useContext, useDesk} from "../app/context.ts";
import {Refused} from "../api/trouble.ts";
import {useTexts} from "../texts/in-vue.ts";
import {CalledOff, useFinishing, type Finishing} from "./finishing.ts";

export interface Deed {
    isUnderWay: Readonly<Ref<boolean>>;
    /** Why it was not done; empty until then. */
    trouble: Ref<string>;
    /** Returns whether it was done. */
    run(deed: () => Promise<unknown>): Promise<boolean>;
    /** Does what may end a chat, once what was said in it is out; returns whether it was done. */
    finish(...what: Parameters<Finishing["finish"]>): Promise<boolean>;
    /** That it waits for the connection; empty when it does not. */
    waits: ComputedRef<string>;
    /** Does not do it any more, unless it has begun. */
    callOff(): void;
}

export function useDeed(): Deed {
    const {announcer} = useContext();
    const t = useTexts();
    const isUnderWay = ref(false);
    const trouble = ref("");
    const {desk, state} = useDesk();
    const say = (text: string): void => announcer.say("polite", {text});
    const {finish, waits, callOff} = useFinishing({desk, state, say});

    async function run(deed: () => Promise<unknown>): Promise<boolean> {
        if (isUnderWay.value) {
            return false;
        }
        isUnderWay.value = true;
        trouble.value = "";
        try {
            await deed();
            return true;
        } catch (failed) {
            if (!(failed instanceof CalledOff)) {
                trouble.value = failed instanceof Refused ? failed.sentence : t.value.chat.noAnswer;
                announcer.say("now", {text: trouble.value});
            }
            return false;
        } finally {
            isUnderWay.value = false;
        }
    }

    return {
        isUnderWay, trouble, waits, run, callOff,
        finish: (...what) => run(() => finish(...what)),
    };
}
