// The desk of somebody who is signed in: state, feed and outbox together, and what can be done.

import {text} from "../api/fields.ts";
import type {Contact} from "../api/contact.ts";
import type {Answer, Api} from "../api/http.ts";
import {Refused, SignedOut, Unanswered} from "../api/trouble.ts";
import {numberOrNull} from "../api/fields.ts";
import {readInteraction, type ChatDraft, type Interaction} from "../api/interaction.ts";
import type {MakeLink} from "../api/link.ts";
import type {Question} from "../api/notification.ts";
import {Once} from "../api/once.ts";
import {Outbox, type Intent, type OutboxView, type Tabs} from "../api/outbox.ts";
import type {EntryStore} from "../api/outbox/entry.ts";
import type {Known} from "../letters/told.ts";
import type {ServerClock} from "./clock.ts";
import type {Connection, Me, Pending, PendingStage} from "./model.ts";
import {Store} from "./store.ts";
import {Sync, type Timers} from "./sync.ts";
import {wordsOf} from "./words.ts";

export interface DeskSurroundings {
    api: Api;
    clock: ServerClock;
    makeLink: MakeLink;
    timers: Timers;
    isOffline(): boolean;
    entries: EntryStore;
    tabs: Tabs;
    newKey(): string;
    /** Whether a draft, as it is read now, has no words that somebody wrote elsewhere since. */
    isAsKnown(draft: Interaction, known: Known): boolean;
}

/** How long what was said may take to be told by the feed before the chat is read, in ms. */
const TOLD_MS_MAX = 2_000;
/** How often what has been shown long enough is looked for, in ms. */
const PASSED_MS = 1_000;
/** How often a request that is not kept is tried when it gets no answer. */
const TRIES = 3;
const TRY_MS = 400;
/** How long a link may be lost before another tab may send instead, in ms. */
const LOST_MS_MAX = 3_000;

/** Somebody else took the offer, or what a letter answers cannot be completed. */
const UNTRIED = ["Accept", "Complete"];

/** All channels of the desk; the server leaves out those that the contact center does not have. */
const CHANNELS = ["chat", "email", "workitem"];

export class Desk {
    readonly store: Store;
    readonly sync: Sync;
    readonly outbox: Outbox;
    readonly #surroundings: DeskSurroundings;
    #cancelPassed = () => {};
    /** Keys of what nobody tries again, and whose refusal was told. */
    readonly #refused = new Set<string>();
    readonly #asking: Once;
    #cancelRest = () => {};
    /** When one's state was changed here last, in ms by the server's clock. */
    #stateAskedAt = 0;

    /** `me` is whoever signed in. */
    constructor(me: Me, surroundings: DeskSurroundings) {
        this.#surroundings = surroundings;
        this.store = new Store(me);
        const {api, clock, timers, entries, tabs, newKey} = surroundings;
        this.#asking = new Once(newKey);
        this.sync = new Sync({...surroundings, store: this.store});
        this.outbox = new Outbox(me.id, {
            api,
            entries,
            tabs,
            newKey,
            now: () => clock.now(),
            after: (ms, run) => timers.after(ms, run),
            maySend: () => this.store.state.connection.kind === "live",
            isAsKnown: (id, known) => this.#isAsKnown(id, known),
            events: {
                changed: (views) => this.#pending(views),
                answered: ({key, referenceId}) => this.#answered(key, referenceId),
                unanswered: ({why}) => this.#doubt(why),
                signedOut: (trouble) => this.sync.signedOut(trouble),
            },
        });
        let before = this.store.state.connection.kind;
        this.store.listen(({connection: {kind}}) => {
            if (kind !== before) {
                before = kind;
                this.#connected(kind);
            }
        });
    }

    start(): void {
        this.outbox.start();
        this.sync.start();
        this.#pass();
    }

    stop(): void {
        this.#cancelPassed();
        this.#cancelRest();
        this.sync.stop();
        this.outbox.stop();
    }

