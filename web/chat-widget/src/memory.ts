// What survives a reload of the page, and what the tabs of one visitor share: who the customer is in which chat, and what is still to be
// sent. A second, smaller memory is the tab's alone: whether the dialog is open, and what is half written.

import type {OperationData} from "./link.ts";
import type {Waiting} from "./conversation.ts";
import type {Credentials} from "./wire.ts";

/** What is kept of a chat; a chat that was asked for has no credentials yet. */
export interface Remembered {
    /** The request, while it is not answered: whoever repeats it gets the same chat. */
    request?: OperationData;
    credentials?: Credentials;
    /** What the customer wrote into the form. The server's transcript does not have it. */
    question: string;
    pending: Waiting[];
    /** Up to which line the customer has seen it, in whichever tab. */
    seen: number;
    /** The chat has ended and is kept to be read. */
    isOver: boolean;
}

/** Where it is kept. */
export interface Memory {
    load(): Remembered | undefined;
    save(remembered: Remembered): void;
    forget(): void;
}

/** What one tab keeps, by name. */
export interface TabMemory {
    load(name: string): unknown;
    save(name: string, value: unknown): void;
}

/** How long a chat is remembered after the last word about it, in ms: the server lets its customer read it for as long. */
export const KEPT_MS = 3_600_000;
/** And a request for one, which nobody waits for any more after so long. */
export const REQUEST_KEPT_MS = 120_000;

/** A storage that lives as long as the page: the one of pages that have no other, such as frames without an origin. */
class PageStorage implements Pick<Storage, "getItem" | "setItem" | "removeItem"> {
    readonly #items = new Map<string, string>();

    getItem(key: string): string | null {
        return this.#items.get(key) ?? null;
    }

    setItem(key: string, value: string): void {
        this.#items.set(key, value);
    }

    removeItem(key: string): void {
        this.#items.delete(key);
    }
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The first storage that takes something; merely naming one throws where it is forbidden. */
function firstThatWorks(...stores: (() => Store)[]): Store {
    for (const store of stores) {
        try {
            const probe = "handoff-chat-probe";
            store().setItem(probe, "1");
            store().removeItem(probe);
            return store();
        } catch {
            // The next one.
        }
    }
    return new PageStorage();
}

/** The memory that all tabs of a site share. `changed` is called when another tab wrote to it, until `signal` says otherwise. */
export function sharedMemory(base: string, service: string, now: () => number, changed: () => void, signal: AbortSignal): Memory {
    const key = `handoff-chat:${base}:${service}`;
    const store = firstThatWorks(() => localStorage, () => sessionStorage);
    // No key is all keys: somebody emptied the storage.
    window.addEventListener("storage", (event) => (event.key === key || event.key === null) && changed(), {signal});
    return {
        load() {
            try {
                return readRemembered(JSON.parse(store.getItem(key) ?? "null"), now());
            } catch {
                return undefined;
            }
        },
        save(remembered) {
            write(store, key, {...remembered, at: now()});
        },
        forget() {
            store.removeItem(key);
        },
    };
}

/** The memory of this tab. */
export function tabMemory(base: string, service: string): TabMemory {
    const key = (name: string) => `handoff-chat-tab:${base}:${service}:${name}`;
    const store = firstThatWorks(() => sessionStorage);
    return {
        load(name) {
            try {
                return JSON.parse(store.getItem(key(name)) ?? "null");
            } catch {
                return undefined;
            }
        },
        save(name, value) {
            write(store, key(name), value);
        },
    };
}

function write(store: Store, key: string, value: unknown): void {
    try {
        store.setItem(key, JSON.stringify(value));
    } catch {
        // Nothing to be done: the storage is full.
    }
}

/** The page's other scripts can write here too, so what is read back is checked; what is too old is gone. */
export function readRemembered(value: (Partial<Remembered> & {at?: unknown}) | null, now: number): Remembered | undefined {
    const credentials = readCredentials(value?.credentials);
    const request = readRequest(value?.request);
    const age = now - (Number(value?.at) || 0);
    if ((credentials === undefined && request === undefined) || age > (credentials === undefined ? REQUEST_KEPT_MS : KEPT_MS)) {
        return undefined;
    }
    return {
        ...(credentials === undefined ? {} : {credentials}),
        ...(request === undefined || credentials !== undefined ? {} : {request}),
        question: typeof value?.question === "string" ? value.question : "",
        pending: Array.isArray(value?.pending) ? value.pending.flatMap(readWaiting) : [],
        seen: Number(value?.seen) || 0,
        isOver: value?.isOver === true,
    };
}

function readCredentials(value: Partial<Credentials> | undefined): Credentials | undefined {
    if (typeof value?.chatId !== "string" || typeof value.secureKey !== "string") {
        return undefined;
    }
    return {
        chatId: value.chatId,
        secureKey: value.secureKey,
        userId: String(value.userId ?? ""),
        alias: String(value.alias ?? ""),
    };
}

function readRequest(value: unknown): OperationData | undefined {
    const isRequest = typeof value === "object" && value !== null && typeof (value as OperationData)["messageId"] === "string";
    return isRequest ? (value as OperationData) : undefined;
}

function readWaiting(value: Partial<Waiting> | null): Waiting[] {
    const {messageId, text, at} = value ?? {};
    return typeof messageId === "string" && typeof text === "string" ? [{messageId, text, at: Number(at) || 0}] : [];
}
