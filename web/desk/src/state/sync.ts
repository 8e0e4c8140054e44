// Keeps the state true: opens the link, reads what is not known, and reads again what was missed.
//
// Whatever is to be read is decided by looking at the state alone (`#tend`), each time that it has
// changed. So it does not matter what failed where: what is still missing is asked for again.

import {readContact} from "../api/contact.ts";
import type {Api} from "../api/http.ts";
import {Refused, SignedOut, Unanswered} from "../api/trouble.ts";
import {ONLY_NEW, type Link, type MakeLink, type Replay} from "../api/link.ts";
import {readNotification, TOPICS, UNNUMBERED} from "../api/notification.ts";
import type {ServerClock} from "./clock.ts";
import {fields} from "../api/fields.ts";
import {contactsToRead} from "./contacts.ts";
import {changesOf, chatsToAsk} from "./marks.ts";
import type {Connection, DeskState, LostWhy, Me, Readable} from "./model.ts";
import {
    firstMissing,
    isAgent,
    readMe,
    readOwnMarks,
    readQueues,
    readSnapshot,
    readTranscript,
    readUndelivered,
    readWorkbin,
    readerOf,
    type Reader,
} from "./reads.ts";
import type {Store} from "./store.ts";

/** Waits that a test can make pass. */
export interface Timers {
    after(ms: number, run: () => void): () => void;
}

export interface SyncSurroundings {
    api: Api;
    store: Store;
    clock: ServerClock;
    makeLink: MakeLink;
    timers: Timers;
    /** Whether the computer itself knows that it has no network. */
    isOffline(): boolean;
}

/** The first wait after a failed try, in ms; each further one is twice as long. */
const RETRY_MS_FIRST = 300;
/** The longest wait between two tries, in ms: whoever looks at the strip sees it end soon. */
const RETRY_MS_MAX = 3_000;
/** How often the queues are read, in ms, while they are not the list that is shown. */
const QUEUES_MS = 10_000;
/** The same while they are. */
const QUEUES_SHOWN_MS = 1_500;
/** How long it is waited before what lists show is read again when that failed, in ms. */
const UNREAD_MS = 5_000;

export class Sync {
    readonly #surroundings: SyncSurroundings;
    #link: Link | undefined;
    /** Ends what was asked for while the link stood: the next one asks for it anew. */
    #end = new AbortController();
    #attempts = 0;
    #isRunning = false;
    #cancelTry = () => {};
    #cancelQueues = () => {};
    #reads = 0;
    #isShowingQueues = false;
    /** What is being read now, by name: nothing is asked for twice at once. */
    readonly #underWay = new Set<string>();
    /** Reads of lists that failed since one was done. */
    readonly #failed = new Set<Readable>();
    /** Those that are not tried again yet, and how to give the waiting up. */
    readonly #resting = new Map<Readable, () => void>();

    constructor(surroundings: SyncSurroundings) {
        this.#surroundings = surroundings;
        surroundings.store.listen(() => this.#tend());
    }

    /** Begins, or goes on after a new login. */
    start(): void {
        this.#isRunning = true;
        this.#attempts = 0;
        this.tryNow();
    }

    /** Ends the link; the state stays. */
    stop(): void {
        this.#isRunning = false;
        this.#drop();
    }

    /** Tries at once, whatever was planned or takes its time. */
    tryNow(): void {
        if (this.#isRunning && !this.#isOpen()) {
            this.#drop();
            void this.#open();
        }
    }

    /** Reads what lists show and could not be read, at once. */
    readAgain(): void {
        this.#endRests();
        this.#readQueues();
        this.#tend();
    }

    /** The computer has lost its network, or has one again. */
    networkChanged(): void {
        if (this.#surroundings.isOffline()) {
            this.#lost("offline");
        } else {
            this.tryNow();
        }
    }

    /** Somebody got no answer: what carries the messages is no better. */
    doubt(why: LostWhy): void {
        if (this.#isOpen()) {
            this.#lost(why);
        }
    }

    /** A request showed that the login session is over. */
    signedOut(trouble: SignedOut): void {
        this.stop();
        this.#connection({kind: "signedOut", sentence: trouble.sentence});
    }

    /** Says whether the queues are what is looked at. */
    showQueues(isShown: boolean): void {
        this.#isShowingQueues = isShown;
        if (isShown && this.#isOpen()) {
            this.#pollQueues();
        }
    }

    #isLive(): boolean {
        return this.#surroundings.store.state.connection.kind === "live";
    }

