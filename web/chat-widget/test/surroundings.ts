// A server and a clock for the tests of the chat: time passes only when told to.

import {Chat} from "../src/chat.ts";
import type {Link, LinkEvents, LinkKind, Operation, OperationData} from "../src/link.ts";
import type {Remembered} from "../src/memory.ts";
import {readAnswer} from "../src/wire.ts";

/** A link that the test answers for. */
export class FakeLink implements Link {
    readonly published: {operation: Operation; data: OperationData}[] = [];
    isClosed = false;
    readonly #opened: Promise<void>;
    #settle: {resolve(): void; reject(): void} = {resolve() {}, reject() {}};

    constructor(
        readonly kind: LinkKind,
        readonly events: LinkEvents,
    ) {
        this.#opened = new Promise((resolve, reject) => {
            this.#settle = {resolve, reject: () => reject(new Error("refused"))};
        });
    }

    open(): Promise<void> {
        return this.#opened;
    }

    publish(operation: Operation, data: OperationData): Promise<void> {
        this.published.push({operation, data});
        return Promise.resolve();
    }

    close(): void {
        this.isClosed = true;
    }

    /** The server is there. */
    async connect(): Promise<void> {
        this.#settle.resolve();
        await settled();
    }

    /** The server is not there. */
    async fail(): Promise<void> {
        this.#settle.reject();
        await settled();
    }

    /** What was published of one operation. */
    of(operation: Operation): OperationData[] {
        return this.published.filter((one) => one.operation === operation).map((one) => one.data);
    }

    /** Delivers an answer as it comes over the wire. */
    deliver(answer: Record<string, unknown>): void {
        const read = readAnswer({statusCode: 0, chatEnded: false, messages: [], ...answer});
        if (read !== undefined) {
            this.events.answer(read);
        }
    }
}

/** A chat with everything around it. */
export class Stage {
    readonly links: FakeLink[] = [];
    remembered: Remembered | undefined;
    /** Zero where nothing is about a second tab: what is asked for is sent at once. */
    settleMs = 0;
    #now = 1_000_000;
    #names = 0;
    #timers: {at: number; run: () => void}[] = [];

    chat(): Chat {
        return new Chat({
            makeLink: (kind, events) => {
                const link = new FakeLink(kind, events);
                this.links.push(link);
                return link;
            },
            memory: {
                load: () => structuredClone(this.remembered),
                save: (remembered) => (this.remembered = structuredClone(remembered)),
                forget: () => (this.remembered = undefined),
            },
            after: (ms, run) => {
                const timer = {at: this.#now + ms, run};
                this.#timers.push(timer);
                return () => (this.#timers = this.#timers.filter((one) => one !== timer));
            },
            now: () => this.#now,
            uniqueName: () => `name-${++this.#names}`,
            settleMs: this.settleMs,
            changed: () => {},
        });
    }

    /** The link in use. */
    get link(): FakeLink {
        const link = this.links.at(-1);
        if (link === undefined) {
            throw new Error("no link was made");
        }
        return link;
    }

    /** Lets time pass. */
    async pass(ms: number): Promise<void> {
        const end = this.#now + ms;
        for (;;) {
            const next = this.#timers.filter((timer) => timer.at <= end).sort((one, other) => one.at - other.at)[0];
            if (next === undefined) {
                break;
            }
            this.#timers = this.#timers.filter((one) => one !== next);
            this.#now = next.at;
            next.run();
            await settled();
        }
        this.#now = end;
    }

    /** A chat with an agent in it: lines 1 and 2. */
    async chatting(): Promise<Chat> {
        const chat = this.chat();
        chat.start({nickname: "Ann", subject: "Hello"}, {});
        await this.link.connect();
        this.link.deliver({...KEYS, messages: [line(1, "ParticipantJoined", CUSTOMER), line(2, "ParticipantJoined", AGENT)]});
        return chat;
    }
}

export const KEYS = {chatId: "0KNGx3e3yRirCCsY", userId: "u", secureKey: "key", alias: "1"};
export const CUSTOMER = {nickname: "Ann", participantId: 1, type: "Client"};
export const AGENT = {nickname: "Kate", participantId: 2, type: "Agent"};

/** A line as the server writes it. */
export function line(index: number | undefined, type: string, from: object, more: object = {}): Record<string, unknown> {
    return {...(index === undefined ? {} : {index}), type, from, utcTime: 1_700_000_000_000, ...more};
}

/** Lets what was promised happen. */
export function settled(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
}
