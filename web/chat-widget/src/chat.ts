// The life of one chat, from the start form to its end, across lost connections, reloads of the page and tabs of one visitor.
//
// Rules: one message is on its way at a time, and only a line of the transcript says that it arrived; after every new connection the
// server is told how far the transcript is known; a lost link is replaced for as long as the chat lives. Each tab has a link of its own:
// no tab leads, because browsers put tabs to sleep. What the tabs share is the memory, and names by which the server knows what is said
// or asked for twice.

import type {Availability} from "./availability.ts";
import {Conversation, FOREIGN_MS} from "./conversation.ts";
import type {Link, LinkKind, LinkMaker, Operation, OperationData} from "./link.ts";
import type {Memory, Remembered} from "./memory.ts";
import {Timers, type After} from "./timers.ts";
import {OwnTyping} from "./typing.ts";
import {REFUSED_CLOSED, REFUSED_FULL, type Answer, type Credentials, type Refusal} from "./wire.ts";

/** First and longest pause before another connection, in ms. */
const BACKOFF_MS_FIRST = 300;
const BACKOFF_MS_MAX = 8_000;
/** Failed links of one kind in a row before the other kind is tried: CometD first, then plain requests. */
const FAILURES_MAX = 2;
/** A link that held for so long, in ms, was a good one. */
const GOOD_LINK_MS = 45_000;
/** While plain requests are in use, CometD is tried again this often, in ms. */
const UPGRADE_MS = 60_000;
/** A message without its line after so long, in ms, is sent again. */
const CONFIRM_MS_MAX = 10_000;
/** And so long after the server said that it has no time for it now, in ms. */
const AGAIN_MS = 1_000;
/** While waiting, the place in line is asked for this often, in ms; it also shows that the customer is still there. */
const PLACE_MS = 15_000;
/** An agent who stopped typing without saying so, in ms. */
const TYPING_STALE_MS = 15_000;
/** How long the server may take to say that the chat has ended, in ms. */
const END_MS_MAX = 3_000;
/** How many links are tried to read a chat that has ended. */
const READINGS_MAX = 5;

/** Where the chat is. */
export type Phase = "none" | "starting" | "waiting" | "chatting" | "ended";

/** Why there is no chat. */
export interface Problem {
    kind: "closed" | "full" | "refused";
    advice: string;
}

/** What the start form gives. */
export interface Customer {
    nickname?: string;
    firstName?: string;
    lastName?: string;
    emailAddress?: string;
    subject?: string;
}

/** What the chat needs from around it. */
export interface Surroundings {
    makeLink: LinkMaker;
    memory: Memory;
    after: After;
    now(): number;
    /** A name that nobody else uses or guesses. */
    uniqueName(): string;
    /** How long a new request rests, in ms: another tab may have asked at the same moment, and what it keeps takes a while to come. */
    settleMs: number;
    /** Called whenever anything changed. */
    changed(): void;
}

/** One chat at a time. */
export class Chat {
    conversation = new Conversation();
    phase: Phase = "none";
    isConnected = false;
    problem: Problem | undefined;
    place: {position?: number; expectedWait?: number} = {};
    /** Who is there to answer, as far as the server said. */
    availability: Availability | undefined;
    /** Whether that was asked; before it, nothing is promised. */
    isAvailabilityKnown = false;
    credentials: Credentials | undefined;
    /** What the customer wrote into the form: the first line of the conversation. */
    question = "";
    /** Up to which line the customer has seen it, in whichever tab. */
    seen = 0;
    /** Whether the server has said how the chat stands. */
    isKnown = false;
    /** Whether the server ended the chat before anybody had taken it. */
    isUnserved = false;

    readonly #around: Surroundings;
    #link: Link | undefined;
    #kind: LinkKind = "cometd";
    #linkSince = 0;
    #failures = 0;
    #attempts = 0;
    #hasHeard = false;
    #request: OperationData | undefined;
    /** When this tab asked, by a request of its own. */
    #askedAt = 0;
    #isEnding = false;
    /** The chat has ended, and what was said is still to be read. */
    #isReading = false;
    readonly #timers: Timers;
    readonly #typing: OwnTyping;

