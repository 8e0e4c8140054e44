// The link over CometD: a websocket when that works, else long polls.
//
// A lost link is not repaired by the client library: the chat makes a new one and says how far it has read, which is what makes
// nothing get lost. The library's blob worker and its script-tag transport stay off: a strict content security policy forbids both.

import {CometD} from "cometd/Client.js";
import type {Message} from "cometd";
import {LongPollingTransport} from "cometd/LongPollingTransport.js";
import type {Link, LinkEvents, Operation, OperationData} from "../link.ts";
import {readAnswer} from "../wire.ts";

/** How long opening may take, in ms: a websocket that is swallowed on the way, then two round trips of a long poll. */
const OPEN_MS_MAX = 12_000;
/** How long a websocket may take to open before long polls are tried, in ms. */
const WEBSOCKET_OPEN_MS_MAX = 4_000;
/** Failed handshakes before the link gives up: one for each transport. */
const HANDSHAKES_MAX = 2;

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
    readonly #client: CometD;
    readonly #channel: string;
    readonly #events: LinkEvents;
    #isOver = false;

    constructor(base: string, service: string, events: LinkEvents) {
        this.#channel = `/service/chatV2/${service}`;
        this.#events = events;
        this.#client = new CometD();
        this.#client.unregisterTransport("callback-polling");
        this.#client.unregisterTransport("long-polling");
        this.#client.registerTransport("long-polling", new PollTransport());
        this.#client.configure({
            url: `${base}/genesys/cometd`,
            useWorkerScheduler: false,
            logLevel: "warn",
            connectTimeout: WEBSOCKET_OPEN_MS_MAX,
            backoffIncrement: 200,
        });
    }

    open(): Promise<void> {
        return new Promise((resolve, reject) => {
            let isOpen = false;
            let handshakes = 0;
            const fail = (reason: string) => {
                clearTimeout(timer);
                this.#giveUp();
                reject(new Error(reason));
            };
            const timer = setTimeout(() => fail("the server does not answer"), OPEN_MS_MAX);
            this.#client.addListener("/meta/handshake", (reply) => {
                handshakes += 1;
                if (reply.successful === true) {
                    this.#client.subscribe(this.#channel, (message) => this.#take(message), (subscribed) => {
                        clearTimeout(timer);
                        isOpen = subscribed.successful === true;
                        isOpen ? resolve() : fail("the subscription was refused");
                    });
                } else if (handshakes >= HANDSHAKES_MAX || reply.advice?.reconnect === "none") {
                    fail("the handshake failed");
                }
            });
            this.#client.addListener("/meta/connect", (reply) => {
                if (reply.successful !== true) {
                    isOpen ? this.#lose() : fail("the connection failed");
                }
            });
            this.#client.addListener("/meta/disconnect", () => this.#lose());
            this.#client.handshake();
        });
    }

    publish(operation: Operation, data: OperationData): Promise<void> {
        return new Promise((resolve, reject) => {
            if (this.#isOver) {
                reject(new Error("the link is closed"));
                return;
            }
            this.#client.publish(this.#channel, {operation, ...data}, (reply) => {
                if (reply.successful === true) {
                    resolve();
                } else {
                    reject(new Error(`${operation} was not taken`));
                    this.#lose();
                }
            });
        });
    }

    close(): void {
        this.#giveUp();
    }

    #take(message: Message): void {
        const answer = readAnswer(message.data);
        if (answer !== undefined && !this.#isOver) {
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
            this.#client.disconnect();
        }
    }
}
