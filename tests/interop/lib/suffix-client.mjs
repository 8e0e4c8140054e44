// A Bayeux client as the Java client of CometD and its .NET ports are, written from docs/api/README.md ("Notifications"): one message to a
// request, and the request goes to an address that ends in the last word of the message's channel.

import assert from "node:assert/strict";
import {once} from "node:events";

import WebSocket from "ws";

import {BOUND} from "./center.mjs";

/** Carries messages by requests. */
class LongPolling {
    constructor(endpoint, headers) {
        this.type = "long-polling";
        this.endpoint = endpoint;
        this.headers = {...headers, "content-type": "application/json"};
    }

    async open() {}

    /** Sends a message; gives everything that came back. */
    async exchange(message) {
        const word = message.channel.split("/").at(-1);
        const address = message.channel.startsWith("/meta/") ? `${this.endpoint}/${word}` : `${this.endpoint}/`;
        const response = await fetch(address, {
            method: "POST",
            headers: this.headers,
            body: JSON.stringify([message]),
            // A held poll takes as long as the server likes.
            signal: AbortSignal.timeout(message.channel === "/meta/connect" ? 60_000 : BOUND),
        });
        assert.equal(response.status, 200, `${address}: ${response.status}`);
        return response.json();
    }

    close() {}
}

/** Carries messages by one socket, opened at an address with a word of the client's own behind it. */
class Socket {
    #socket;
    #waiting = new Map();

    constructor(endpoint, headers, pushed) {
        this.type = "websocket";
        this.endpoint = endpoint;
        this.headers = headers;
        this.pushed = pushed;
    }

    async open() {
        this.#socket = new WebSocket(`${this.endpoint.replace("http", "ws")}/socket`, {headers: this.headers});
        this.#socket.on("message", text => this.#take(JSON.parse(text)));
        await once(this.#socket, "open", {signal: AbortSignal.timeout(BOUND)});
    }

    exchange(message) {
        return new Promise(resolve => {
            this.#waiting.set(message.id, resolve);
            this.#socket.send(JSON.stringify([message]));
        });
    }

    close() {
        this.#socket.close();
    }

    #take(messages) {
        for (const message of messages) {
            const answered = message.successful === undefined ? undefined : this.#waiting.get(message.id);
            this.#waiting.delete(message.id);
            answered ? answered([message]) : this.pushed([message]);
        }
    }
}

/** A client of one endpoint. `inbox` gets what comes on channels. */
export class SuffixClient {
    #carrier;
    #inbox;
    #number = 0;
    #polling;
    #isOver = false;

    constructor(endpoint, transport, headers, inbox) {
        const pushed = messages => this.#sort(messages);
        this.#carrier = transport === "websocket" ? new Socket(endpoint, headers, pushed) : new LongPolling(endpoint, headers);
        this.#inbox = inbox;
    }

    /** Opens a session; polls until it is closed. */
    async connect() {
        await this.#carrier.open();
        const shaken = await this.#send({
            channel: "/meta/handshake",
            version: "1.0",
            supportedConnectionTypes: [this.#carrier.type],
        });
        this.clientId = shaken.clientId;
        const first = await this.#poll();
        assert.ok(first.successful, JSON.stringify(first));
        this.#polling = this.#keepPolling();
    }

    subscribe(topic) {
        return this.#send({channel: "/meta/subscribe", subscription: topic});
    }

    unsubscribe(topic) {
        return this.#send({channel: "/meta/unsubscribe", subscription: topic});
    }

    publish(channel, data) {
        return this.#send({channel, data});
    }

    async disconnect() {
        this.#isOver = true;
        await this.#send({channel: "/meta/disconnect"});
        await this.#polling;
        this.#carrier.close();
    }

    #poll() {
        return this.#send({channel: "/meta/connect", connectionType: this.#carrier.type}, false);
    }

    async #keepPolling() {
        while (!this.#isOver) {
            const reply = await this.#poll();
            if (!reply.successful && !this.#isOver) {
                throw new Error(`the session ended: ${JSON.stringify(reply)}`);
            }
        }
    }

    /** Sends a message and gives the reply to it, which must be a success unless that is not asked for. */
    async #send(message, mustSucceed = true) {
        this.#number += 1;
        const id = `${this.#number}`;
        const messages = await this.#carrier.exchange({id, ...message, ...(this.clientId && {clientId: this.clientId})});
        const [reply] = this.#sort(messages).filter(one => one.id === id);
        assert.ok(reply, `no reply to ${JSON.stringify(message)}`);
        assert.ok(reply.successful || !mustSucceed, `${JSON.stringify(message)}: ${JSON.stringify(reply)}`);
        return reply;
    }

    /** Gives replies, and puts everything else into the inbox. */
    #sort(messages) {
        const isReply = message => message.successful !== undefined;
        messages.filter(message => !isReply(message)).forEach(message => this.#inbox.push(message));
        return messages.filter(isReply);
    }
}