    constructor(surroundings: Surroundings) {
        this.#around = surroundings;
        this.#timers = new Timers(surroundings.after);
        this.#typing = new OwnTyping({timers: this.#timers, now: surroundings.now, tell: (operation) => this.#tell(operation)});
    }

    /** Goes on with the chat that this visitor had before the page was loaded, or has in another tab. */
    resume(): boolean {
        const kept = this.#around.memory.load();
        if (kept !== undefined) {
            this.#takeOver(kept);
            // Whoever wrote them may be gone with the page that was here before.
            kept.pending.forEach((message) => this.conversation.queue(message));
            this.#closeIfOver();
        }
        return kept !== undefined;
    }

    /** Another tab wrote down something. */
    sync(): void {
        const kept = this.#around.memory.load();
        const isSame = kept?.credentials?.chatId === this.credentials?.chatId;
        if (kept === undefined) {
            // The other tab gave up asking for a chat.
            if (this.phase === "starting") {
                this.#stop();
                this.#request = undefined;
                this.phase = "none";
            }
        } else if (this.credentials !== undefined && isSame && this.#isAlive()) {
            this.seen = Math.max(this.seen, kept.seen);
            this.conversation.share(kept.pending);
            this.#timers.set("foreign", FOREIGN_MS, () => this.#flush());
        } else if (!kept.isOver && !this.#isOwnRequest(kept) && (this.phase === "none" || this.phase === "starting")) {
            this.#takeOver(kept);
            this.conversation.share(kept.pending);
        }
        this.#around.changed();
    }

    /** The server was asked who is there, before there is a chat, and said so or could not. */
    learnAvailability(availability: Availability | undefined): void {
        this.isAvailabilityKnown = true;
        if (this.phase === "none") {
            this.availability = availability ?? this.availability;
            if (availability?.state === "Open" && this.problem?.kind !== "refused") {
                this.problem = undefined;
            }
            this.#around.changed();
        }
    }

