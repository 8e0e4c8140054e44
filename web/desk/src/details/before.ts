// What was exchanged with a contact before, the newest first.

import type {Api} from "../api/http.ts";
import {text} from "../api/fields.ts";
import {readInteractions, type Interaction} from "../api/interaction.ts";

/** So many are shown at first. */
export const SHOWN = 10;
/** So many are read at once: enough to say how many there are, of most contacts. */
const PAGE = 100;
/** What a row is made of; the rest is read once it is opened. */
const FIELDS = "id,channel,state,subject,receivedDate,threadId";

export interface Page {
    rows: Interaction[];
    /** Where more begins; empty at the end. */
    next: string;
}

/** Drafts are no contacts, and what is open is not before. */
const NOT_BEFORE = ["Composing", "Canceled"];

export async function readBefore(api: Api, contactId: string, cursor: string): Promise<Page> {
    const from = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const id = encodeURIComponent(contactId);
    const answer = await api.get(`contacts/${id}/interactions?fields=${FIELDS}&limit=${PAGE}${from}`);
    const rows = readInteractions(answer["interactions"])
        .filter(({state}) => !NOT_BEFORE.includes(state));
    return {rows, next: text(answer["nextCursor"])};
}

/** Returns those that are not what is open, each once. */
export function othersOf(rows: Interaction[], {id, letter}: Interaction): Interaction[] {
    const seen = new Set([id]);
    return rows.filter((one) => {
        const isOther = !seen.has(one.id)
            && (letter === null || one.letter?.threadId !== letter.threadId);
        seen.add(one.id);
        return isOther;
    });
}
