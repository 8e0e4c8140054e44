// Tells the server that one looks at an interaction, and how far one has read it.

import {onScopeDispose, watch} from "vue";
import {useDesk} from "../app/context.ts";
import type {Interaction} from "../api/interaction.ts";
import {seenOf} from "./seen.ts";

/** How often it is said again, in ms; the server forgets it after a minute. */
const AGAIN_MS = 25_000;
/** How long lines are gathered before they count as read, in ms. */
const GATHER_MS = 1_500;

export function useLook(interaction: () => Pick<Interaction, "id">): void {
    const {desk, state} = useDesk();
    const {id} = interaction();
    let isTold = false;
    let gathering: ReturnType<typeof setTimeout> | undefined;

    /** What was read here counts once it is known how far one had read elsewhere. */
    function readIndex(): number | null {
        const isChat = state.value.marks[id] !== undefined;
        return isChat ? seenOf(id) : null;
    }

    function isLooking(): boolean {
        return document.visibilityState === "visible" && state.value.connection.kind === "live";
    }

    function look(): void {
        clearTimeout(gathering);
        gathering = undefined;
        if (isLooking()) {
            isTold = true;
            desk.look(id, readIndex());
        }
    }

    function lookAway(): void {
        clearTimeout(gathering);
        gathering = undefined;
        if (isTold) {
            isTold = false;
            desk.lookAway(id);
        }
    }

    function turned(): void {
        document.visibilityState === "visible" ? look() : lookAway();
    }

    watch(() => state.value.connection.kind, look, {immediate: true});
    watch(readIndex, () => {
        gathering ??= setTimeout(look, GATHER_MS);
    });
    const again = setInterval(look, AGAIN_MS);
    document.addEventListener("visibilitychange", turned);
    addEventListener("pagehide", lookAway);
    onScopeDispose(() => {
        clearInterval(again);
        document.removeEventListener("visibilitychange", turned);
        removeEventListener("pagehide", lookAway);
        lookAway();
    });
}