    /** Asks for a chat. The same attempt keeps its name, so that a lost answer, or another tab, does not open two chats. */
    start(customer: Customer, userData: Record<string, string>): void {
        if (this.phase === "starting") {
            return;
        }
        const kept = this.#around.memory.load();
        if (kept !== undefined && !kept.isOver) {
            this.#takeOver(kept);
            this.conversation.share(kept.pending);
        } else {
            const request = {...customer, userData, messageId: this.#around.uniqueName()};
            this.#askedAt = this.#around.now();
            this.#takeOver({request, question: customer.subject ?? "", pending: [], seen: 0, isOver: false});
            this.#remember();
        }
        this.#around.changed();
    }

    /** Gives up before the chat has begun, or leaves the ended one for a new start. */
    reset(): void {
        const kept = this.#around.memory.load();
        const isOther = this.#isAnotherChat(kept);
        this.#stop();
        this.#request = undefined;
        this.credentials = undefined;
        this.question = "";
        this.seen = 0;
        this.availability = undefined;
        this.#isEnding = false;
        this.#isReading = false;
        this.phase = "none";
        this.conversation = new Conversation();
        if (isOther) {
            this.#takeOver(kept);
            this.conversation.share(kept.pending);
        } else {
            this.#around.memory.forget();
        }
        this.#around.changed();
    }

    /** Sends a message, now or as soon as that is possible; false when too many wait already. */
    say(text: string): boolean {
        const isQueued = this.conversation.queue({messageId: this.#around.uniqueName(), text, at: this.#around.now()});
        if (isQueued) {
            this.#typing.ends();
            this.#remember();
            this.#flush();
            this.#around.changed();
        }
        return isQueued;
    }

    /** A refused message goes back to where it was typed. */
    takeBack(messageId: string): string {
        const text = this.conversation.discard(messageId);
        this.#remember();
        this.#around.changed();
        return text;
    }

    /** The customer looks at the conversation. */
    looks(): void {
        const last = this.conversation.nextPosition - 1;
        if (last > this.seen) {
            this.seen = last;
            this.#remember();
        }
    }

    /** The customer touched a key. */
    types(hasText: boolean): void {
        this.#typing.types(hasText);
    }

    /** Ends the chat; when there is no connection, as soon as there is one. */
    end(): void {
        this.#isEnding = true;
        this.#flush();
        this.#around.changed();
    }

    /** Whether the end was asked for and is not confirmed yet. */
    get isEnding(): boolean {
        return this.#isEnding && this.phase !== "ended";
    }

    /** What was being written when the chat had ended is kept beside what was not sent. */
    keepUnsent(text: string): void {
        this.conversation.keep({messageId: this.#around.uniqueName(), text, at: this.#around.now()});
        this.#remember();
    }

    /** The page takes the widget away: the chat goes on at the server, and in this tab when the widget comes back. */
    suspend(): void {
        this.#stop();
    }

    /** The browser says that the network is back: no need to wait for the next attempt. */
    online(): void {
        if ((this.#isAlive() || this.#isReading) && !this.isConnected && this.#timers.has("connect")) {
            this.#attempts = 0;
            this.#failures = 0;
            this.#kind = "cometd";
            this.#connect();
        }
    }

    /** The browser says that the network is gone. */
    offline(): void {
        if (this.#isAlive()) {
            this.#lost();
        }
    }

    #isAlive(): boolean {
        return this.phase !== "none" && this.phase !== "ended";
    }

    /** Makes a chat of the memory, or of a request, the chat of this tab. */
    #takeOver(kept: Remembered): void {
        this.#stop();
        this.conversation = new Conversation();
        this.problem = undefined;
        this.place = {};
        this.isKnown = false;
        this.isUnserved = false;
        this.#isEnding = false;
        this.credentials = kept.credentials;
        this.#request = kept.credentials === undefined ? kept.request : undefined;
        this.question = kept.question;
        this.seen = kept.seen;
        this.#isReading = kept.isOver;
        this.phase = kept.isOver ? "ended" : kept.credentials === undefined ? "starting" : "waiting";
        this.#connect();
    }

    #isOwnRequest(kept: Remembered): boolean {
        return kept.credentials === undefined && kept.request?.["messageId"] === this.#request?.["messageId"];
    }

    /** Whether a chat is kept that goes on and is not the one of this tab. */
    #isAnotherChat(kept: Remembered | undefined): kept is Remembered {
        return kept !== undefined && !kept.isOver && kept.credentials?.chatId !== this.credentials?.chatId;
    }

    #closeIfOver(): void {
        if (this.phase === "ended") {
            this.conversation.close();
        }
    }

    #connect(): void {
        this.#timers.cancel("connect");
        this.#link?.close();
        const link = this.#newLink(this.#kind);
        this.#link = link;
        this.#linkSince = this.#around.now();
        link.open().then(
            () => this.#link === link && this.#connected(link),
            () => this.#link === link && this.#lost(),
        );
    }

