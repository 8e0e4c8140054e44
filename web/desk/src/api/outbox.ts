// What was typed and sent goes exactly once: over lost answers, reloads, kills, and with any number
// of tabs.
//
// An entry is kept before anybody is told that it was taken, and sent by the one tab that has the
// lock. It stays under its key until the server has answered; whoever repeats it gets the first
// answer. One after another for an interaction, so that words keep their order; interactions do not
// wait for each other.

import type {Api} from "./http.ts";
import type {Known} from "../letters/told.ts";
import {PASSWORD_DEMANDED, Refused, SignedOut, Unanswered} from "./trouble.ts";
import type {Entry, EntryStore, NewEntry, Refusal} from "./outbox/entry.ts";

/** What one tab tells the others. */
export type TabMessage =
    | {kind: "changed"}
    | {kind: "sending"; key: string}
    | {kind: "answered"; key: string; referenceId: number | null};

/** The tabs of this browser. */
export interface Tabs {
    tell(message: TabMessage): void;
    listen(take: (message: TabMessage) => void): void;
    /** Runs `work` while this tab is the one; resolves when `signal` ends it. */
    lead(work: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

export interface OutboxSurroundings {
    api: Api;
    entries: EntryStore;
    tabs: Tabs;
    /** The server's time. */
    now(): number;
    newKey(): string;
    after(ms: number, run: () => void): () => void;
    /** Whether it makes sense to send: an entry that was tried cannot be taken back. */
    maySend(): boolean;
    /** Reads whether what a letter was made from is still so; fails without an answer. */
    isAsKnown(interactionId: string, known: Known): Promise<boolean>;
    events: OutboxEvents;
}

export interface OutboxEvents {
    /** What waits, is being sent, or was refused has changed. */
    changed(entries: OutboxView[]): void;
    answered(entry: {key: string; referenceId: number | null}): void;
    /** A request had no answer: the link may be no better. */
    unanswered(trouble: Unanswered): void;
    /** The login session is over; `wake` goes on after the next one. */
    signedOut(trouble: SignedOut): void;
}

/** An entry, and whether it is on its way this moment. */
export type OutboxView = Entry & {isSending: boolean};

/** What somebody wants done with an interaction. */
export type Intent = Pick<NewEntry, "interactionId" | "operationName" | "fields" | "known"> & {
    until?: number;
    /** What this browser calls the words in it while they are a draft. */
    words?: string;
};

/** The first wait after a request without an answer, in ms; each further one is twice as long. */
const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 5_000;
/** A key is known to the server for 24 h; what is older may not be repeated, in ms. */
const REPEATABLE_MS = 23 * 3_600_000;

/** The code of what the outbox itself gave up: nobody knows whether it was done. */
export const UNCERTAIN = -1;
/** The code of what came too late to be sent. */
export const TOO_LATE = -2;
/** The code of a letter that was changed elsewhere since it was let go: it was not sent. */
export const CHANGED = -3;

export class Outbox {
    readonly #surroundings: OutboxSurroundings;
    readonly #userId: string;
    readonly #sending = new Set<string>();
    /** Answered, and for a moment still in the store. */
    readonly #done = new Set<string>();
    /** Interactions whose next entry is being sent. */
    readonly #lanes = new Set<string>();
    /** Ends this tab's turn to send, or its wait for one; `null` while it asks for none. */
    #turn: AbortController | null = null;
    #isLeader = false;
    #isRunning = false;

    constructor(userId: string, surroundings: OutboxSurroundings) {
        this.#userId = userId;
        this.#surroundings = surroundings;
    }

    /** Shows what is left from before, and begins to send once this tab is the one. */
    start(): void {
        this.#isRunning = true;
        this.#surroundings.tabs.listen((message) => this.#heard(message));
        void this.#show();
        this.wake();
    }

    stop(): void {
        this.#isRunning = false;
        this.rest();
    }

    /**
     * Takes something to be done, and what is to be done after it. Resolves once both are kept,
     * whatever happens to the page.
     */
    async add(intent: Intent, next?: Intent): Promise<string> {
        const first = this.#entryOf(intent, null);
        const rest = next === undefined ? [] : [this.#entryOf(next, first.key)];
        const words = intent.words === undefined ? [] : [{name: intent.words, at: first.at}];
        await this.#surroundings.entries.add([first, ...rest], words);
        await this.#changed();
        return first.key;
    }

    #entryOf({until, words: _, ...intent}: Intent, after: string | null): NewEntry {
        const {newKey, now} = this.#surroundings;
        const whose = {key: newKey(), userId: this.#userId, at: now()};
        return {...intent, ...whose, until: until ?? null, after};
    }

    /** Takes one back that was never sent; returns whether that was so. */
    async takeBack(key: string): Promise<boolean> {
        const entry = await this.#find(key);
        const isTaken =
            entry !== undefined && (await this.#surroundings.entries.takeBack(entry.number));
        if (isTaken) {
            await this.#removeAfter(key);
        }
        await this.#changed();
        return isTaken;
    }

    /** Removes one that was refused. */
    async remove(key: string): Promise<void> {
        const entry = await this.#find(key);
        if (entry?.refusal != null) {
            await this.#removeAfter(key);
            await this.#surroundings.entries.remove(entry.number);
            await this.#changed();
        }
    }

    /** What was to come after something that is not done is not done either. */
    async #removeAfter(key: string): Promise<void> {
        for (const {after, number} of await this.#mine()) {
            if (after === key) {
                await this.#surroundings.entries.remove(number);
            }
        }
    }

    /** Sends one that was refused once more. It is another request then. */
    async again(key: string): Promise<void> {
        const {entries, newKey} = this.#surroundings;
        const entry = await this.#find(key);
        if (entry?.refusal != null) {
            await entries.again(entry.number, newKey());
            await this.#changed();
        }
    }

    /** Goes on: the link is back, or somebody signed in again. */
    wake(): void {
        const {tabs, maySend} = this.#surroundings;
        if (this.#turn === null && this.#isRunning && maySend()) {
            const turn = new AbortController();
            this.#turn = turn;
            void tabs.lead(() => this.#lead(turn), turn.signal);
        }
        void this.#send();
    }

    /** Leaves it to another tab to send: this one cannot, until it wakes. */
    rest(): void {
        this.#isLeader = false;
        this.#turn?.abort();
        this.#turn = null;
    }

    async #lead(turn: AbortController): Promise<void> {
        if (this.#turn === turn) {
            this.#isLeader = true;
            void this.#send();
            await ended(turn.signal);
        }
    }

    async #find(key: string): Promise<Entry | undefined> {
        return (await this.#mine()).find((entry) => entry.key === key);
    }

    async #mine(): Promise<Entry[]> {
        const all = await this.#surroundings.entries.all();
        return all
            .filter(({userId, key}) => userId === this.#userId && !this.#done.has(key))
            .sort((a, b) => a.number - b.number);
    }

    async #changed(): Promise<void> {
        this.#surroundings.tabs.tell({kind: "changed"});
        await this.#show();
        void this.#send();
    }

    async #show(): Promise<void> {
        const entries = await this.#mine();
        this.#surroundings.events.changed(
            entries.map((entry) => ({...entry, isSending: this.#sending.has(entry.key)})),
        );
    }

    #heard(message: TabMessage): void {
        if (message.kind === "answered") {
            this.#sending.delete(message.key);
            this.#done.add(message.key);
            this.#surroundings.events.answered(message);
        } else if (message.kind === "sending") {
            this.#sending.add(message.key);
        }
        void this.#show();
        void this.#send();
    }

    /** Begins with the first entry of each interaction that has none on its way. */
    async #send(): Promise<void> {
        if (!this.#isLeader || !this.#surroundings.maySend()) {
            return;
        }
        const all = await this.#mine();
        const open = new Set(all.map(({key}) => key));
        for (const entry of all) {
            // One that an older desk kept waits for nothing.
            const isFree = !open.has(entry.after ?? "");
            if (entry.refusal === null && isFree && !this.#lanes.has(entry.interactionId)) {
                this.#lanes.add(entry.interactionId);
                void this.#carry(entry);
            }
        }
    }

    async #carry(entry: Entry): Promise<void> {
        const wait = await this.#attempt(entry).catch(() => RETRY_MS_MAX);
        await this.#show();
        const goOn = () => {
            this.#lanes.delete(entry.interactionId);
            void this.#send();
        };
        wait === 0 ? goOn() : this.#surroundings.after(wait, goOn);
    }

