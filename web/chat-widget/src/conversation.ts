// The lines of one chat as this customer knows them, and the messages that are still to be sent.
//
// Two things must stay true: a line is shown once and at its place, however often and in whatever order it arrives; and a message that
// was typed is either in the transcript or still waiting here. Nothing in here talks to a server or to a page.

import type {Entry, Party} from "./wire.ts";

/** Messages that may wait to be sent. More would be a sign that nobody is there to read them. */
export const OUTBOX_MAX = 50;

/** A message of the customer that is not in the transcript yet. */
export interface Pending {
    /** The widget's name for it: the server knows a repetition by it. */
    messageId: string;
    text: string;
    state: "queued" | "sent" | "refused";
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
    #next = 1;
    #highest = 0;

    /** All lines in order. */
    get entries(): readonly Entry[] {
        return this.#entries;
    }

    /** The number to ask from: everything below it is known. */
    get nextPosition(): number {
        return this.#next;
    }

    /** Agents who are in the chat now. */
    get agents(): Party[] {
        return [...this.#agents.values()];
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
    queue(messageId: string, text: string): boolean {
        if (this.pending.length >= OUTBOX_MAX) {
            return false;
        }
        this.pending.push({messageId, text, state: "queued"});
        return true;
    }

    /** The message to send next: one at a time, so that they arrive in the order in which they were typed. */
    nextToSend(): Pending | undefined {
        const waiting = this.pending.filter((message) => message.state !== "refused");
        return waiting[0]?.state === "queued" ? waiting[0] : undefined;
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
        const at = this.pending.findIndex((one) => one.messageId === messageId);
        return at < 0 ? "" : (this.pending.splice(at, 1)[0]?.text ?? "");
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
        const at = this.pending.findIndex((message) => message.messageId === entry.messageId);
        if (entry.from.type === "Client" && at >= 0) {
            this.pending.splice(at, 1);
        }
    }

    /** Notes from a line who is in, and that whoever said something has stopped typing. */
    #attend(entry: Entry): void {
        const id = String(entry.from.participantId);
        this.#typing.delete(id);
        if (entry.type === "ParticipantLeft") {
            this.#agents.delete(id);
        } else if (entry.from.type === "Agent" || entry.from.type === "Supervisor") {
            this.#agents.set(id, entry.from);
        }
    }
}
