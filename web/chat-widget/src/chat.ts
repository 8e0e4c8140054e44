// The life of one chat, from the start form to its end, across lost connections and reloads of the page.
//
// Rules: one message is on its way at a time, and only a line of the transcript says that it arrived; after every new connection the
// server is told how far the transcript is known; a lost link is replaced for as long as the chat lives.

import {Conversation} from "./conversation.ts";
import type {Link, LinkKind, LinkMaker, Operation, OperationData} from "./link.ts";
import type {Memory} from "./memory.ts";
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
/** Typing is told again after so long, in ms, and is over after so long without a key. */
const TYPING_AGAIN_MS = 5_000;
const TYPING_OVER_MS = 4_000;
/** An agent who stopped typing without saying so, in ms. */
const TYPING_STALE_MS = 15_000;
/** How long the server may take to say that the chat has ended, in ms. */
const END_MS_MAX = 3_000;

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
    /** Runs something later; gives what calls it off. */
    after(ms: number, run: () => void): () => void;
    now(): number;
    /** A name that nobody else uses or guesses. */
    uniqueName(): string;
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
    credentials: Credentials | undefined;
    isOpen = false;

    readonly #around: Surroundings;
    #link: Link | undefined;
    #kind: LinkKind = "cometd";
    #linkSince = 0;
    #failures = 0;
    #attempts = 0;
    #hasHeard = false;
    #request: OperationData | undefined;
    #isEnding = false;
    #isTyping = false;
    #lastTyping = 0;
    readonly #timers = new Map<string, () => void>();

    constructor(surroundings: Surroundings) {
        this.#around = surroundings;
    }

    /** Goes on with the chat that this tab had before the page was loaded again. */
    resume(): boolean {
        const remembered = this.#around.memory.load();
        if (remembered === undefined) {
            return false;
        }
        this.credentials = remembered.credentials;
        this.isOpen = remembered.isOpen;
        remembered.pending.forEach((message) => this.conversation.queue(message.messageId, message.text));
        this.phase = "waiting";
        this.#connect();
        return true;
    }

    /** Asks for a chat. The same attempt keeps its name, so that a lost answer does not open two chats. */
    start(customer: Customer, userData: Record<string, string>): void {
        if (this.phase === "starting") {
            return;
        }
        this.conversation = new Conversation();
        this.problem = undefined;
        this.place = {};
        this.#request = {...customer, userData, messageId: this.#around.uniqueName()};
        this.phase = "starting";
        this.#connect();
        this.#around.changed();
    }

    /** Gives up before the chat has begun, or leaves the ended one for a new start. */
    reset(): void {
        this.#stop();
        this.#request = undefined;
        this.credentials = undefined;
        this.#isEnding = false;
        this.phase = "none";
        this.conversation = new Conversation();
        this.#around.memory.forget();
        this.#around.changed();
    }

    /** Sends a message, now or as soon as that is possible; false when too many wait already. */
    say(text: string): boolean {
        const isQueued = this.conversation.queue(this.#around.uniqueName(), text);
        if (isQueued) {
            this.#endTyping();
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

    /** The customer touched a key. */
    types(hasText: boolean): void {
        if (!hasText) {
            this.stopsTyping();
            return;
        }
        const now = this.#around.now();
        if (!this.#isTyping || now - this.#lastTyping >= TYPING_AGAIN_MS) {
            this.#isTyping = true;
            this.#lastTyping = now;
            this.#tell("startTyping");
        }
        this.#later("typing", TYPING_OVER_MS, () => this.stopsTyping());
    }

    /** The customer has stopped, or emptied the field. */
    stopsTyping(): void {
        if (this.#isTyping) {
            this.#endTyping();
            this.#tell("stopTyping");
        }
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

    /** The panel was opened or closed: a reload keeps it. */
    setOpen(isOpen: boolean): void {
        this.isOpen = isOpen;
        this.#remember();
    }

    /** The page takes the widget away: the chat goes on at the server, and in this tab when the widget comes back. */
    suspend(): void {
        this.#stop();
    }

    /** The browser says that the network is back: no need to wait for the next attempt. */
    online(): void {
        if (this.#isAlive() && !this.isConnected && this.#timers.has("connect")) {
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

    #connect(): void {
        this.#cancel("connect");
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
            () => this.#link === before && this.#later("upgrade", UPGRADE_MS, () => this.#upgrade()),
        );
    }

    #connected(link: Link): void {
        this.isConnected = true;
        if (this.#kind === "rest") {
            this.#later("upgrade", UPGRADE_MS, () => this.#upgrade());
        }
        if (this.credentials !== undefined) {
            this.#catchUp();
        } else if (this.#request !== undefined) {
            link.publish("requestChat", this.#request).catch(() => this.#link === link && this.#lost());
        }
        this.#askForPlace();
        this.#around.changed();
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
        this.#cancel("confirm");
        this.#cancel("place");
        this.#cancel("upgrade");
        this.conversation.resend();
        this.conversation.forgetTyping();
        const pause = Math.min(BACKOFF_MS_FIRST * 2 ** (this.#attempts - 1), BACKOFF_MS_MAX);
        this.#later("connect", Math.max(pause, BACKOFF_MS_FIRST), () => this.#connect());
        this.#around.changed();
    }

    #take(answer: Answer): void {
        this.#hasHeard = true;
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
        if (answer.chatEnded === true) {
            this.#ended();
            return;
        }
        this.phase = this.conversation.agents.length > 0 ? "chatting" : "waiting";
        if (this.phase === "chatting") {
            this.place = {};
        }
        if (!this.conversation.pending.some((message) => message.state === "sent")) {
            this.#cancel("confirm");
        }
        this.#remember();
        const isNewTyping = answer.messages.some((entry) => entry.type === "TypingStarted");
        if (this.conversation.typing.length > 0 && (isNewTyping || !this.#timers.has("stale"))) {
            this.#later("stale", TYPING_STALE_MS, () => {
                this.conversation.forgetTyping();
                this.#around.changed();
            });
        }
        if (gap !== undefined) {
            this.#later("gap", BACKOFF_MS_FIRST, () => this.#catchUp());
        }
        if (isNew) {
            this.#askForPlace();
        }
        this.#flush();
    }

    #refused(answer: Answer): void {
        const refusal = answer.errors[0] ?? {code: 0, advice: ""};
        if (this.credentials === undefined) {
            this.#notStarted(refusal);
        } else if (answer.chatEnded === true) {
            this.#ended();
        } else if (answer.messageId !== undefined && answer.statusCode === 1) {
            this.#later("confirm", AGAIN_MS, () => {
                this.conversation.resend();
                this.#flush();
            });
        } else if (answer.messageId !== undefined) {
            this.conversation.refuse(answer.messageId);
            this.#remember();
            this.#flush();
        }
    }

    #notStarted(refusal: Refusal): void {
        const kind = refusal.code === REFUSED_CLOSED ? "closed" : refusal.code === REFUSED_FULL ? "full" : "refused";
        this.#stop();
        this.#request = undefined;
        this.phase = "none";
        this.problem = {kind, advice: refusal.advice};
    }

    #ended(): void {
        this.phase = "ended";
        this.#isEnding = false;
        this.conversation.forgetTyping();
        this.#stop();
        this.#around.memory.forget();
    }

    #stop(): void {
        this.#link?.close();
        this.#link = undefined;
        this.isConnected = false;
        this.#isTyping = false;
        for (const name of [...this.#timers.keys()]) {
            this.#cancel(name);
        }
    }

    /** Sends the next thing that waits: the end of the chat before any message. */
    #flush(): void {
        if (!this.isConnected || this.credentials === undefined || !this.#isAlive()) {
            return;
        }
        if (this.#isEnding) {
            if (!this.#timers.has("end")) {
                this.#publish("disconnect", {});
                this.#later("end", END_MS_MAX, () => {
                    this.#ended();
                    this.#around.changed();
                });
            }
            return;
        }
        const message = this.conversation.nextToSend();
        if (message !== undefined) {
            message.state = "sent";
            this.#publish("sendMessage", {message: message.text, messageId: message.messageId});
            this.#later("confirm", CONFIRM_MS_MAX, () => {
                this.conversation.resend();
                this.#catchUp();
            });
        }
    }

    #endTyping(): void {
        this.#isTyping = false;
        this.#cancel("typing");
    }

    #tell(operation: "startTyping" | "stopTyping"): void {
        if (this.isConnected && this.credentials !== undefined) {
            this.#publish(operation, {});
        }
    }

    #askForPlace(): void {
        this.#later("place", PLACE_MS, () => {
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
        if (this.credentials !== undefined && this.#isAlive()) {
            const {credentials, isOpen, conversation} = this;
            const pending = conversation.pending.filter((message) => message.state !== "refused");
            this.#around.memory.save({credentials, isOpen, pending, nextPosition: conversation.nextPosition});
        }
    }

    #later(name: string, ms: number, run: () => void): void {
        this.#cancel(name);
        const cancel = this.#around.after(ms, () => {
            this.#timers.delete(name);
            run();
        });
        this.#timers.set(name, cancel);
    }

    #cancel(name: string): void {
        this.#timers.get(name)?.();
        this.#timers.delete(name);
    }
}