    #isOpen(): boolean {
        return this.#link !== undefined && this.#isLive();
    }

    /** Nothing waits any more until it is read again. */
    #endRests(): void {
        for (const cancel of this.#resting.values()) {
            cancel();
        }
        this.#resting.clear();
    }

    #drop(): void {
        this.#endRests();
        this.#cancelTry();
        this.#cancelQueues();
        const link = this.#link;
        this.#link = undefined;
        this.#end.abort();
        this.#end = new AbortController();
        link?.close();
    }

    async #open(): Promise<void> {
        const {api, store, clock, makeLink} = this.#surroundings;
        clock.begin();
        const link = makeLink({
            told: (topic, data) =>
                store.dispatch({
                    type: "told",
                    topic,
                    notification: readNotification(topic, data),
                    at: clock.now(),
                }),
            lost: () => this.#link === link && this.#lost("unreachable"),
            time: (sent, serverTime, kept) => clock.answered(sent, serverTime, kept),
        });
        this.#link = link;
        const {signal} = this.#end;
        try {
            // Who may not come in is told here, and long polls need the token that it brings.
            const {user} = await api.get("me", {signal});
            const replay = replayOf(store.state, readMe(fields(user)));
            await link.open(replay);
            if (this.#link === link) {
                this.#opened(replay);
            }
        } catch (trouble) {
            this.#wentWrong(trouble, signal);
        }
    }

    #opened(replay: Replay): void {
        this.#attempts = 0;
        this.#surroundings.store.dispatch({type: "marksMissed"});
        const {[UNNUMBERED]: _, ...numbered} = replay;
        if (Object.values(numbered).includes(ONLY_NEW)) {
            // Of a topic that was never heard nobody knows what came since the last read.
            this.#surroundings.store.dispatch({type: "missed"});
        }
        this.#connection({kind: "live"});
        this.#pollQueues();
    }

    /** `leftAloneMs` is how long the server asked to be left alone. */
    #lost(why: LostWhy, leftAloneMs = 0): void {
        this.#drop();
        if (!this.#isRunning) {
            return;
        }
        const {store, clock, timers, isOffline} = this.#surroundings;
        const before = store.state.connection;
        const usual = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** this.#attempts);
        const wait = Math.max(usual, leftAloneMs);
        this.#attempts += 1;
        const now = clock.now();
        this.#connection({
            kind: "lost",
            since: before.kind === "lost" ? before.since : now,
            why: isOffline() ? "offline" : why,
            nextTryAt: now + wait,
        });
        this.#cancelTry = timers.after(wait, () => this.tryNow());
    }

    #connection(connection: Connection): void {
        this.#surroundings.store.dispatch({type: "connection", connection});
    }

    /** Asks for whatever the state shows to be missing. */
    #tend(): void {
        const {state} = this.#surroundings.store;
        if (!this.#isRunning || !this.#isLive()) {
            return;
        }
        if (state.isStale && state.reading === null && !this.#resting.has("work")) {
            void this.#read();
            return;
        }
        for (const id of this.#resting.has("workbins") ? [] : state.staleWorkbins) {
            this.#once(`workbin ${id}`, (reader) => this.#readWorkbin(reader, id), "workbins");
        }
        for (const id of draftsToRead(state)) {
            this.#once(`delivery ${id}`, (reader) => this.#readDelivery(reader, id));
        }
        for (const id of chatsToAsk(state)) {
            this.#once(`marks ${id}`, (reader) => this.#readMarks(reader, id));
        }
        for (const id of contactsToRead(state)) {
            this.#once(`contact ${id}`, (reader) => this.#readContact(reader, id));
        }
        for (const id of chatsToRead(state)) {
            this.#once(`transcript ${id}`, (reader) => this.#readTranscript(reader, id));
        }
    }

    /** Reads everything. Messages that come meanwhile are applied once more on top of it. */
    async #read(): Promise<void> {
        const {api, store, clock} = this.#surroundings;
        this.#reads += 1;
        const id = this.#reads;
        const {signal} = this.#end;
        store.dispatch({type: "readBegun", id});
        try {
            const snapshot = await readSnapshot(readerOf(api, signal));
            this.#failed.delete("work");
            this.#failed.delete("workbins");
            store.dispatch({type: "readDone", id, snapshot, at: clock.now()});
        } catch (trouble) {
            // What stands goes, or rests, first: it would be tried without end.
            this.#isUnread("work", trouble, signal);
            store.dispatch({type: "readFailed", id});
        }
    }

    async #readWorkbin(reader: Reader, workbinId: string): Promise<void> {
        const {store} = this.#surroundings;
        const since = store.state.lastRead;
        store.dispatch({type: "workbinReadBegun", workbinId});
        try {
            // One that is gone, or is not ours any more, has nothing for us.
            const interactions = await readWorkbin(reader, workbinId).catch(nothingIfRefused);
            store.dispatch({type: "workbinRead", workbinId, interactions, since});
        } catch (trouble) {
            store.dispatch({type: "workbinReadFailed", workbinId});
            throw trouble;
        }
    }

    async #readTranscript(reader: Reader, interactionId: string): Promise<void> {
        const {store} = this.#surroundings;
        const since = store.state.lastRead;
        const answered = store.state.pending
            .filter((one) => one.stage.kind === "answered")
            .map((one) => one.key);
        const from = firstMissing(store.state.transcripts[interactionId]?.lines ?? []);
        // One that is refused is not ours any more, which the feed tells, too.
        const lines = await readTranscript(reader, interactionId, from).catch(nothingIfRefused);
        store.dispatch({type: "transcriptRead", interactionId, lines, since, answered});
    }

    async #readMarks(reader: Reader, interactionId: string): Promise<void> {
        const {store} = this.#surroundings;
        const since = changesOf(store.state, interactionId);
        const nothing = {draft: null, readIndex: null};
        const marks = await readOwnMarks(reader, interactionId).catch((trouble: unknown) => {
            nothingIfRefused(trouble);
            return nothing;
        });
        store.dispatch({type: "marksRead", interactionId, marks, since});
    }

    /** Nothing rests on a name: without one everything goes on. */
    async #readContact(reader: Reader, contactId: string): Promise<void> {
        const name = await readContact(reader, contactId)
            .then(({displayName}) => displayName)
            .catch((trouble: unknown) => {
                if (trouble instanceof SignedOut || !this.#isOpen()) {
                    throw trouble;
                }
                return null;
            });
        this.#surroundings.store.dispatch({type: "contactRead", contactId, name});
    }

    async #readDelivery(reader: Reader, interactionId: string): Promise<void> {
        const {store} = this.#surroundings;
        const since = store.state.lastRead;
        const reason = await readUndelivered(reader, interactionId)
            .catch((trouble: unknown) => nothingIfRefused(trouble).join());
        store.dispatch({type: "deliveryRead", interactionId, reason, since});
    }

    #pollQueues(): void {
        this.#cancelQueues();
        this.#readQueues();
        const wait = this.#isShowingQueues ? QUEUES_SHOWN_MS : QUEUES_MS;
        this.#cancelQueues = this.#surroundings.timers.after(wait, () => this.#pollQueues());
    }

    #readQueues(): void {
        const {store} = this.#surroundings;
        const {me} = store.state;
        const mayRead = this.#isLive() && !this.#resting.has("queues");
        if (mayRead && me !== null && isAgent(me)) {
            this.#once("queues", async (reader) => {
                store.dispatch({type: "queuesRead", interactions: await readQueues(reader)});
            }, "queues");
        }
    }

    #once(name: string, read: (reader: Reader) => Promise<void>, what?: Readable): void {
        if (this.#underWay.has(name)) {
            return;
        }
        this.#underWay.add(name);
        const {signal} = this.#end;
        read(readerOf(this.#surroundings.api, signal))
            .then(() => what !== undefined && this.#failed.delete(what))
            .catch((trouble) => {
                if (what === undefined) {
                    this.#wentWrong(trouble, signal);
                } else {
                    this.#isUnread(what, trouble, signal);
                }
            })
            .finally(() => {
                this.#underWay.delete(name);
                // It may be wanted once more since.
                this.#tend();
            });
    }

    /**
     * What lists show could not be read. Mostly the way to the server is gone, and a new link shows
     * it; where one stands and it fails again, or where the server answers, the list says so, and
     * everything else goes on.
     */
    #isUnread(what: Readable, trouble: unknown, signal: AbortSignal): void {
        const hasFailed = this.#failed.has(what);
        const isOfLink = !hasFailed && !(trouble instanceof Refused);
        if (signal.aborted || trouble instanceof SignedOut || isOfLink) {
            if (!signal.aborted) {
                this.#failed.add(what);
            }
            this.#wentWrong(trouble, signal);
            return;
        }
        const {store, timers} = this.#surroundings;
        this.#failed.add(what);
        const asked = trouble instanceof Unanswered ? trouble.retryAfterMs : 0;
        const cancel = timers.after(Math.max(UNREAD_MS, asked), () => {
            this.#resting.delete(what);
            this.#tend();
        });
        this.#resting.set(what, cancel);
        const said = trouble instanceof Refused || trouble instanceof Unanswered;
        store.dispatch({type: "unread", what, sentence: said ? trouble.sentence : ""});
    }

    /** What belonged to a link that is over says nothing of the next one. */
    #wentWrong(trouble: unknown, {aborted}: AbortSignal): void {
        if (aborted) {
            return;
        }
        if (trouble instanceof SignedOut) {
            this.signedOut(trouble);
        } else {
            const isBusy = trouble instanceof Unanswered && trouble.why === "busy";
            this.#lost(whyOf(trouble), isBusy ? trouble.retryAfterMs : 0);
        }
    }
}

