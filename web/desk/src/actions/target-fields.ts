// How a request names whom something is handed to.

import type {Target} from "../api/targets.ts";

/** A note to a colleague, in characters; the server takes no longer one. */
export const NOTE_MAX = 1_000;

/** Returns the fields of a request; a queue reads no note. */
export function targetFields(target: Target, note: string): Record<string, string> {
    if (target.kind === "Queue") {
        return {queueName: target.name};
    }
    const words = note.trim();
    return {userId: target.person.id, ...(words === "" ? {} : {note: words})};
}
