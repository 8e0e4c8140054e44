// Entries in the browser's database: they outlive the tab, and a kill of the browser.

import type {Entry, EntryStore, NewEntry, TakenWords} from "./entry.ts";
import {claimed, renewed} from "./memory-store.ts";

const DATABASE = "handoff-desk";
const ENTRIES = "outbox";
const WORDS = "words";
const VERSION = 2;

export class IndexedStore implements EntryStore {
    readonly #database: IDBDatabase;

    private constructor(database: IDBDatabase) {
        this.#database = database;
    }

    /** Fails where the browser keeps nothing. */
    static async open(): Promise<IndexedStore> {
        const request = indexedDB.open(DATABASE, VERSION);
        request.onupgradeneeded = ({oldVersion}) => {
            const {result: made} = request;
            if (oldVersion < 1) {
                made.createObjectStore(ENTRIES, {keyPath: "number", autoIncrement: true});
            }
            made.createObjectStore(WORDS, {keyPath: "name"});
        };
        const database = await result(request);
        // Another tab has a newer desk, which may change the database.
        database.onversionchange = () => database.close();
        return new IndexedStore(database);
    }

    async all(): Promise<Entry[]> {
        const request = this.#database.transaction(ENTRIES).objectStore(ENTRIES).getAll();
        return (await result(request)) as Entry[];
    }

    async add(entries: NewEntry[], words: TakenWords[] = []): Promise<void> {
        await this.#write((store, taken) => {
            for (const entry of entries) {
                store.add({...entry, sentAt: null, attempts: 0, refusal: null});
            }
            words.forEach((one) => taken.put(one));
        });
    }

    async taken(since: number): Promise<Set<string>> {
        let all: TakenWords[] = [];
        // It waits for what an earlier page began to write, and so finds it done or not at all.
        await this.#write((_, taken) => {
            const read = taken.getAll() as IDBRequest<TakenWords[]>;
            read.onsuccess = () => {
                all = read.result;
                all.filter(({at}) => at < since).forEach(({name}) => taken.delete(name));
            };
        });
        return new Set(all.map(({name}) => name));
    }

    claim(number: number, now: number): Promise<Entry | undefined> {
        return this.#change(number, claimed(now));
    }

    async refuse(number: number, refusal: Entry["refusal"]): Promise<void> {
        await this.#change(number, (entry) => ({...entry, refusal}));
    }

    async again(number: number, key: string): Promise<void> {
        await this.#change(number, renewed(key));
    }

    async remove(number: number): Promise<void> {
        await this.#write((store) => {
            store.delete(number);
        });
    }

    async takeBack(number: number): Promise<boolean> {
        let isUnsent = false;
        await this.#write((store) => {
            const read = store.get(number) as IDBRequest<Entry | undefined>;
            read.onsuccess = () => {
                isUnsent = read.result?.attempts === 0;
                if (isUnsent) {
                    store.delete(number);
                }
            };
        });
        return isUnsent;
    }

    /** Changes an entry in one transaction: two tabs cannot both find it as it was. */
    async #change(number: number, change: (entry: Entry) => Entry): Promise<Entry | undefined> {
        let changed: Entry | undefined;
        await this.#write((store) => {
            const read = store.get(number) as IDBRequest<Entry | undefined>;
            read.onsuccess = () => {
                if (read.result !== undefined) {
                    changed = change(read.result);
                    store.put(changed);
                }
            };
        });
        return changed;
    }

    /** Resolves once it is on the disk: whoever was told that it is kept may close the browser. */
    #write(work: (entries: IDBObjectStore, words: IDBObjectStore) => void): Promise<void> {
        const stores = [ENTRIES, WORDS];
        const transaction = this.#database.transaction(stores, "readwrite", {durability: "strict"});
        work(transaction.objectStore(ENTRIES), transaction.objectStore(WORDS));
        return new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
        });
    }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error("the database failed"));
    });
}
