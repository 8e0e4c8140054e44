// What is half written in chats: kept in this browser with every key, so that a reload or a kill
// loses nothing.

/** What stands in a composer. */
export interface Draft {
    text: string;
    visibility: "All" | "Agents";
}

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
        if (here !== undefined) {
            return here;
        }
        try {
            const name = this.#name(interactionId);
            const kept: unknown = JSON.parse(this.#storage?.getItem(name) ?? "");
            const {text, visibility} = kept as Partial<Draft>;
            return typeof text === "string"
                ? {text, visibility: visibility === "Agents" ? "Agents" : "All"}
                : EMPTY;
        } catch {
            return EMPTY;
        }
    }

    save(interactionId: string, draft: Draft): void {
        this.#here.set(interactionId, draft);
        try {
            const name = this.#name(interactionId);
            if (draft.text === "") {
                this.#storage?.removeItem(name);
            } else {
                this.#storage?.setItem(name, JSON.stringify(draft));
            }
        } catch {
            // Nothing to be done: the storage is full.
        }
    }

    /** Forgets what was written in anything but these. */
    keepOnly(interactionIds: Set<string>): void {
        const prefix = this.#name("");
        const names = Object.keys(this.#storage ?? {}).filter((name) => name.startsWith(prefix));
        for (const name of names) {
            if (!interactionIds.has(name.slice(prefix.length))) {
                this.#storage?.removeItem(name);
            }
        }
    }

    #name(interactionId: string): string {
        return `${KEPT_AS}:${this.#userId}:${interactionId}`;
    }
}
