// What of a contact there is, and what becomes of it when it is erased.

import {contactOf, pathOf, type Contact} from "../api/contact.ts";
import {described, fields, instant, list, numberOrNull, text, texts} from "../api/fields.ts";
import type {Answer, Api} from "../api/http.ts";
import {Once} from "../api/once.ts";
import {Refused} from "../api/trouble.ts";
import type {AdminTexts} from "../texts/admin.ts";

export interface Erasure {
    state: "DryRun" | "Running" | "Finished";
    /** How much of each kind there is, or was erased, in the server's order. */
    counts: [kind: string, count: number][];
    /** Interactions that are not over and so in the way. */
    open: string[];
    /** When it was over, in ms since 1970. */
    finished: number | null;
    receipt: {text: string; signature: string; isValid: boolean | null} | null;
}

/** What is known of a contact, and of its erasure. */
export interface Erasable {
    /** `null` where nothing is known of them any more. */
    contact: Contact | null;
    /** What there is of them; `null` where there is nothing. */
    counted: Erasure | null;
    /** The last erasure; `null` where there was none. */
    erasure: Erasure | null;
}

/** The API's code for what is not there. */
const UNKNOWN = 6;
/** More are found by more letters. */
export const FOUND_MAX = 20;
/** As many characters as the server takes. */
const TYPED_MAX = 100;

type Requests = Pick<Api, "get" | "post">;

export async function contactsMatching(api: Requests, typed: string): Promise<Contact[]> {
    const search = encodeURIComponent(typed.trim().slice(0, TYPED_MAX));
    const answer = await api.get(`ucs/contacts?search=${search}&fields=*&limit=${FOUND_MAX}`);
    return list(answer["contacts"]).map((contact) => contactOf({contact}));
}

export class Eraser {
    readonly #api: Requests;
    readonly #once: Once;

    constructor(api: Requests, once: Once = new Once()) {
        this.#api = api;
        this.#once = once;
    }

    /** Reads all that a page about a contact shows; it changes nothing. */
    async read(id: string): Promise<Erasable> {
        const path = pathOf(id);
        const erase = {operationName: "Erase", dryRun: true};
        const [contact, counted, erasure] = await Promise.all([
            known(this.#api.get(path)),
            known(this.#api.post(path, erase)),
            this.progress(id),
        ]);
        return {
            contact: contact === null ? null : contactOf(contact),
            counted: counted === null ? null : erasureOf(counted),
            erasure,
        };
    }

    /** Returns how far the last erasure is; `null` where there was none. */
    async progress(id: string): Promise<Erasure | null> {
        const answer = await known(this.#api.get(`${pathOf(id)}/erasure`));
        return answer === null ? null : erasureOf(answer);
    }

    /** Begins to erase; it goes on whether the answer comes or not. */
    async erase(id: string): Promise<Erasure> {
        const path = pathOf(id);
        const answer = await this.#once.send(path, (key) =>
            this.#api.post(path, {operationName: "Erase"}, {key}));
        return erasureOf(answer);
    }
}

/** Returns what a kind that is counted is called; one that a newer server has by its name there. */
export function countName(kind: string, own: AdminTexts): string {
    const names: Record<string, string> = {
        contacts: own.countContacts, interactions: own.countInteractions,
        messages: own.countMessages, historyEntries: own.countHistoryEntries,
        logEntries: own.countLogEntries, streamRows: own.countStreamRows, files: own.countFiles,
        fileBytes: own.countFileBytes, receipts: own.countReceipts, chatMarks: own.countChatMarks,
    };
    return names[kind] ?? kind;
}

/** Returns an answer, and `null` for what is not there. */
async function known(asked: Promise<Answer>): Promise<Answer | null> {
    try {
        return await asked;
    } catch (trouble) {
        if (trouble instanceof Refused && trouble.code === UNKNOWN) {
            return null;
        }
        throw trouble;
    }
}

function erasureOf(answer: Answer): Erasure {
    const it = described<"Erasure">(answer["erasure"]);
    const receipt = described<"ErasureReceipt">(it["receipt"]);
    const isOver = it["state"] === "Finished";
    return {
        state: it["state"] === "DryRun" ? "DryRun" : isOver ? "Finished" : "Running",
        counts: Object.entries(fields(it["counts"]))
            .map(([kind, count]): [string, number] => [kind, numberOrNull(count) ?? 0]),
        open: texts(it["open"]),
        finished: instant(it["finished"]),
        receipt: it["receipt"] === undefined ? null : {
            text: text(receipt["text"]),
            signature: text(receipt["signature"]),
            isValid: typeof receipt["valid"] === "boolean" ? receipt["valid"] : null,
        },
    };
}
