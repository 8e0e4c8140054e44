// One thing that a dialog does: once at a time, and what stands against it is shown in the dialog.

import {ref, type Ref} from "vue";
import {useContext} from "../app/context.ts";
import {Refused} from "../api/trouble.ts";
import {useTexts} from "../texts/in-vue.ts";

export interface Deed {
    isUnderWay: Readonly<Ref<boolean>>;
    /** Why it was not done; empty until then. */
    trouble: Ref<string>;
    /** Returns whether it was done. */
    run(deed: () => Promise<unknown>): Promise<boolean>;
}

export function useDeed(): Deed {
    const {announcer} = useContext();
    const t = useTexts();
    const isUnderWay = ref(false);
    const trouble = ref("");
    return {
        isUnderWay,
        trouble,
        async run(deed) {
            if (isUnderWay.value) {
                return false;
            }
            isUnderWay.value = true;
            trouble.value = "";
            try {
                await deed();
            } catch (failed) {
                trouble.value = failed instanceof Refused ? failed.sentence : t.value.chat.noAnswer;
                announcer.say("now", {text: trouble.value});
            } finally {
                isUnderWay.value = false;
            }
            return trouble.value === "";
        },
    };
}