    /** Sends one entry; returns how long to wait before the next try, in ms. */
    async #attempt(found: Entry): Promise<number> {
        const {interactionId, known, number} = found;
        const {api, entries, now, isAsKnown} = this.#surroundings;
        try {
            // Before each try: one that was lost may have been overtaken while there was no link.
            if (known !== undefined && !(await isAsKnown(interactionId, known))) {
                await this.#refuse(found, {code: CHANGED, sentence: ""});
                return 0;
            }
        } catch (trouble) {
            return this.#failed(found, trouble);
        }
        const entry = await entries.claim(number, now());
        if (entry === undefined) {
            return 0;
        }
        if (this.#isGivenUp(entry)) {
            const code = entry.attempts > 1 ? UNCERTAIN : TOO_LATE;
            await this.#refuse(entry, {code, sentence: ""});
            return 0;
        }
        const {key, operationName, fields} = entry;
        this.#mark(key);
        try {
            const path = `me/interactions/${interactionId}`;
            const answer = await api.post(path, {operationName, ...fields}, {key});
            await this.#answered(entry, answer["referenceId"]);
            return 0;
        } catch (trouble) {
            this.#sending.delete(key);
            return this.#failed(entry, trouble);
        }
    }

    /** Whether it is too late to begin, or the server may have forgotten the key. */
    #isGivenUp({until, sentAt, attempts}: Entry): boolean {
        const now = this.#surroundings.now();
        const isLate = until !== null && now >= until && attempts === 1;
        return isLate || now - (sentAt ?? now) > REPEATABLE_MS;
    }

    #mark(key: string): void {
        this.#sending.add(key);
        this.#surroundings.tabs.tell({kind: "sending", key});
        void this.#show();
    }

    async #answered({number, key}: Entry, reference: unknown): Promise<void> {
        const {entries, tabs, events} = this.#surroundings;
        const referenceId = typeof reference === "number" ? reference : null;
        this.#sending.delete(key);
        this.#done.add(key);
        events.answered({key, referenceId});
        await entries.remove(number);
        tabs.tell({kind: "answered", key, referenceId});
    }

    async #failed(entry: Entry, trouble: unknown): Promise<number> {
        if (trouble instanceof Refused && trouble.code === PASSWORD_DEMANDED) {
            // They are asked for one; what they sent waits for it.
            return RETRY_MS_MAX;
        }
        if (trouble instanceof Refused) {
            const {code, sentence, newer} = trouble;
            await this.#refuse(entry, {code, sentence, ...(newer && {newer})});
            return 0;
        }
        if (trouble instanceof SignedOut) {
            this.rest();
            this.#surroundings.events.signedOut(trouble);
            return 0;
        }
        if (trouble instanceof Unanswered) {
            this.#surroundings.events.unanswered(trouble);
            const backoff = RETRY_MS_FIRST * 2 ** Math.min(Math.max(entry.attempts - 1, 0), 5);
            return Math.max(trouble.retryAfterMs, Math.min(RETRY_MS_MAX, backoff));
        }
        throw trouble;
    }

    async #refuse(entry: Entry, refusal: Refusal): Promise<void> {
        this.#sending.delete(entry.key);
        await this.#surroundings.entries.refuse(entry.number, refusal);
        await this.#removeAfter(entry.key);
        this.#surroundings.tabs.tell({kind: "changed"});
    }
}

function ended(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
