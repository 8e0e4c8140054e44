// One browser's desk against the fake server: requests, messages and time go on only when the test
// says so, one step at a time.

import {Api} from "../../src/api/http.ts";
import type {TabMessage, Tabs} from "../../src/api/outbox.ts";
import {MemoryStore} from "../../src/api/outbox/memory-store.ts";
import {ServerClock} from "../../src/state/clock.ts";
import {Desk} from "../../src/state/desk.ts";
import type {Me} from "../../src/state/model.ts";
import {FakeLink, ME, type FakeServer} from "./fake-server.ts";

const KATE: Me = {
    id: ME,
    userName: "kate",
    firstName: "Kate",
    lastName: "Lund",
    roles: ["ROLE_AGENT"],
    groups: ["Support"],
};

/** A request on its way: first the server does it, then the answer arrives. Either may be lost. */
interface Request {
    run(): unknown;
    answer: unknown;
    isDone: boolean;
    resolve(response: Response): void;
    reject(error: Error): void;
}

/** Time that passes when told to. */
export class Time {
    now = 1_000_000;
    #timers: {at: number; run: () => void}[] = [];

    after(ms: number, run: () => void): () => void {
        const timer = {at: this.now + ms, run};
        this.#timers.push(timer);
        return () => {
            this.#timers = this.#timers.filter((one) => one !== timer);
        };
    }

    pass(ms: number): void {
        this.now += ms;
        const due = this.#timers.filter((one) => one.at <= this.now);
        this.#timers = this.#timers.filter((one) => one.at > this.now);
        due.sort((a, b) => a.at - b.at).forEach((one) => one.run());
    }
}

/** The tabs of one browser: what they keep, who leads, and what they tell each other. */
export class Browser {
    readonly entries = new MemoryStore();
    readonly #takers = new Map<object, (message: TabMessage) => void>();
    readonly #waiting: {work: () => Promise<void>; signal: AbortSignal}[] = [];
    #isLed = false;

    tabs(): Tabs {
        const self = {};
        return {
            tell: (message) => {
                for (const [tab, take] of this.#takers) {
                    tab !== self && queueMicrotask(() => take(message));
                }
            },
            listen: (take) => this.#takers.set(self, take),
            lead: async (work, signal) => {
                this.#waiting.push({work, signal});
                this.#next();
            },
        };
    }

    #next(): void {
        if (this.#isLed) {
            return;
        }
        let next = this.#waiting.shift();
        while (next?.signal.aborted === true) {
            next = this.#waiting.shift();
        }
        if (next !== undefined) {
            this.#isLed = true;
            void next.work().then(() => {
                this.#isLed = false;
                this.#next();
            });
        }
    }
}

export class Stage {
    readonly requests: Request[] = [];
    readonly desk: Desk;
    link: FakeLink | undefined;
    isOffline = false;
    /** Of this tab alone: what it is told first, or that it does not reach the server. */
    isPasswordDemanded = false;
    isSignedOut = false;
    isCutOff = false;
    /** What gets no answer, by the beginning of its path; the rest does. */
    lost: string | null = null;
    #keys = 0;
    static #stages = 0;

    constructor(
        readonly server: FakeServer,
        readonly time: Time,
        browser = new Browser(),
    ) {
        Stage.#stages += 1;
        const name = Stage.#stages;
        const api = new Api("http://desk.example/", {
            fetch: (url, init) => this.#fetch(url, init),
            whose: () => KATE.id,
        });
        this.desk = new Desk(KATE, {
            api,
            clock: new ServerClock(() => time.now, () => time.now),
            makeLink: (events) => {
                this.link = new FakeLink(server, events);
                return this.link;
            },
            timers: time,
            isOffline: () => this.isOffline,
            isAsKnown: ({subject}, {told}) => subject === told,
            entries: browser.entries,
            tabs: browser.tabs(),
            newKey: () => `key-${name}-${(this.#keys += 1)}`,
        });
    }

    /** The server does the oldest request that it has not done. */
    work(): void {
        const request = this.requests.find((one) => !one.isDone);
        if (request !== undefined && this.server.isUp) {
            request.isDone = true;
            request.answer = request.run();
        }
    }

    /** The oldest answer arrives. */
    arrive(): void {
        const at = this.requests.findIndex((one) => one.isDone);
        const [request] = at === -1 ? [] : this.requests.splice(at, 1);
        if (request !== undefined) {
            const headers = {"Content-Type": "application/json", "X-CSRF-TOKEN": "token"};
            const {answer} = request;
            const isRefused = (answer as {statusCode: number}).statusCode !== 0;
            const status = isRefused ? 409 : 200;
            request.resolve(new Response(JSON.stringify(answer), {status, headers}));
        }
    }

    /** A request, or its answer, is lost. */
    lose(): void {
        this.requests.shift()?.reject(new Error("lost"));
    }

    /** Lets everything through until nothing is left to do. */
    async settle(): Promise<void> {
        for (let quiet = 0; quiet < 15; quiet += 1) {
            await turns();
            if (this.requests.length > 0 || (this.link?.inbox.length ?? 0) > 0) {
                quiet = 0;
            }
            this.work();
            this.arrive();
            this.link?.pass();
            this.time.pass(400);
        }
    }

    #fetch(url: RequestInfo | URL, init?: RequestInit): Promise<Response> {
        const path = String(url).replace("http://desk.example/api/v2/", "");
        const headers = new Headers(init?.headers);
        const body = typeof init?.body === "string" ? JSON.parse(init.body) : {};
        const method = init?.method ?? "GET";
        const run = () => this.isPasswordDemanded
            ? {statusCode: 8, statusMessage: "Choose a password of your own."}
            : this.server.answer(method, path, body, headers.get("Idempotency-Key"));
        if (this.isCutOff || (this.lost !== null && path.startsWith(this.lost))) {
            return Promise.reject(new Error("lost"));
        }
        if (this.isSignedOut) {
            const over = {statusCode: 3, statusMessage: "Sign in again."};
            return Promise.resolve(new Response(JSON.stringify(over), {status: 401}));
        }
        return new Promise((resolve, reject) => {
            const request = {run, answer: undefined, isDone: false, resolve, reject};
            this.requests.push(request);
            init?.signal?.addEventListener("abort", () => {
                const at = this.requests.indexOf(request);
                at !== -1 && this.requests.splice(at, 1);
                reject(new Error("aborted"));
            });
        });
    }
}

/** Lets what has been promised go on. */
export async function turns(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve));
    }
}
