// Search of all work that one may see: what is asked for, as the address has it, and what the
// server answers.

import {fields, list, text, textOrNull} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import {readInteraction, type Interaction} from "../api/interaction.ts";

/** What is searched besides what is open, one's own and of the last weeks. */
export const WIDER = ["finished", "people", "time"] as const;

export type Wider = (typeof WIDER)[number];

export interface Asked {
    words: string;
    wider: readonly Wider[];
}

/** Words that the server found, and where in them. */
export interface Highlight {
    /** Of the interaction, as the server calls it. */
    field: string;
    pieces: Piece[];
}

export interface Piece {
    text: string;
    isFound: boolean;
}

export interface Hit {
    interaction: Interaction;
    highlights: Highlight[];
}

export interface Page {
    hits: Hit[];
    /** Where more begins; `null` at the end. */
    next: string | null;
    /** Whether what happened last may not be found yet. */
    isBehind: boolean;
}

/** As much as the server takes. */
export const TYPED_MAX = 200;
/** How old what is not of all time may be, in ms. */
export const RECENT_MS = 30 * 24 * 3_600_000;
/** Rows that are read at once. */
const PAGE = 25;
/** How many pages without a row are read before whoever searches is asked. */
const EMPTY_PAGES_MAX = 5;
/** What a row is made of; the rest is read once it is opened. */
const FIELDS = "id,channel,state,direction,subject,receivedDate,contactId,currentQueue,from,to,"
    + "participants,userData,highlights";
/** States of what nobody has to do anything about any more. */
const FINISHED: readonly string[] = ["Completed", "Canceled", "Sent"];

/** Whether an interaction is finished, so that it can only be read. */
export function isFinished({state}: Pick<Interaction, "state">): boolean {
    return FINISHED.includes(state);
}

/** Returns what an address asks for. */
export function askedOf(query: Record<string, unknown>): Asked {
    const wider = text(query["in"]).split(",");
    return {words: text(query["q"]), wider: WIDER.filter((one) => wider.includes(one))};
}

/** Returns the query of the address that asks for something. */
export function queryOf({words, wider}: Asked): Record<string, string> {
    return {
        ...(words === "" ? {} : {q: words}),
        ...(wider.length === 0 ? {} : {in: WIDER.filter((one) => wider.includes(one)).join(",")}),
    };
}

export function isSame(one: Asked, other: Asked): boolean {
    return JSON.stringify(queryOf(one)) === JSON.stringify(queryOf(other));
}

/** Reads on from a place what has all words; a page may be without a row though there are more. */
export async function findWork(
    api: Pick<Api, "get">,
    asked: Asked,
    {readerId, now, cursor, signal}: {
        readerId: string; now: number; cursor: string | null; signal: AbortSignal;
    },
): Promise<Page> {
    const has = (one: Wider): boolean => asked.wider.includes(one);
    const query = new URLSearchParams({
        search: asked.words.slice(0, TYPED_MAX), fields: FIELDS, limit: String(PAGE),
        ...(has("people") ? {} : {assignedTo: readerId}),
        ...(has("time") ? {} : {from: new Date(now - RECENT_MS).toISOString()}),
    });
    let next = cursor;
    for (let pages = 1; ; pages += 1) {
        if (next !== null) {
            query.set("cursor", next);
        }
        const answer = await api.get(`interactions?${query}`, {signal});
        const hits = list(answer["interactions"]).flatMap(hitOf)
            // The server tells one end from another, and not what is open from what is over.
            .filter(({interaction}) => has("finished") || !isFinished(interaction));
        next = textOrNull(answer["nextCursor"]);
        if (hits.length > 0 || next === null || pages === EMPTY_PAGES_MAX) {
            return {hits, next, isBehind: answer["behind"] === true};
        }
    }
}

function hitOf(value: unknown): Hit[] {
    const interaction = readInteraction(value);
    const highlights = list(fields(value)["highlights"]).map(fields).map((it): Highlight => ({
        field: text(it["field"]),
        pieces: piecesOf(text(it["text"]), list(it["ranges"])),
    }));
    return interaction === null
        ? []
        : [{interaction, highlights: highlights.filter(({pieces}) => pieces.length > 0)}];
}

/**
 * Returns a text in pieces, those that were found among them. Ranges count UTF-16 units; what lies
 * outside of the text, or over one before, is left out.
 */
export function piecesOf(whole: string, ranges: readonly unknown[]): Piece[] {
    const pieces: Piece[] = [];
    let at = 0;
    const take = (to: number, isFound: boolean): void => {
        if (to > at) {
            pieces.push({text: whole.slice(at, to), isFound});
            at = to;
        }
    };
    for (const range of ranges) {
        const [from, to] = list(range);
        if (Number.isInteger(from) && Number.isInteger(to)) {
            take(Math.min(Number(from), whole.length), false);
            take(Math.min(Number(to), whole.length), true);
        }
    }
    take(whole.length, false);
    return pieces;
}
