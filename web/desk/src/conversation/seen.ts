// How far each chat was seen on this page: what came after that is marked as new.

import {reactive} from "vue";

const seen = reactive(new Map<string, number>());

/** Returns the last line that was seen; `null` for a chat that was never open here. */
export function seenOf(interactionId: string): number | null {
    return seen.get(interactionId) ?? null;
}

export function markSeen(interactionId: string, index: number): void {
    seen.set(interactionId, Math.max(index, seen.get(interactionId) ?? 0));
}