    /** Whoever was signed out is there again; nothing that was on the page is lost. */
    signedInAgain(): void {
        this.sync.start();
    }

    /** Takes an offer, also while there is no connection, as long as it stands. */
    accept(interaction: Interaction): Promise<string> {
        const {id, offer} = interaction;
        const intent = {interactionId: id, operationName: "Accept", fields: {}};
        return this.outbox.add(offer === null ? intent : {...intent, until: offer.expires});
    }

    decline({id}: Interaction): Promise<void> {
        return this.operate(id, "Reject");
    }

    /** Says something in a chat, kept as `words` until now: it goes out once, whatever happens. */
    say(
        interactionId: string,
        text: string,
        visibility: "All" | "Agents",
        words?: string,
    ): Promise<string> {
        const intent = {interactionId, operationName: "Send", fields: {text, visibility}};
        return this.outbox.add(words === undefined ? intent : {...intent, words});
    }

    /** Has something done for certain, and `next` after it, now or when there is a connection. */
    keep(intent: Intent, next?: Intent): Promise<string> {
        return this.outbox.add(intent, next);
    }

    /** Reads an interaction as it is now; `null` when it is not the reader's to see. */
    async read(id: string): Promise<Interaction | null> {
        try {
            const answer = await this.#surroundings.api.get(`interactions/${id}`);
            return readInteraction(answer["interaction"]);
        } catch (trouble) {
            if (trouble instanceof Refused) {
                return null;
            }
            throw trouble;
        }
    }

    /**
     * Does something with an interaction now. Fails with the server's refusal, or when there is no
     * answer after some tries under the same key, of which none begins after an abort.
     */
    async operate(
        id: string,
        operationName: string,
        fields: Record<string, unknown> = {},
        signal?: AbortSignal,
    ): Promise<void> {
        const body = {operationName, ...fields};
        await this.#insist(`me/interactions/${id}`, body, signal === undefined ? {} : {signal});
    }

    /** Takes something out of a workbin into one's own hands. */
    async take(workbinId: string, id: string): Promise<void> {
        await this.#insist(`me/workbins/${workbinId}`, {operationName: "PullInteraction", id});
    }

