// An agent who listens with the npm package `cometd`, 9 or 3.1, through its `cometd-nodejs-client`. One at a time to a process: the
// adapter keeps one cookie jar for all clients of a process.

import {createRequire} from "node:module";

import {adapt} from "cometd-nodejs-client";
import {CometD} from "cometd";
import {AckExtension} from "cometd/AckExtension.js";

import {Agent} from "./agent.mjs";
import {Caller, basic, notifications} from "./center.mjs";
import {Recall} from "./recall.mjs";

const require = createRequire(import.meta.url);

/** What differs between the versions. `cometd-nodejs-client` 1 sends cookies back with their attributes. */
const VERSIONS = {
    9: () => ({adapt, CometD, AckExtension}),
    3: () => ({
        adapt: require("cometd-nodejs-client-1").adapt,
        CometD: require("cometd-3").CometD,
        AckExtension: require("cometd-3/AckExtension.js"),
    }),
};

/** How long the client waits after a failure, in ms: its first wait is 0, each further one longer by this. The package's own choice of a
 * second would let sessions expire that the scripts give a few seconds. */
const BACKOFF_INCREMENT = 100;

/** And at most, in ms. */
const BACKOFF_MAX = 500;

/** An agent with the JavaScript client. */
export class JavaScriptAgent extends Agent {
    #caller;
    #version;
    #endpoint;
    #recall;
    #cometd;
    #subscriptions = new Map();

    /** A careful client acknowledges, and asks for what it missed when it begins anew. */
    constructor(user, {version = 9, endpoint = notifications, isCareful = true} = {}) {
        super(user);
        this.#caller = new Caller(user);
        this.#version = version;
        this.#endpoint = endpoint;
        this.#recall = isCareful ? new Recall() : null;
    }

    call(method, path, body, headers) {
        return this.#caller.call(method, path, body, headers);
    }

    async connect(transport) {
        const {adapt, CometD, AckExtension} = VERSIONS[this.#version]();
        adapt();
        const authorization = basic(this.user);
        // A browser sends the page's credentials when it opens a WebSocket; the adapter's does not, so they are added here.
        window.WebSocket = class extends window.WebSocket {
            constructor(url, protocols) {
                super(url, protocols ?? [], {headers: {authorization}});
            }
        };
        const cometd = new CometD();
        if (this.#recall) {
            cometd.registerExtension("ack", new AckExtension());
            cometd.registerExtension("replay", this.#replay());
        }
        cometd.configure({
            url: this.#endpoint,
            requestHeaders: {Authorization: authorization},
            backoffIncrement: BACKOFF_INCREMENT,
            maxBackoff: BACKOFF_MAX,
            // Cuts are meant here, and the client would warn of each.
            logLevel: "error",
        });
        cometd.unregisterTransport(transport === "websocket" ? "long-polling" : "websocket");
        await answered("handshake", done => cometd.handshake(done));
        const chosen = cometd.getTransport().type ?? cometd.getTransport().getType();
        if (chosen !== transport) {
            throw new Error(`the client chose ${chosen}, not ${transport}`);
        }
        cometd.addListener("/meta/handshake", reply => {
            if (reply.successful) {
                this.#subscribeAgain();
            }
        });
        this.#cometd = cometd;
    }

    async subscribe(topic) {
        try {
            await answered(`subscribe to ${topic}`, done => this.#subscribe(topic, done));
        } catch (error) {
            this.#subscriptions.delete(topic);
            throw error;
        }
    }

    async unsubscribe(topic) {
        const subscription = this.#subscriptions.get(topic);
        this.#subscriptions.delete(topic);
        await answered(`unsubscribe from ${topic}`, done => this.#cometd.unsubscribe(subscription, done));
    }

    async publish(topic, data) {
        await answered(`publish to ${topic}`, done => this.#cometd.publish(topic, data, done));
    }

    /** Does all of this at once; gives the outcome of each, as `Promise.allSettled`. */
    together(...doings) {
        let outcomes;
        this.#cometd.batch(() => {
            outcomes = doings.map(doing => doing());
        });
        return Promise.allSettled(outcomes);
    }

    async disconnect() {
        await answered("disconnect", done => this.#cometd.disconnect(done));
    }

    #subscribe(topic, done) {
        this.#subscriptions.set(topic, this.#cometd.subscribe(topic, message => this.#take(message), done));
    }

    /** A new session has no subscriptions: the package leaves them to its user. */
    #subscribeAgain() {
        this.#cometd.batch(() => {
            for (const topic of this.#subscriptions.keys()) {
                this.#subscribe(topic, () => {});
            }
        });
    }

    #take({channel, data}) {
        const kind = this.#recall?.take({channel, data}) ?? "new";
        if (kind !== "old") {
            // With acknowledgements there are no gaps, so one is shown and fails the script.
            this.inbox.push(kind === "gap" ? {channel, data: {gapBefore: data}} : {channel, data});
        }
    }

    #replay() {
        return {
            incoming: message => message,
            outgoing: message => {
                this.#recall.addTo(message);
                return message;
            },
        };
    }
}

/** Waits for the reply that a client hands to a callback. */
function answered(what, ask) {
    return new Promise((resolve, reject) => {
        ask(reply => {
            if (reply.successful) {
                resolve(reply);
            } else {
                reject(new Error(`${what} was refused: ${JSON.stringify(reply)}`));
            }
        });
    });
}
