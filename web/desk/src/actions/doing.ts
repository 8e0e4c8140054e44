// Does what is chosen for the interaction that is open: at once, or by a dialog. Words that stand in
// its composer are asked about before they would be left behind.

import {computed, ref, watch, type ComputedRef, type Ref, type WritableComputedRef} from "vue";
import {useRouter} from "vue-router";
import {useContext, useDesk} from "../app/context.ts";
import {MINE} from "../app/addresses.ts";
import type {Interaction} from "../api/interaction.ts";
import {Refused} from "../api/trouble.ts";
import {isOutcomeMissing} from "../details/offered.ts";
import {want} from "../details/wanted.ts";
import type {Composer} from "../conversation/writing.ts";
import {useTexts} from "../texts/in-vue.ts";
import type {DialogName} from "./dialogs.ts";
import {CalledOff, useFinishing} from "./finishing.ts";
import {useLetters} from "./new-letter.ts";
import {actionsOf, hasOpenDraft, workbinOf, type ActionName} from "./offered.ts";
import {wish} from "./wish.ts";

export interface Doing {
    actions: ComputedRef<ActionName[]>;
    /** The dialog that is open. */
    dialog: Ref<DialogName | null>;
    /** Why the last was not done; empty until then. */
    refusal: Ref<string>;
    /** That what was pressed waits for the connection; empty when nothing does. */
    waits: ComputedRef<string>;
    /** Does not do any more what waits. */
    callOff(): void;
    /** Whether somebody is asked about words that were not sent. */
    isAsking: WritableComputedRef<boolean>;
    answer(words: Words): void;
    run(name: ActionName): void;
    /** Sends what stands in the composer, and completes. */
    sendAndComplete(): boolean;
}

/** What becomes of words that stand in the composer. */
export type Words = "sends" | "without";

type Deed = () => Promise<string>;

/** The API's code of what the state does not allow. */
const NOT_NOW = 2;

export function useDoing(
    interaction: () => Interaction,
    composer: () => Composer | null,
): Doing {
    const {announcer, api, base} = useContext();
    const {desk, state} = useDesk();
    const t = useTexts();
    const letters = useLetters();
    const router = useRouter();
    const dialog = ref<DialogName | null>(null);
    const refusal = ref("");
    const asked = ref<Deed | null>(null);
    let isBusy = false;
    const say = (text: string): void => announcer.say("polite", {text});
    const finishing = useFinishing({desk, state, say});
    const actions = computed(() => actionsOf(state.value, interaction()));

    /** Does it once what was said is out; what stands against it is shown until the next try. */
    async function finish(deed: Deed, words: Words): Promise<void> {
        if (isBusy) {
            if (finishing.waits.value !== "") {
                // What is pressed meanwhile is not done, and not silently.
                say(finishing.waits.value);
            }
            return;
        }
        isBusy = true;
        refusal.value = "";
        const {epoch} = interaction();
        try {
            const writing = composer();
            const isEmpty = words === "without" || writing === null || await writing.send();
            refusal.value = isEmpty ? await deed() : t.value.chat.wordsLeft;
        } catch (trouble) {
            refusal.value = whyNot(trouble, epoch);
        } finally {
            isBusy = false;
        }
        if (refusal.value !== "") {
            announcer.say("now", {text: refusal.value});
        }
    }

    /** The server's sentence; that somebody else was faster, it says by numbers. */
    function whyNot(trouble: unknown, epoch: number): string {
        if (trouble instanceof CalledOff) {
            return "";
        }
        if (!(trouble instanceof Refused)) {
            return t.value.chat.noAnswer;
        }
        const isOther = trouble.code === NOT_NOW && interaction().epoch !== epoch;
        return isOther ? t.value.chat.sameMoment : trouble.sentence;
    }

    /** Does something, unless words stand in the composer: then it asks about them. */
    function minding(deed: Deed): void {
        if (composer()?.hasWords() === true) {
            asked.value = deed;
        } else {
            void finish(deed, "without");
        }
    }

    const ending = (operation: string, fields: Record<string, unknown> = {}): Deed => async () => {
        const {id, epoch} = interaction();
        await finishing.finish(id, operation, {...fields, epoch});
        return "";
    };
    /** Where only the outcome is missing, it is asked for. */
    const complete: Deed = async () => {
        try {
            return await ending("Complete")();
        } catch (trouble) {
            const isMissing = trouble instanceof Refused && trouble.code === NOT_NOW
                && await isOutcomeMissing(api, interaction()).catch(() => false);
            if (!isMissing) {
                throw trouble;
            }
            want("outcome");
            return t.value.details.outcomeNeeded;
        }
    };
    const opening = (name: DialogName): Deed => async () => {
        dialog.value = name;
        return "";
    };

    async function take(): Promise<string> {
        const {id} = interaction();
        const workbin = workbinOf(state.value, id);
        if (workbin !== null) {
            await desk.take(workbin, id);
            await desk.isHere(id);
            await router.push(`${MINE}/${id}`);
        }
        return "";
    }

    async function copyLink(): Promise<string> {
        const {id} = interaction();
        const address = new URL(`desk/mine/${id}`, base).href;
        try {
            await navigator.clipboard.writeText(address);
        } catch {
            return t.value.actions.notCopied;
        }
        announcer.say("polite", {text: t.value.actions.copied});
        return "";
    }

    async function print(): Promise<string> {
        window.print();
        return "";
    }

    const writeLetter: Deed = async () => {
        await letters.afterChat(interaction());
        return "";
    };
    const split: Deed = async () => {
        await desk.operate(interaction().id, "SplitFromThread");
        return "";
    };
    const deeds: Record<ActionName, () => void> = {
        transfer: () => minding(opening("transfer")),
        invite: () => void finish(opening("invite"), "without"),
        consult: () => void finish(opening("consult"), "without"),
        park: () => minding(opening("park")),
        take: () => void finish(take, "without"),
        toQueue: () => minding(ending("PlaceInQueue", {queueName: interaction().currentQueue})),
        writeLetter: () => void finish(writeLetter, "without"),
        split: () => void finish(split, "without"),
        join: () => void finish(opening("join"), "without"),
        print: () => void finish(print, "without"),
        copyLink: () => void finish(copyLink, "without"),
        endChat: () => minding(ending("EndChatSession")),
        leave: () => minding(ending("Leave")),
        complete: () => {
            if (!hasOpenDraft(state.value, interaction())) {
                minding(complete);
            }
        },
    };

    watch(wish, (wanted) => {
        const {id} = interaction();
        if (wanted?.id === id) {
            wish.value = null;
            if (actions.value.includes(wanted.name)) {
                deeds[wanted.name]();
            }
        }
    }, {immediate: true});

    return {
        actions,
        dialog,
        refusal,
        waits: finishing.waits,
        callOff: finishing.callOff,
        isAsking: computed({
            get: () => asked.value !== null,
            set: () => {
                asked.value = null;
            },
        }),
        answer(words) {
            const deed = asked.value;
            asked.value = null;
            if (deed !== null) {
                void finish(deed, words);
            }
        },
        run(name) {
            deeds[name]();
        },
        sendAndComplete() {
            const may = actions.value.includes("complete")
                && !hasOpenDraft(state.value, interaction());
            if (may) {
                void finish(complete, "sends");
            }
            return may;
        },
    };
}