    /** Creates an interaction in one's own hands; returns its id once it is in the state. */
    async create(fields: Record<string, unknown>): Promise<string> {
        const body = {operationName: "Create", ...fields};
        const id = text((await this.#insist("me/interactions", body))["id"]);
        await this.isHere(id);
        return id;
    }

    /** Resolves once an interaction is one's own, or has not become so in time. */
    isHere(id: string): Promise<void> {
        return new Promise((resolve) => {
            const look = (): void => {
                if (id in this.store.state.work) {
                    end();
                }
            };
            const end = (): void => {
                stop();
                cancel();
                resolve();
            };
            const stop = this.store.listen(look);
            const cancel = this.#surroundings.timers.after(TOLD_MS_MAX, end);
            look();
        });
    }

    /**
     * Does something that may end a chat, once whatever was said in it is out. Does nothing and
     * returns `false` when words were refused, which would go with it. An abort before it has begun
     * fails with the signal's reason, and nothing is done.
     */
    async finish(
        id: string,
        operationName: string,
        fields: Record<string, unknown>,
        signal?: AbortSignal,
    ): Promise<boolean> {
        const isOut = await this.#isSaid(id, signal);
        signal?.throwIfAborted();
        if (isOut) {
            await this.operate(id, operationName, fields, signal);
        }
        return isOut;
    }

    /** Tells that the agent writes; nobody misses it when it does not arrive. */
    typing(id: string, isTyping: boolean, visibility: "All" | "Agents"): void {
        const verb = isTyping ? "SendStartTyping" : "SendStopTyping";
        const operationName = `${verb}${visibility === "Agents" ? "ToAgents" : ""}Notification`;
        this.#tell(id, {operationName});
    }

    #tell(id: string, body: Record<string, unknown>): void {
        const {api} = this.#surroundings;
        void api.post(`me/interactions/${id}`, body).catch(() => {});
    }

    /** Keeps what is typed in a chat; returns the number of the request. */
    async saveDraft(id: string, {text, visibility}: ChatDraft): Promise<number | null> {
        const body = {operationName: "Save", text, visibility};
        const {api} = this.#surroundings;
        this.store.dispatch({type: "draftSave", interactionId: id, stage: "begun"});
        try {
            const answer = await api.post(`me/interactions/${id}`, body);
            return numberOrNull(answer["referenceId"]);
        } finally {
            this.store.dispatch({type: "draftSave", interactionId: id, stage: "over"});
        }
    }

    /** Tells that one looks at it, and of a chat how far one has read; said again soon. */
    look(id: string, index: number | null): void {
        const read = index === null ? {} : {index};
        this.#tell(id, {operationName: "SetInFocus", ...read});
    }

    lookAway(id: string): void {
        this.#tell(id, {operationName: "SetInFocus", inFocus: false});
    }

    /** Asks a colleague something: once, also when the same is tried again after no answer. */
    async ask(userId: string, text: string, interactionId: string | null): Promise<void> {
        const path = `users/${userId}`;
        const about = interactionId === null ? {} : {interactionId};
        const body = {operationName: "Ask", text, ...about};
        await this.#asking.send(`${path} ${JSON.stringify(body)}`, (key) =>
            this.#insist(path, body, {key}));
    }

    /** Something of a contact is shown: what they are called is read. */
    wantContact(contactId: string): void {
        this.store.dispatch({type: "contactWanted", contactId});
    }

    /** What a contact is called was read, or written down, here. */
    contactIs({id, displayName}: Contact): void {
        this.store.dispatch({type: "contactRead", contactId: id, name: displayName});
    }

    questionSeen(question: Question): void {
        this.store.dispatch({type: "questionSeen", question});
    }

    /** Begins to work: channels come up as they were, or Not ready. */
    async startWork(): Promise<void> {
        await this.#setState("me", {
            operationName: "StartContactCenterSession",
            channels: CHANNELS,
        });
    }

    async setReady(operationName: "Ready" | "NotReady", reason?: string): Promise<void> {
        const body = {operationName, ...(reason === undefined ? {} : {reason})};
        await this.#setState("me", body);
    }

    async setChannel(channel: string, operationName: "Ready" | "NotReady"): Promise<void> {
        await this.#setState(`me/channels/${channel}`, {operationName});
    }

    async setUndisturbed(isUndisturbed: boolean): Promise<void> {
        const operationName = isUndisturbed ? "DoNotDisturbOn" : "DoNotDisturbOff";
        await this.#setState("me", {operationName});
    }

    /** Returns whether a state that is told now may be what was asked for here. */
    isOwnState(): boolean {
        return this.#surroundings.clock.now() - this.#stateAskedAt < TOLD_MS_MAX;
    }

    async #setState(path: string, body: unknown): Promise<void> {
        const {clock} = this.#surroundings;
        this.#stateAskedAt = clock.now();
        await this.#insist(path, body);
        this.#stateAskedAt = clock.now();
    }

    /** What was missed or gone is seen, and goes. */
    dismiss(interactionId: string): void {
        this.store.dispatch({type: "dismissed", interactionId});
    }

    /** Resolves once no words are on their way, or at an abort; `false` when not all are out. */
    #isSaid(id: string, signal?: AbortSignal): Promise<boolean> {
        return new Promise((resolve) => {
            const look = (): void => {
                const words = wordsOf(this.store.state.pending, id);
                if (words !== "onTheirWay" || signal?.aborted === true) {
                    stop();
                    resolve(words === "out");
                }
            };
            const stop = this.store.listen(look);
            signal?.addEventListener("abort", look, {once: true});
            look();
        });
    }

    /** What is no draft any more the server refuses, or it is a repetition, which it knows. */
    async #isAsKnown(id: string, known: Known): Promise<boolean> {
        const draft = await this.read(id);
        const isDraft = draft !== null && draft.state === "Composing";
        return !isDraft || this.#surroundings.isAsKnown(draft, known);
    }

    /** Only a tab that has a link keeps the others from sending. */
    #connected(kind: Connection["kind"]): void {
        this.#cancelRest();
        if (kind === "live") {
            this.outbox.wake();
        } else if (kind === "signedOut") {
            this.outbox.rest();
        } else {
            const {timers} = this.#surroundings;
            this.#cancelRest = timers.after(LOST_MS_MAX, () => this.outbox.rest());
        }
    }

    async #insist(
        path: string,
        body: unknown,
        {signal, key = this.#surroundings.newKey()}: {signal?: AbortSignal; key?: string} = {},
    ): Promise<Answer> {
        const {api, timers} = this.#surroundings;
        for (let tries = 1; ; tries += 1) {
            try {
                return await api.post(path, body, {key});
            } catch (trouble) {
                if (trouble instanceof SignedOut) {
                    this.sync.signedOut(trouble);
                } else if (trouble instanceof Unanswered && tries < TRIES) {
                    await new Promise<void>((resolve) => {
                        timers.after(Math.max(TRY_MS * tries, trouble.retryAfterMs), resolve);
                    });
                    signal?.throwIfAborted();
                    continue;
                } else if (trouble instanceof Unanswered) {
                    this.#doubt(trouble.why);
                }
                throw trouble;
            }
        }
    }

    #doubt(why: Unanswered["why"]): void {
        if (why !== "busy") {
            this.sync.doubt(why === "unavailable" ? "restarting" : "unreachable");
        }
    }

    #pending(views: OutboxView[]): void {
        this.store.dispatch({type: "pending", pending: views.map(pendingOf)});
        views.forEach((view) => this.#untriedRefused(view));
    }

    /** What nobody tries again is told, whatever is shown, and goes. */
    #untriedRefused({key, interactionId, operationName, at, refusal}: OutboxView): void {
        if (!UNTRIED.includes(operationName) || refusal === null || this.#refused.has(key)) {
            return;
        }
        this.#refused.add(key);
        const {sentence} = refusal;
        const failure = {interactionId, sentence, at, offer: null, operationName};
        this.store.dispatch({type: "failed", failure});
        // By then the other tabs have seen it as well.
        this.#surroundings.timers.after(TOLD_MS_MAX, () => void this.outbox.remove(key));
    }

    #answered(key: string, referenceId: number | null): void {
        this.store.dispatch({type: "answered", key, referenceId});
        const left = this.store.state.pending.find((one) => one.key === key);
        if (left !== undefined) {
            // After a reload the message that told it may have come before the request's answer.
            this.#surroundings.timers.after(TOLD_MS_MAX, () => {
                if (this.store.state.pending.some((one) => one.key === key)) {
                    const {interactionId} = left;
                    this.store.dispatch({type: "transcriptStale", interactionId});
                }
            });
        }
    }

    #pass(): void {
        const {clock, timers} = this.#surroundings;
        this.store.dispatch({type: "passed", at: clock.now()});
        this.#cancelPassed = timers.after(PASSED_MS, () => this.#pass());
    }
}

function pendingOf(view: OutboxView): Pending {
    const {key, interactionId, operationName, fields, at} = view;
    const {text, visibility} = fields;
    return {
        key,
        interactionId,
        operationName,
        text: typeof text === "string" ? text : "",
        visibility: typeof visibility === "string" ? visibility : "All",
        at,
        stage: stageOf(view),
    };
}

function stageOf({refusal, isSending, attempts}: OutboxView): PendingStage {
    if (refusal !== null) {
        return {kind: "refused", ...refusal};
    }
    return isSending ? {kind: "sending"} : {kind: "waiting", attempts};
}
