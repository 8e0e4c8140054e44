// What is half written outlives a kill of the browser.
//
// Chromium brings its local storage to the disk some seconds later: what was typed meanwhile would be
// gone with the process. So each change of a draft also goes into the browser's database, whose
// writes outlive the process at once, and what is newer there comes back before the desk begins.
// Reading stays with the local storage, which all tabs see alike and without waiting.

/** What of the storage is kept so; the rest may be some seconds old. */
const DRAFTS = "handoff-desk-draft:";
/** When a draft was changed last, beside it in the local storage. */
const CHANGED = "handoff-desk-changed:";
const DATABASE = "handoff-desk-drafts";
const STORE = "drafts";
const VERSION = 1;

/** A draft as the database has it. */
export interface KeptDraftText {
    name: string;
    /** `null` once it is gone: an older text must not come back. */
    text: string | null;
    /** In ms since 1970, by this computer's clock; each change is later than the one before. */
    at: number;
}

/** Where drafts outlive the browser. */
export interface DraftDatabase {
    all(): Promise<KeptDraftText[]>;
    put(drafts: KeptDraftText[]): Promise<void>;
    remove(names: string[]): Promise<void>;
}

/** Writes what changes, one write after another; of a draft only its last text. */
export class DraftWriter {
    readonly #database: DraftDatabase;
    #waiting = new Map<string, KeptDraftText>();
    #isWriting = false;
    #at = 0;

    constructor(database: DraftDatabase) {
        this.#database = database;
    }

    /** Returns when it counts as changed. */
    write(name: string, text: string | null, now: number): number {
        this.#at = Math.max(this.#at + 1, now);
        this.#waiting.set(name, {name, text, at: this.#at});
        void this.#go();
        return this.#at;
    }

    async #go(): Promise<void> {
        if (this.#isWriting) {
            return;
        }
        this.#isWriting = true;
        while (this.#waiting.size > 0) {
            const drafts = [...this.#waiting.values()];
            this.#waiting.clear();
            // A full disk: the local storage has it all the same.
            await this.#database.put(drafts).catch(() => {});
        }
        this.#isWriting = false;
    }
}

/** Brings back what the local storage had not on the disk yet. */
export async function restore(storage: Storage, database: DraftDatabase): Promise<void> {
    const over: string[] = [];
    for (const {name, text, at} of await database.all()) {
        const changed = Number(storage.getItem(CHANGED + name) ?? 0);
        if (at > changed && text !== null) {
            storage.setItem(name, text);
            storage.setItem(CHANGED + name, String(at));
        } else if (at > changed) {
            storage.removeItem(name);
        }
        if (text === null && storage.getItem(name) === null) {
            storage.removeItem(CHANGED + name);
            over.push(name);
        }
    }
    await database.remove(over);
}

/** Returns the storage, whose drafts the writer is told of. */
export function keptBy(writer: DraftWriter, storage: Storage): Storage {
    const changed = (name: string, text: string | null): void => {
        if (name.startsWith(DRAFTS)) {
            const at = writer.write(name, text, Date.now());
            storage.setItem(CHANGED + name, String(at));
        }
    };
    const own: Partial<Record<string | symbol, unknown>> = {
        setItem(name: string, text: string) {
            try {
                storage.setItem(name, text);
            } finally {
                // A full storage is no reason to lose it.
                changed(name, text);
            }
        },
        removeItem(name: string) {
            const isThere = storage.getItem(name) !== null;
            storage.removeItem(name);
            if (isThere) {
                changed(name, null);
            }
        },
    };
    return new Proxy(storage, {
        get(target, name) {
            const value: unknown = own[name] ?? Reflect.get(target, name, target);
            return typeof value === "function" ? value.bind(target) : value;
        },
    });
}

/** The longest that the desk waits for the browser's database before it begins, in ms. */
const PATIENCE_MS = 1_000;

/** Returns the storage of a browser with what it lost when it was killed. */
export async function restored(storage: Storage): Promise<Storage> {
    const late = new Promise<Storage>((resolve) => setTimeout(resolve, PATIENCE_MS, storage));
    const done = openDrafts().then(async (database) => {
        await restore(storage, database);
        return keptBy(new DraftWriter(database), storage);
    });
    return Promise.race([done.catch(() => storage), late]);
}

/** The browser's database; fails where there is none. */
async function openDrafts(): Promise<DraftDatabase> {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
        request.result.createObjectStore(STORE, {keyPath: "name"});
    };
    const database = await result(request);
    database.onversionchange = () => database.close();
    const write = (work: (store: IDBObjectStore) => void): Promise<void> => {
        // The process may be killed; a machine that loses its power is not what this is for.
        const transaction = database.transaction(STORE, "readwrite", {durability: "relaxed"});
        work(transaction.objectStore(STORE));
        return new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
        });
    };
    return {
        all: async () =>
            (await result(database.transaction(STORE).objectStore(STORE).getAll())),
        put: (drafts) => write((store) => drafts.forEach((draft) => store.put(draft))),
        remove: (names) => write((store) => names.forEach((name) => store.delete(name))),
    };
}

function result<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error("the database failed"));
    });
}
