// What survives a reload of the page: who the customer is in which chat, and what is still to be sent. It lives as long as the tab.

import type {Pending} from "./conversation.ts";
import type {Credentials} from "./wire.ts";

/** What is kept. */
export interface Remembered {
    credentials: Credentials;
    nextPosition: number;
    pending: Pending[];
    isOpen: boolean;
}

/** Where it is kept. */
export interface Memory {
    load(): Remembered | undefined;
    save(remembered: Remembered): void;
    forget(): void;
}

/** Keeps it in the tab's storage; a page that has none (or forbids it) has a chat that ends with a reload. */
export function tabMemory(base: string, service: string): Memory {
    const key = `handoff-chat:${base}:${service}`;
    return {
        load() {
            try {
                return read(JSON.parse(sessionStorage.getItem(key) ?? "null"));
            } catch {
                return undefined;
            }
        },
        save(remembered) {
            try {
                sessionStorage.setItem(key, JSON.stringify(remembered));
            } catch {
                // Nothing to be done: the storage is full or switched off.
            }
        },
        forget() {
            try {
                sessionStorage.removeItem(key);
            } catch {
                // As above.
            }
        },
    };
}

/** The page's other scripts can write here too, so what is read back is checked. */
function read(value: Partial<Remembered> | null): Remembered | undefined {
    const credentials = value?.credentials;
    if (typeof credentials?.chatId !== "string" || typeof credentials.secureKey !== "string") {
        return undefined;
    }
    const pending = Array.isArray(value?.pending) ? value.pending : [];
    return {
        credentials: {
            chatId: credentials.chatId,
            secureKey: credentials.secureKey,
            userId: String(credentials.userId ?? ""),
            alias: String(credentials.alias ?? ""),
        },
        nextPosition: Number(value?.nextPosition) || 1,
        pending: pending.filter((one) => typeof one?.messageId === "string" && typeof one.text === "string"),
        isOpen: value?.isOpen === true,
    };
}
