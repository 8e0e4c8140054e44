// The letters that belong together: read when one of them is opened, and again when one that is
// one's own changes.

import {onScopeDispose, shallowRef, watch, type ShallowRef} from "vue";
import {useContext, useDesk} from "../app/context.ts";
import {readInteractions, type Interaction} from "../api/interaction.ts";
import type {DeskState} from "../state/model.ts";

/** So many letters are shown of a thread; the API gives no more at once either. */
const LETTERS_MAX = 100;

/**
 * How often it is read again, in ms: that the customer wrote again is told to whoever gets the
 * letter, who may be a colleague.
 */
const AGAIN_MS = 20_000;

/** A draft is no letter yet; an answer that waits for a reviewer is one's own no more. */
const NO_LETTER = ["Composing", "Canceled"];

/** Returns the letters of a thread, the oldest first. */
export function useThread(of: () => Interaction): Readonly<ShallowRef<Interaction[]>> {
    const {api} = useContext();
    const {state} = useDesk();
    const letters = shallowRef<Interaction[]>([of()].filter(isLetter));
    let isOver = false;

    const read = async (): Promise<void> => {
        const {id} = of();
        // Without an answer what is known stays; the next change asks again.
        const answer = await api
            .get(`interactions/${id}/thread?fields=*&limit=${LETTERS_MAX}`)
            .catch(() => null);
        if (answer !== null && !isOver && of().id === id) {
            letters.value = readInteractions(answer["interactions"])
                .filter(isLetter)
                .sort((a, b) => a.receivedAt - b.receivedAt || a.id.localeCompare(b.id));
        }
    };
    watch(() => signature(state.value, of()), () => void read(), {immediate: true});
    const again = setInterval(() => {
        if (document.visibilityState === "visible" && state.value.connection.kind === "live") {
            void read();
        }
    }, AGAIN_MS);
    onScopeDispose(() => {
        clearInterval(again);
        isOver = true;
    });
    return letters;
}

function isLetter({letter, state}: Interaction): boolean {
    return letter !== null && !NO_LETTER.includes(state);
}

/** What of one's own work belongs to the thread, and how it stands. */
function signature({work, lastRead}: DeskState, {id, letter}: Interaction): string {
    const own = Object.values(work)
        .filter((one) => one.letter !== null && one.letter.threadId === letter?.threadId)
        .map((one) => `${one.id} ${one.state}`);
    return [id, lastRead, ...own].join();
}
