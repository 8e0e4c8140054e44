// The link over CometD: a websocket when that works, else long polls.
//
// A lost link is not repaired by the client library: the chat makes a new one and says how far it has read, which is what makes
// nothing get lost. The library's blob worker and its script-tag transport stay off: a strict content security policy forbids both.

import {CometD} from "cometd/Client.js";
import type {Message} from "cometd";
import {LongPollingTransport} from "cometd/LongPollingTransport.js";
import type {Link, LinkEvents, Operation, OperationData} from "../link.ts";
import {readAnswer} from "../wire.ts";

/** How long a websocket may take to open and to be answered on, in ms. Some proxies open it and swallow what it carries. */
const WEBSOCKET_OPEN_MS_MAX = 4_000;
/** How long the server may take to answer over a websocket that had worked, in ms. */
const WEBSOCKET_SILENCE_MS_MAX = 5_000;
/** How long opening over long polls may take, in ms: two round trips on a slow network. */
const POLLS_OPEN_MS_MAX = 12_000;
/** How long a long poll may be late, and any other request may take, in ms. */
const POLLS_SILENCE_MS_MAX = 10_000;
/** After a websocket that stayed silent none is tried for so long, in ms. */
const WEBSOCKET_AVOIDED_MS = 600_000;

/** Until when no websocket is tried, in ms since 1970: what swallowed one would swallow the next. */
let avoidedUntil = 0;

/** Long polls that carry no cookies to another site: the chat's key is the credential, and browsers drop such cookies anyway. */
class PollTransport extends LongPollingTransport {
    override xhrSend(packet: Parameters<LongPollingTransport["xhrSend"]>[0]): XMLHttpRequest {
        const request = new XMLHttpRequest();
        request.open("POST", packet.url);
        request.setRequestHeader("Content-Type", "application/json");
        request.onload = () => {
            if (request.status === 200) {
                packet.onSuccess(request.responseText);
            } else {
                packet.onError(request.statusText);
            }
        };
        request.onabort = request.onerror = () => packet.onError(request.statusText);
        request.send(packet.body);
        return request;
    }
}

/** A CometD session of this chat. */
export class CometdLink implements Link {
    readonly #address: string;
    readonly #channel: string;
    readonly #events: LinkEvents;
    #client: CometD | undefined;
    #isWebsocket = false;
    #isOver = false;

    constructor(base: string, service: string, events: LinkEvents) {
        this.#address = `${base}/genesys/cometd`;
        this.#channel = `/service/chatV2/${service}`;
        this.#events = events;
    }

    async open(): Promise<void> {
        if (Date.now() >= avoidedUntil) {
            try {
                await this.#openBy("websocket");
                return;
            } catch {
                this.#drop();
            }
        }
        if (this.#isOver) {
            throw new Error("the link is closed");
        }
        await this.#openBy("long-polling").catch((error) => {
            this.#giveUp();
            throw error;
        });
    }

    publish(operation: Operation, data: OperationData): Promise<void> {
        return new Promise((resolve, reject) => {
            if (this.#isOver || this.#client === undefined) {
                reject(new Error("the link is closed"));
                return;
            }
            const since = Date.now();
            this.#client.publish(this.#channel, {operation, ...data}, (reply) => {
                if (reply.successful === true) {
                    resolve();
                } else {
                    if (this.#isWebsocket && Date.now() - since >= WEBSOCKET_SILENCE_MS_MAX) {
                        avoidWebsockets();
                    }
                    reject(new Error(`${operation} was not taken`));
                    this.#lose();
                }
            });
        });
    }

    close(): void {
        this.#giveUp();
    }

    /** Opens a session over one transport. The library would go from one to the other only when it notices by itself. */
    #openBy(transport: "websocket" | "long-polling"): Promise<void> {
        this.#isWebsocket = transport === "websocket";
        const client = newClient(this.#address, transport);
        this.#client = client;
        return new Promise((resolve, reject) => {
            let isOpen = false;
            const fail = (reason: string) => {
                clearTimeout(timer);
                reject(new Error(reason));
            };
            const timer = setTimeout(
                () => {
                    this.#isWebsocket && avoidWebsockets();
                    fail("the server does not answer");
                },
                this.#isWebsocket ? WEBSOCKET_OPEN_MS_MAX : POLLS_OPEN_MS_MAX,
            );
            client.addListener("/meta/handshake", (reply) => {
                if (reply.successful !== true) {
                    fail("the handshake failed");
                    return;
                }
                client.subscribe(this.#channel, (message) => this.#take(client, message), (subscribed) => {
                    clearTimeout(timer);
                    isOpen = subscribed.successful === true;
                    isOpen ? resolve() : fail("the subscription was refused");
                });
            });
            const ends = () => (isOpen ? this.#client === client && this.#lose() : fail("the connection failed"));
            client.addListener("/meta/connect", (reply) => {
                if (reply.successful !== true) {
                    ends();
                }
            });
            client.addListener("/meta/disconnect", ends);
            client.handshake();
        });
    }

    #take(client: CometD, message: Message): void {
        const answer = readAnswer(message.data);
        if (answer !== undefined && !this.#isOver && this.#client === client) {
            this.#events.answer(answer);
        }
    }

    #lose(): void {
        if (!this.#isOver) {
            this.#giveUp();
            this.#events.lost();
        }
    }

    #giveUp(): void {
        if (!this.#isOver) {
            this.#isOver = true;
            this.#drop();
        }
    }

    #drop(): void {
        const client = this.#client;
        this.#client = undefined;
        client?.disconnect();
    }
}

function newClient(url: string, transport: "websocket" | "long-polling"): CometD {
    const isWebsocket = transport === "websocket";
    const client = new CometD();
    client.unregisterTransport("callback-polling");
    client.unregisterTransport("long-polling");
    if (!isWebsocket) {
        client.unregisterTransport("websocket");
        client.registerTransport("long-polling", new PollTransport());
    }
    client.configure({
        url,
        useWorkerScheduler: false,
        logLevel: "warn",
        connectTimeout: WEBSOCKET_OPEN_MS_MAX,
        maxNetworkDelay: isWebsocket ? WEBSOCKET_SILENCE_MS_MAX : POLLS_SILENCE_MS_MAX,
        backoffIncrement: 200,
    });
    return client;
}

function avoidWebsockets(): void {
    avoidedUntil = Date.now() + WEBSOCKET_AVOIDED_MS;
}
