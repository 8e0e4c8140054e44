// What is half written: kept in this browser with every key, so that a reload or a kill loses
// nothing.

import {fields, texts} from "../api/fields.ts";
import {readDraft, type ChatDraft} from "../api/interaction.ts";
import type {Known} from "../letters/told.ts";

/** What stands in a composer. */
export interface Draft {
    text: string;
    visibility: "All" | "Agents";
    /** Of a letter, what there is beside its text. */
    head?: Head;
    /** Of a chat, what the server had of it when this was kept. */
    onServer?: ChatDraft;
}

export interface Head {
    to: string[];
    cc: string[];
    bcc: string[];
    subject: string;
    html: string;
    /** Whether it still quotes what the server has below it. */
    isQuoting: boolean;
    /** What the server had of it when this was kept. */
    known?: Known;
}

/** A draft, and what it was written in. */
export type KeptDraft = Draft & {interactionId: string};

const KEPT_AS = "handoff-desk-draft";
const EMPTY: Draft = {text: "", visibility: "All"};

export class DraftKeeper {
    readonly #storage: Storage | null;
    readonly #userId: string;
    /** For browsers that keep nothing, as long as the page lives. */
    readonly #here = new Map<string, Draft>();

    constructor(storage: Storage | null, userId: string) {
        this.#storage = storage;
        this.#userId = userId;
    }

    load(interactionId: string): Draft {
        const here = this.#here.get(interactionId);
        return here ?? this.#read(interactionId);
    }

    #read(interactionId: string): Draft {
        try {
            const name = this.#name(interactionId);
            const kept: unknown = JSON.parse(this.#storage?.getItem(name) ?? "");
            const draft = readDraft(kept);
            const {head, onServer} = kept as Partial<Draft>;
            const known = readDraft(onServer);
            return draft === null
                ? EMPTY
                : {...draft, ...headOf(head), ...(known === null ? {} : {onServer: known})};
        } catch {
            return EMPTY;
        }
    }

    save(interactionId: string, draft: Draft): void {
        this.#here.set(interactionId, draft);
        try {
            const name = this.#name(interactionId);
            // Of an emptied box is kept what the server has still: it is not to come back.
            const isEmpty = draft.text === "" && (draft.onServer?.text ?? "") === "";
            if (isEmpty && draft.head === undefined) {
                this.#storage?.removeItem(name);
            } else {
                this.#storage?.setItem(name, JSON.stringify(draft));
            }
        } catch {
            // Nothing to be done: the storage is full.
        }
    }

    forget(interactionId: string): void {
        this.save(interactionId, EMPTY);
    }

    /** Returns all that is kept. */
    all(): KeptDraft[] {
        const prefix = this.#name("");
        return Object.keys(this.#storage ?? {})
            .filter((name) => name.startsWith(prefix))
            .map((name) => name.slice(prefix.length))
            .map((interactionId) => ({interactionId, ...this.#read(interactionId)}));
    }

    #name(interactionId: string): string {
        return `${KEPT_AS}:${this.#userId}:${interactionId}`;
    }
}

function headOf(kept: unknown): {head?: Head} {
    const it = fields(kept);
    const {subject, html} = it;
    return typeof subject === "string" && typeof html === "string"
        ? {
              head: {
                  to: texts(it["to"]),
                  cc: texts(it["cc"]),
                  bcc: texts(it["bcc"]),
                  subject,
                  html,
                  isQuoting: it["isQuoting"] === true,
                  ...knownOf(it["known"]),
              },
          }
        : {};
}

function knownOf(kept: unknown): {known?: Known} {
    const {told, sent} = fields(kept);
    return typeof told === "string" ? {known: {told, sent: texts(sent)}} : {};
}
