// The lines of one chat as this customer knows them, and the messages that are still to be sent.
//
// Two things must stay true: a line is shown once and at its place, however often and in whatever order it arrives; and a message that
// was typed is either in the transcript or still here. Nothing in here talks to a server or to a page.

import type {Entry, Party} from "./wire.ts";

/** Messages that may wait to be sent. More would be a sign that nobody is there to read them. */
export const OUTBOX_MAX = 50;

/** How long a message that another tab of the visitor took is left to that tab, in ms. That tab may be gone; and when it is not, the server
 * knows the second sending by its name. */
export const FOREIGN_MS = 8_000;

/** What is kept of a message of the customer that is not in the transcript yet. */
export interface Waiting {
    /** The widget's name for it: the server knows a repetition by it. */
    messageId: string;
    text: string;
    /** When it was typed, in ms since 1970. */
    at: number;
}

/** Such a message here: to be sent, on its way, not taken by the server, or left over when the chat had ended. */
export interface Pending extends Waiting {
    state: "queued" | "sent" | "refused" | "unsent";
    /** Whether this tab is the one to send it. */
    isOwn: boolean;
}

/** What a batch of entries changed. */
export interface Applied {
    /** New lines, in order. */
    added: Entry[];
    /** The first number that is missing below one that is known. */
    gap: number | undefined;
}

/** One chat's lines and unsent messages. */
export class Conversation {
    readonly pending: Pending[] = [];
    readonly #entries: Entry[] = [];
    readonly #ahead = new Map<number, Entry>();
    readonly #agents = new Map<string, Party>();
    readonly #typing = new Map<string, Party>();
    /** The names of messages that need not be kept any more. */
    readonly #settled = new Set<string>();
    #wasServed = false;
    #next = 1;
    #highest = 0;

    /** All lines in order. */
    get entries(): readonly Entry[] {
        return this.#entries;
    }

    /** What the customer said. */
    get own(): string[] {
        return this.#entries.filter(({from, type}) => from.type === "Client" && type === "Message").map(({text}) => text);
    }

    /** The number to ask from: everything below it is known. */
    get nextPosition(): number {
        return this.#next;
    }

    /** Agents who are in the chat now. */
    get agents(): Party[] {
        return [...this.#agents.values()];
    }

    /** Whether an agent has ever been in the chat. */
    get wasServed(): boolean {
        return this.#wasServed;
    }

    /** Agents who are typing now. */
    get typing(): Party[] {
        return [...this.#typing.values()];
    }

    /** Takes in what the server delivered. What stands behind a gap waits until the gap is filled: two answers can overtake each other. */
    apply(entries: readonly Entry[]): Applied {
        const added: Entry[] = [];
        for (const entry of entries) {
            if (entry.index === undefined) {
                this.#notice(entry);
            } else if (entry.index >= this.#next) {
                this.#ahead.set(entry.index, entry);
                this.#highest = Math.max(this.#highest, entry.index);
                added.push(...this.#takeNext());
            }
        }
        return {added, gap: this.#next <= this.#highest ? this.#next : undefined};
    }

    /** Puts a message at the end of those to be sent; false when too many wait already. */
    queue(message: Waiting): boolean {
        if (this.pending.length >= OUTBOX_MAX) {
            return false;
        }
        this.pending.push({...message, state: "queued", isOwn: true});
        return true;
    }

    /** Takes over what the visitor's tabs together have to send: `all` is what is kept of it. */
    share(all: readonly Waiting[]): void {
        const isKept = (id: string) => all.some((one) => one.messageId === id);
        for (const message of all) {
            const isKnown = this.#settled.has(message.messageId) || this.pending.some((one) => one.messageId === message.messageId);
            if (!isKnown && this.pending.length < OUTBOX_MAX) {
                this.pending.push({...message, state: "queued", isOwn: false});
            }
        }
        const gone = this.pending.filter((one) => !one.isOwn && one.state === "queued" && !isKept(one.messageId));
        gone.forEach((one) => this.#settle(one.messageId));
        this.pending.sort((one, other) => one.at - other.at);
    }

    /** What is to be kept, so that it is sent whatever happens to this tab. */
    get unconfirmed(): Waiting[] {
        const waiting = this.pending.filter((message) => message.state !== "refused");
        return waiting.map(({messageId, text, at}) => ({messageId, text, at}));
    }

    /** The message to send next: one at a time, so that they arrive in the order in which they were typed. */
    nextToSend(now: number): Pending | undefined {
        const isDue = ({state, isOwn, at}: Pending) => state !== "refused" && (isOwn || state === "sent" || now - at >= FOREIGN_MS);
        const first = this.pending.find(isDue);
        return first?.state === "queued" ? first : undefined;
    }

    /** Keeps what was being written when the chat had ended. */
    keep(message: Waiting): void {
        this.pending.push({...message, state: "unsent", isOwn: true});
    }

    /** The chat is over: what was not sent will not be. */
    close(): void {
        for (const message of this.pending) {
            message.state = "unsent";
        }
    }

    /** Whatever was on its way may have been lost: it is to be sent again, under the same name. */
    resend(): void {
        for (const message of this.pending) {
            if (message.state === "sent") {
                message.state = "queued";
            }
        }
    }

    /** The server will not take this message. */
    refuse(messageId: string): void {
        const message = this.pending.find((one) => one.messageId === messageId);
        if (message !== undefined) {
            message.state = "refused";
        }
    }

    /** Forgets a message that was refused; gives its text back. */
    discard(messageId: string): string {
        return this.#settle(messageId)?.text ?? "";
    }

    /** Nobody types any more, as far as is known. */
    forgetTyping(): void {
        this.#typing.clear();
    }

    #notice(entry: Entry): void {
        const id = String(entry.from.participantId);
        if (entry.from.type === "Client") {
            return;
        }
        if (entry.type === "TypingStarted") {
            this.#typing.set(id, entry.from);
        } else if (entry.type === "TypingStopped") {
            this.#typing.delete(id);
        }
    }

    /** Takes the lines that follow the last one, as far as there is no gap. */
    #takeNext(): Entry[] {
        const taken: Entry[] = [];
        for (let entry = this.#ahead.get(this.#next); entry !== undefined; entry = this.#ahead.get(this.#next)) {
            this.#ahead.delete(this.#next);
            this.#next += 1;
            this.#entries.push(entry);
            this.#confirm(entry);
            this.#attend(entry);
            taken.push(entry);
        }
        return taken;
    }

    #confirm(entry: Entry): void {
        if (entry.from.type === "Client" && entry.messageId !== undefined) {
            this.#settle(entry.messageId);
        }
    }

    #settle(messageId: string): Pending | undefined {
        this.#settled.add(messageId);
        const at = this.pending.findIndex((message) => message.messageId === messageId);
        return at < 0 ? undefined : this.pending.splice(at, 1)[0];
    }

    /** Notes from a line who is in, and that whoever said something has stopped typing. */
    #attend(entry: Entry): void {
        const id = String(entry.from.participantId);
        this.#typing.delete(id);
        if (entry.type === "ParticipantLeft") {
            this.#agents.delete(id);
        } else if (entry.from.type === "Agent" || entry.from.type === "Supervisor") {
            this.#agents.set(id, entry.from);
            this.#wasServed = true;
        }
    }
}
