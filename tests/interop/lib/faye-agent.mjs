// An agent who listens with npm `faye`, which shakes hands over HTTP and may go on over a WebSocket with the same client id.

import {createRequire} from "node:module";
import {setTimeout as pause} from "node:timers/promises";

import {Agent} from "./agent.mjs";
import {BOUND, Caller, basic, notifications} from "./center.mjs";
import {Recall} from "./recall.mjs";

const require = createRequire(import.meta.url);

/** How long the client waits after a failure, in ms; see javascript-agent.mjs. */
const RETRY = 500;

/** How long to wait before something is looked at or tried again, in ms. */
const PAUSE = 100;

/** An agent with the faye client. */
export class FayeAgent extends Agent {
    #caller;
    #endpoint;
    #recall;
    #faye;
    #subscriptions = new Map();
    #recoveries = 0;
    #recovered = Promise.resolve();

    /** A careful client asks for what it missed after every break: the package has no acknowledgements. */
    constructor(user, {endpoint = notifications, isCareful = true} = {}) {
        super(user);
        this.#caller = new Caller(user);
        this.#endpoint = endpoint;
        this.#recall = isCareful ? new Recall() : null;
    }

    call(method, path, body) {
        return this.#caller.call(method, path, body);
    }

    async connect(transport) {
        const faye = require("faye");
        this.#faye = new faye.Client(this.#endpoint, {timeout: 45, retry: RETRY / 1000});
        this.#faye.setHeader("Authorization", basic(this.user));
        this.#faye.disable("callback-polling");
        if (transport === "long-polling") {
            this.#faye.disable("websocket");
        }
        if (this.#recall) {
            this.#faye.addExtension({
                outgoing: (message, done) => {
                    this.#recall.addTo(message);
                    done(message);
                },
            });
            let wasDown = false;
            this.#faye.on("transport:down", () => {
                wasDown = true;
            });
            this.#faye.on("transport:up", () => {
                if (wasDown) {
                    wasDown = false;
                    this.#recover();
                }
            });
        }
        await new Promise(done => this.#faye.connect(done));
        // The client begins with long-polling and changes over when its socket is open. Private, but the only place that tells.
        const chosen = () => this.#faye._dispatcher.connectionType;
        for (let waited = 0; chosen() !== transport; waited += PAUSE) {
            if (waited > BOUND) {
                throw new Error(`the client chose ${chosen()}, not ${transport}`);
            }
            await pause(PAUSE);
        }
    }

    async subscribe(topic) {
        try {
            await this.#subscribe(topic);
        } catch (error) {
            this.#subscriptions.delete(topic);
            throw error;
        }
    }

    async settled() {
        await this.#recovered;
    }

    async unsubscribe(topic) {
        await this.settled();
        this.#subscriptions.get(topic).cancel();
        this.#subscriptions.delete(topic);
    }

    async publish(topic, data) {
        await this.#faye.publish(topic, data, {attempts: 1});
    }

    /** Does all of this at once, which the client sends together if its transport is long-polling. */
    together(...doings) {
        return Promise.allSettled(doings.map(doing => doing()));
    }

    async disconnect() {
        await this.#faye.disconnect();
    }

    #take({channel, data}) {
        const kind = this.#recall?.take({channel, data}) ?? "new";
        if (kind === "new") {
            this.inbox.push({channel, data});
        } else if (kind === "gap") {
            this.#recover();
        }
    }

    #subscribe(topic) {
        const subscription = this.#faye.subscribe(topic).withChannel((channel, data) => this.#take({channel, data}));
        this.#subscriptions.set(topic, subscription);
        return subscription;
    }

    /** Asks for what was missed. One at a time: whoever asks meanwhile has it done again afterwards. */
    #recover() {
        this.#recoveries += 1;
        if (this.#recoveries === 1) {
            this.#recovered = this.#askForAll();
        }
    }

    async #askForAll() {
        for (let asked = 0; asked < this.#recoveries; ) {
            asked = this.#recoveries;
            for (const topic of [...this.#subscriptions.keys()]) {
                await this.#askAgain(topic);
            }
        }
        this.#recoveries = 0;
    }

    /**
     * Subscribes once more and then gives up the former subscription, of which the client tells the server nothing: there is another.
     * Until it is taken, since the session may be over.
     */
    async #askAgain(topic) {
        for (;;) {
            const former = this.#subscriptions.get(topic);
            try {
                await this.#subscribe(topic);
                former.cancel();
                return;
            } catch {
                this.#subscriptions.set(topic, former);
                await pause(PAUSE);
            }
        }
    }
}
