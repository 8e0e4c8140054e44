// Something that is done from the details: one at a time, with the server's refusal beside it.

import {ref, type Ref} from "vue";
import {useContext} from "../app/context.ts";
import {Refused} from "../api/trouble.ts";
import {useTexts} from "../texts/in-vue.ts";

export interface Doing {
    isBusy: Readonly<Ref<boolean>>;
    refusal: Ref<string>;
    /** Does it; returns whether it is done. */
    run(deed: () => Promise<unknown>): Promise<boolean>;
}

export function useDeed(): Doing {
    const {announcer} = useContext();
    const t = useTexts();
    const isBusy = ref(false);
    const refusal = ref("");
    return {
        isBusy,
        refusal,
        async run(deed) {
            if (isBusy.value) {
                return false;
            }
            isBusy.value = true;
            refusal.value = "";
            try {
                await deed();
                return true;
            } catch (trouble) {
                refusal.value =
                    trouble instanceof Refused ? trouble.sentence : t.value.chat.noAnswer;
                announcer.say("now", {text: refusal.value});
                return false;
            } finally {
                isBusy.value = false;
            }
        },
    };
}