    /** A link whose news count only while it is the one in use. */
    #newLink(kind: LinkKind): Link {
        const link: Link = this.#around.makeLink(kind, {
            answer: (answer) => this.#link === link && this.#take(answer),
            lost: () => this.#link === link && this.#lost(),
        });
        return link;
    }

    /** Goes back from plain requests to CometD, but only once that is known to work. */
    #upgrade(): void {
        const link = this.#newLink("cometd");
        const before = this.#link;
        link.open().then(
            () => {
                if (this.#link === before && this.#isAlive()) {
                    before?.close();
                    this.#link = link;
                    this.#kind = "cometd";
                    this.#failures = 0;
                    this.#linkSince = this.#around.now();
                    this.#connected(link);
                } else {
                    link.close();
                }
            },
            () => this.#link === before && this.#timers.set("upgrade", UPGRADE_MS, () => this.#upgrade()),
        );
    }

    #connected(link: Link): void {
        this.isConnected = true;
        if (this.#kind === "rest") {
            this.#timers.set("upgrade", UPGRADE_MS, () => this.#upgrade());
        }
        if (this.credentials !== undefined) {
            this.#catchUp();
        } else {
            const rest = this.#askedAt + this.#around.settleMs - this.#around.now();
            rest > 0 ? this.#timers.set("request", rest, () => this.#ask(link)) : this.#ask(link);
        }
        this.#askForPlace();
        this.#around.changed();
    }

    #ask(link: Link): void {
        if (this.#link === link && this.#agreeOnRequest() && this.#request !== undefined) {
            link.publish("requestChat", this.#request).catch(() => this.#link === link && this.#lost());
        }
    }

    /** Two tabs may ask at once: the request that is in the memory is the one that counts. False when the other tab has its chat already. */
    #agreeOnRequest(): boolean {
        const kept = this.#around.memory.load();
        if (kept === undefined || kept.isOver || this.#isOwnRequest(kept)) {
            return true;
        }
        this.question = kept.question;
        if (kept.credentials === undefined) {
            this.#request = kept.request;
            return true;
        }
        this.#takeOver(kept);
        return false;
    }

    /** Tells the server how far the transcript is known, then sends what waited. */
    #catchUp(): void {
        this.#publish("requestNotifications", {transcriptPosition: this.conversation.nextPosition});
        this.#flush();
    }

    #lost(): void {
        const held = this.isConnected && this.#around.now() - this.#linkSince >= GOOD_LINK_MS;
        this.#failures = held ? 0 : this.#failures + 1;
        this.#attempts = held || this.#hasHeard ? 1 : this.#attempts + 1;
        this.#hasHeard = false;
        if (this.#failures >= FAILURES_MAX) {
            this.#kind = this.#kind === "cometd" ? "rest" : "cometd";
            this.#failures = 0;
        }
        this.isConnected = false;
        this.#link?.close();
        this.#link = undefined;
        this.#timers.cancel("confirm", "place", "request", "upgrade");
        if (this.#isReading && this.#attempts >= READINGS_MAX) {
            this.#isReading = false;
            return;
        }
        if (this.#isAlive()) {
            this.conversation.resend();
        }
        this.conversation.forgetTyping();
        const pause = Math.min(BACKOFF_MS_FIRST * 2 ** (this.#attempts - 1), BACKOFF_MS_MAX);
        this.#timers.set("connect", Math.max(pause, BACKOFF_MS_FIRST), () => this.#connect());
        this.#around.changed();
    }

    #take(answer: Answer): void {
        this.#hasHeard = true;
        this.isKnown = true;
        if (answer.statusCode === 0) {
            this.#learn(answer);
        } else {
            this.#refused(answer);
        }
        this.#around.changed();
    }

    #learn(answer: Answer): void {
        const isNew = this.credentials === undefined;
        const {chatId = this.credentials?.chatId, secureKey = this.credentials?.secureKey} = answer;
        if (chatId !== undefined && secureKey !== undefined) {
            const {userId = this.credentials?.userId ?? "", alias = this.credentials?.alias ?? ""} = answer;
            this.credentials = {chatId, secureKey, userId, alias};
        }
        this.#request = undefined;
        const {gap} = this.conversation.apply(answer.messages);
        this.place = {
            ...this.place,
            ...(answer.queuePosition === undefined ? {} : {position: answer.queuePosition}),
            ...(answer.expectedWait === undefined ? {} : {expectedWait: answer.expectedWait}),
        };
        this.availability = answer.availability ?? this.availability;
        if (answer.chatEnded === true || this.#isReading) {
            this.#endedBy(answer);
            return;
        }
        this.phase = this.conversation.agents.length > 0 ? "chatting" : "waiting";
        if (this.phase === "chatting") {
            this.place = {};
            this.availability = undefined;
        }
        if (!this.conversation.pending.some((message) => message.state === "sent")) {
            this.#timers.cancel("confirm");
        }
        this.#remember();
        const isNewTyping = answer.messages.some((entry) => entry.type === "TypingStarted");
        if (this.conversation.typing.length > 0 && (isNewTyping || !this.#timers.has("stale"))) {
            this.#timers.set("stale", TYPING_STALE_MS, () => {
                this.conversation.forgetTyping();
                this.#around.changed();
            });
        }
        if (gap !== undefined) {
            this.#timers.set("gap", BACKOFF_MS_FIRST, () => this.#catchUp());
        }
        if (isNew) {
            this.#askForPlace();
        }
        this.#flush();
    }

    #refused(answer: Answer): void {
        const refusal = answer.errors[0] ?? {code: 0, advice: ""};
        if (this.credentials === undefined) {
            this.#notStarted(refusal, answer.availability);
        } else if (answer.chatEnded === true) {
            this.#ended();
            if (this.conversation.entries.length === 0 && !this.#isAnotherChat(this.#around.memory.load())) {
                // Nobody can read it any more.
                this.#around.memory.forget();
            }
        } else if (answer.messageId !== undefined && answer.statusCode === 1) {
            this.#timers.set("confirm", AGAIN_MS, () => {
                this.conversation.resend();
                this.#flush();
            });
        } else if (answer.messageId !== undefined) {
            this.conversation.refuse(answer.messageId);
            this.#remember();
            this.#flush();
        }
    }

    #notStarted(refusal: Refusal, availability: Availability | undefined): void {
        const kind = refusal.code === REFUSED_CLOSED ? "closed" : refusal.code === REFUSED_FULL ? "full" : "refused";
        this.#stop();
        this.#request = undefined;
        this.phase = "none";
        this.problem = {kind, advice: refusal.advice};
        this.availability = availability ?? this.availability;
        this.#around.memory.forget();
    }

    /** The end, as the server tells it. A chat that the customer had left without the server's knowing is left now. */
    #endedBy(answer: Answer): void {
        if (answer.chatEnded !== true) {
            this.#publish("disconnect", {});
        }
        this.#ended();
    }

    #ended(): void {
        this.isUnserved ||= this.phase === "waiting" && !this.#isEnding && this.conversation.entries.length > 0;
        this.phase = "ended";
        this.#isReading = false;
        this.conversation.forgetTyping();
        this.conversation.close();
        this.#stop();
        this.#remember();
    }

    #stop(): void {
        this.#link?.close();
        this.#link = undefined;
        this.isConnected = false;
        this.#typing.ends();
        this.#timers.cancelAll();
    }

    /** Sends the next thing that waits: the end of the chat before any message. */
    #flush(): void {
        if (!this.isConnected || this.credentials === undefined || !this.#isAlive()) {
            return;
        }
        if (this.#isEnding) {
            if (!this.#timers.has("end")) {
                this.#publish("disconnect", {});
                this.#timers.set("end", END_MS_MAX, () => {
                    this.#ended();
                    this.#around.changed();
                });
            }
            return;
        }
        const message = this.conversation.nextToSend(this.#around.now());
        if (message !== undefined) {
            message.state = "sent";
            this.#publish("sendMessage", {message: message.text, messageId: message.messageId});
            this.#timers.set("confirm", CONFIRM_MS_MAX, () => {
                this.conversation.resend();
                this.#catchUp();
            });
        }
    }

    #tell(operation: "startTyping" | "stopTyping"): void {
        if (this.isConnected && this.credentials !== undefined) {
            this.#publish(operation, {});
        }
    }

    #askForPlace(): void {
        this.#timers.set("place", PLACE_MS, () => {
            if (this.isConnected && this.phase === "waiting") {
                this.#publish("requestNotifications", {transcriptPosition: this.conversation.nextPosition});
            }
            this.#askForPlace();
        });
    }

    #publish(operation: Operation, data: OperationData): void {
        const link = this.#link;
        const key: OperationData = this.credentials === undefined ? {} : {secureKey: this.credentials.secureKey};
        link?.publish(operation, {...key, ...data}).catch(() => this.#link === link && this.#lost());
    }

    #remember(): void {
        const {credentials, question, conversation} = this;
        const isOver = this.phase === "ended";
        const who = credentials !== undefined ? {credentials} : this.#request !== undefined ? {request: this.#request} : undefined;
        if (who === undefined || this.phase === "none") {
            return;
        }
        const kept = this.#around.memory.load();
        if (isOver && this.#isAnotherChat(kept)) {
            // This tab slept, and the visitor chats elsewhere: what is over here is not what a reload has to find.
            return;
        }
        if (!isOver && credentials !== undefined && kept?.credentials?.chatId === credentials.chatId) {
            // What another tab has put there since.
            conversation.share(kept.pending);
        }
        this.seen = Math.max(this.seen, kept?.credentials?.chatId === credentials?.chatId ? (kept?.seen ?? 0) : 0);
        this.#around.memory.save({...who, question, pending: conversation.unconfirmed, seen: this.seen, isOver});
    }
}