function nothingIfRefused(trouble: unknown): [] {
    if (trouble instanceof Refused) {
        return [];
    }
    throw trouble;
}

function whyOf(trouble: unknown): LostWhy {
    return trouble instanceof Unanswered && trouble.why === "unavailable"
        ? "restarting"
        : "unreachable";
}

/** Returns what is subscribed: whoever is no agent has no work that they could be told of. */
function replayOf({numbers}: DeskState, me: Me): Replay {
    const topics = isAgent(me) ? TOPICS : [];
    return Object.fromEntries(topics.map((topic) => [topic, numbers[topic] ?? ONLY_NEW]));
}

/** Returns the drafts of which nobody knows whether they came back. */
function draftsToRead(state: DeskState): string[] {
    return Object.values(state.work)
        .filter(({letter, state: is}) => letter !== null && is === "Composing")
        .filter(({id}) => state.undelivered[id] === undefined)
        .map(({id}) => id);
}

/** Returns the chats whose lines are not all known, as far as the reader may read them. */
export function chatsToRead(state: DeskState): string[] {
    return Object.values(state.work)
        .filter((one) => one.state === "Chatting" || one.state === "LeftChat")
        .filter((one) => state.transcripts[one.id]?.isRead !== true)
        .map((one) => one.id);
}
