// For how long one wants to hear of messages no more. Offers are always heard: one must not miss them.

import {ref} from "vue";

/** Whether this tab is the one that is heard. */
export const isHeardHere = ref(true);

/** Until when, in ms since 1970 by this computer's clock; or until one is Not ready. */
export type Quiet = number | "notReady" | null;

const quiet = ref<Quiet>(null);

export const QUIET_MS = 30 * 60_000;

export function beQuiet(until: Quiet): void {
    quiet.value = until;
}

/** Returns until when it is quiet; `null` when it is not. */
export function quietUntil(now: number, isReady: boolean): Quiet {
    const until = quiet.value;
    const isOver = until === "notReady" ? !isReady : until !== null && now >= until;
    return isOver ? null : until;
}
