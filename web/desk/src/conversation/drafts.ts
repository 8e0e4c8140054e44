// What is half written: kept in this browser with every key, so that a reload or a kill loses
// nothing.

import {fields, list, texts} from "../api/fields.ts";
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
    /** Of a chat, what was on its way to the server then. */
    onWay?: ChatDraft;
    /** Of a chat, what the outbox knows these words by once it has them. */
    name?: string;
    /** Of a chat, what was given to the outbox, which has not said yet that it keeps them. */
    leaving?: Leaving[];
}

export interface Leaving {
    name: string;
    text: string;
    visibility: "All" | "Agents";
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
            const {head, onServer, onWay, name: words, leaving} = kept as Partial<Draft>;
            const known = readDraft(onServer);
            const unanswered = readDraft(onWay);
            return draft === null
                ? EMPTY
                : {
                      ...draft,
                      ...headOf(head),
                      ...(known === null ? {} : {onServer: known}),
                      ...(unanswered === null ? {} : {onWay: unanswered}),
                      ...(typeof words === "string" ? {name: words} : {}),
                      ...leavingOf(leaving),
                  };
        } catch {
            return EMPTY;
        }
    }

    save(interactionId: string, draft: Draft): void {
        this.#here.set(interactionId, draft);
        try {
            const name = this.#name(interactionId);
            // Of an emptied box is kept what the server has still: it is not to come back.
            const {text, onServer, onWay, leaving, head} = draft;
            const words = text + (onServer?.text ?? "") + (onWay?.text ?? "");
            if (words === "" && leaving === undefined && head === undefined) {
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

    /**
     * Drops what the outbox has, by its names: a page that ended between the two kept it twice.
     * What it does not have stands in the box again.
     */
    settle(taken: Set<string>): void {
        for (const {interactionId, name = "", leaving = [], ...kept} of this.all()) {
            const words = taken.has(name) ? [] : [kept];
            const left = leaving.filter((one) => !taken.has(one.name));
            if (words.length === 0 || leaving.length > 0) {
                this.save(interactionId, {...kept, ...together([...left, ...words])});
            }
        }
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

/** Returns words as they stand in one box: with a note among them, they are one. */
export function together(parts: ChatDraft[]): ChatDraft {
    const isNote = parts.some(({visibility}) => visibility === "Agents");
    const text = parts.map((part) => part.text).filter((text) => text.trim() !== "").join("\n");
    return {text, visibility: isNote ? "Agents" : "All"};
}

function leavingOf(kept: unknown): {leaving?: Leaving[]} {
    const leaving = list(kept).flatMap((one) => {
        const draft = readDraft(one);
        const {name} = fields(one);
        return draft === null || typeof name !== "string" ? [] : [{...draft, name}];
    });
    return leaving.length === 0 ? {} : {leaving};
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
