// What is still to be done, and where it is kept.

import type {Known} from "../../letters/told.ts";
import type {NewerMessage} from "../trouble.ts";

/** The server's no. */
export interface Refusal {
    code: number;
    sentence: string;
    /** The letter that came after the one that is answered, where that is why. */
    newer?: NewerMessage;
}

/** One thing that somebody wants done once, whatever happens in between. */
export interface Entry {
    /** The place in the order of this browser; given by the store. */
    number: number;
    /** The name towards the server: a repetition is the same request. */
    key: string;
    /** Whose it is: another user of this browser neither sees nor sends it. */
    userId: string;
    interactionId: string;
    operationName: string;
    /** The request's other fields. */
    fields: Record<string, unknown>;
    /** When it was wanted, in ms since 1970 by the server's clock. */
    at: number;
    /** The key of what must be done before: it waits for that, and goes with it. */
    after: string | null;
    /** Of a letter, what was known of its draft; entries of an older desk have none. */
    known?: Known;
    /** When it makes no sense any more; `null` is never. By the server's clock. */
    until: number | null;
    /** When it was first sent; `null` before that. By the server's clock. */
    sentAt: number | null;
    attempts: number;
    /** The server said no; it stays to be read until somebody takes it away. */
    refusal: Refusal | null;
}

export type NewEntry = Omit<Entry, "number" | "sentAt" | "attempts" | "refusal">;

/** Words that are an entry and no draft any more. */
export interface TakenWords {
    name: string;
    /** When, in ms since 1970 by the server's clock. */
    at: number;
}

/** Where entries are kept: it outlives the page, and all tabs share it. */
export interface EntryStore {
    all(): Promise<Entry[]>;
    /** Resolves once the entries are kept for good, and the words as taken: all or none. */
    add(entries: NewEntry[], words?: TakenWords[]): Promise<void>;
    /**
     * Returns the names of all words that were taken, whatever became of them; forgets those that
     * were before `since`.
     */
    taken(since: number): Promise<Set<string>>;
    /**
     * Notes that the entry is being sent, before it is. Returns it as it is now, `undefined` when
     * it was taken back.
     */
    claim(number: number, now: number): Promise<Entry | undefined>;
    refuse(number: number, refusal: Refusal): Promise<void>;
    /** Wants a refused one tried again, under a new key. */
    again(number: number, key: string): Promise<void>;
    remove(number: number): Promise<void>;
    /** Removes one that was never sent; returns whether that was so. */
    takeBack(number: number): Promise<boolean>;
}
