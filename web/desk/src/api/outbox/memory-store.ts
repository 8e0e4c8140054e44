// Entries as long as the page lives: for browsers that keep nothing (private windows of some), and
// for tests.

import type {Entry, EntryStore, NewEntry, TakenWords} from "./entry.ts";

export class MemoryStore implements EntryStore {
    #entries: Entry[] = [];
    #numbers = 0;
    #words: TakenWords[] = [];

    async all(): Promise<Entry[]> {
        return [...this.#entries];
    }

    async add(entries: NewEntry[], words: TakenWords[] = []): Promise<void> {
        this.#words.push(...words);
        for (const entry of entries) {
            this.#numbers += 1;
            const number = this.#numbers;
            this.#entries.push({...entry, number, sentAt: null, attempts: 0, refusal: null});
        }
    }

    async taken(since: number): Promise<Set<string>> {
        this.#words = this.#words.filter(({at}) => at >= since);
        return new Set(this.#words.map(({name}) => name));
    }

    async claim(number: number, now: number): Promise<Entry | undefined> {
        return this.#change(number, claimed(now));
    }

    async refuse(number: number, refusal: Entry["refusal"]): Promise<void> {
        this.#change(number, (entry) => ({...entry, refusal}));
    }

    async again(number: number, key: string): Promise<void> {
        this.#change(number, renewed(key));
    }

    async remove(number: number): Promise<void> {
        this.#entries = this.#entries.filter((entry) => entry.number !== number);
    }

    async takeBack(number: number): Promise<boolean> {
        const isUnsent = this.#entries.find((entry) => entry.number === number)?.attempts === 0;
        if (isUnsent) {
            await this.remove(number);
        }
        return isUnsent;
    }

    #change(number: number, change: (entry: Entry) => Entry): Entry | undefined {
        const at = this.#entries.findIndex((entry) => entry.number === number);
        const entry = this.#entries[at];
        if (entry === undefined) {
            return undefined;
        }
        const changed = change(entry);
        this.#entries[at] = changed;
        return changed;
    }
}

/** Returns how an entry looks once it is being sent. */
export function claimed(now: number): (entry: Entry) => Entry {
    return (entry) => ({
        ...entry,
        attempts: entry.attempts + 1,
        sentAt: entry.sentAt ?? now,
    });
}

/** Returns how a refused entry looks when it is wanted again. */
export function renewed(key: string): (entry: Entry) => Entry {
    return (entry) => ({...entry, key, refusal: null, attempts: 0, sentAt: null});
}
