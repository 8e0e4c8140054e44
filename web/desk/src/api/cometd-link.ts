// The link over CometD: a websocket when that works, else long polls.
//
// The library's blob worker and its script-tag transport stay off: a strict content security
// policy forbids both.

import {CometD} from "cometd/Client.js";
import type {Message} from "cometd";
import type {Link, LinkEvents, Replay} from "./link.ts";
import type {Topic} from "./notification.ts";

/** How long a websocket may take to open and to be answered on, in ms. Some proxies swallow it. */
const WEBSOCKET_OPEN_MS_MAX = 4_000;
/** How long opening over long polls may take, in ms: three round trips on a slow network. */
const POLLS_OPEN_MS_MAX = 12_000;
/** How late the server's answer to a poll may be, in ms; then the link counts as lost. */
const SILENCE_MS_MAX = 5_000;
/** After a websocket that stayed silent none is tried for so long, in ms. */
const WEBSOCKET_AVOIDED_MS = 600_000;

type TransportName = "websocket" | "long-polling";

/** What a link needs to know. */
export interface CometdOptions {
    /** The address of the notifications. */
    url: string;
    /** The token against forged requests; upgrades to a websocket need none. */
    token(): string;
    /** The clock that requests are stamped with. */
    stamp(): number;
}

/** Until when no websocket is tried, in ms of the page's clock: the next would be swallowed too. */
let avoidedUntil = 0;

export class CometdLink implements Link {
    readonly #options: CometdOptions;
    readonly #events: LinkEvents;
    #client: CometD | undefined;
    #isOpen = false;
    #isOver = false;

    constructor(options: CometdOptions, events: LinkEvents) {
        this.#options = options;
        this.#events = events;
    }

    async open(replay: Replay): Promise<void> {
        try {
            await this.#openByEither(replay);
        } catch (error) {
            this.close();
            throw error;
        }
        if (this.#isOver) {
            throw new Error("the link is closed");
        }
        this.#isOpen = true;
    }

    close(): void {
        this.#isOver = true;
        this.#drop();
    }

    async #openByEither(replay: Replay): Promise<void> {
        if (performance.now() >= avoidedUntil) {
            try {
                await this.#openBy("websocket", replay);
                return;
            } catch {
                this.#drop();
            }
        }
        if (this.#isOver) {
            throw new Error("the link is closed");
        }
        await this.#openBy("long-polling", replay);
    }

    /** The library would go from one transport to the other only when it notices by itself. */
    #openBy(transport: TransportName, replay: Replay): Promise<void> {
        const client = newClient(this.#options, transport);
        this.#client = client;
        client.registerExtension("timesync", this.#timesync());
        return new Promise((resolve, reject) => {
            let isUp = false;
            const fail = (reason: string) => {
                clearTimeout(timer);
                reject(new Error(reason));
            };
            const isSocket = transport === "websocket";
            const timer = setTimeout(() => {
                if (isSocket) {
                    avoidedUntil = performance.now() + WEBSOCKET_AVOIDED_MS;
                }
                fail("the server does not answer");
            }, isSocket ? WEBSOCKET_OPEN_MS_MAX : POLLS_OPEN_MS_MAX);
            const ends = () => (isUp ? this.#lose(client) : fail("the connection failed"));
            client.addListener("/meta/handshake", (reply) => {
                if (reply.successful !== true || isUp) {
                    ends();
                    return;
                }
                this.#subscribe(client, replay, (isGranted) => {
                    clearTimeout(timer);
                    isUp = isGranted;
                    isGranted ? resolve() : fail("a subscription was refused");
                });
            });
            client.addListener("/meta/connect", (reply) => reply.successful === true || ends());
            client.addListener("/meta/disconnect", ends);
            client.handshake();
        });
    }

    /** Subscribes to all topics in one go. */
    #subscribe(client: CometD, replay: Replay, done: (isGranted: boolean) => void): void {
        const topics = Object.entries(replay) as [Topic, number][];
        let missing = topics.length;
        const take = (topic: Topic) => (message: Message) => {
            if (!this.#isOver && this.#client === client) {
                this.#events.told(topic, message.data);
            }
        };
        const granted = (reply: Message) => {
            missing -= 1;
            if (reply.successful !== true) {
                missing = -1;
                done(false);
            } else if (missing === 0) {
                done(true);
            }
        };
        if (topics.length === 0) {
            done(true);
            return;
        }
        client.batch(() => {
            for (const [topic, after] of topics) {
                client.subscribe(topic, take(topic), {ext: {replay: after}}, granted);
            }
        });
    }

    #timesync() {
        const {stamp} = this.#options;
        const {time} = this.#events;
        return {
            outgoing(message: Message): Message {
                if (message.channel === "/meta/handshake" || message.channel === "/meta/connect") {
                    message.ext = {...message.ext, timesync: {tc: stamp(), l: 0, o: 0}};
                }
                return message;
            },
            incoming(message: Message): Message {
                const {timesync} = (message.ext ?? {}) as {timesync?: Record<string, unknown>};
                const {tc, ts, p} = timesync ?? {};
                if (typeof tc === "number" && typeof ts === "number" && typeof p === "number") {
                    time(tc, ts, p);
                }
                return message;
            },
        };
    }

    #lose(client: CometD): void {
        if (this.#client === client && !this.#isOver) {
            this.close();
            if (this.#isOpen) {
                this.#events.lost();
            }
        }
    }

    #drop(): void {
        const client = this.#client;
        this.#client = undefined;
        client?.disconnect();
    }
}

function newClient({url, token}: CometdOptions, transport: TransportName): CometD {
    const client = new CometD();
    client.unregisterTransport("callback-polling");
    client.unregisterTransport(transport === "websocket" ? "long-polling" : "websocket");
    client.configure({
        url,
        useWorkerScheduler: false,
        logLevel: "warn",
        connectTimeout: WEBSOCKET_OPEN_MS_MAX,
        maxNetworkDelay: SILENCE_MS_MAX,
        backoffIncrement: 200,
        requestHeaders: {"X-CSRF-TOKEN": token(), "X-Requested-With": "XMLHttpRequest"},
    });
    return client;
}
