// An agent who listens with the npm package `cometd` 9 through `cometd-nodejs-client` 2, with the acknowledgement extension that
// desktops use. One to a process: the adapter keeps one cookie jar for all clients of a process.

import {adapt} from "cometd-nodejs-client";
import {CometD} from "cometd";
import {AckExtension} from "cometd/AckExtension.js";

import {Agent} from "./agent.mjs";
import {Caller, basic, notifications} from "./center.mjs";

/** An agent with the JavaScript client. */
export class JavaScriptAgent extends Agent {
    #caller;
    #cometd;

    constructor(user) {
        super(user);
        this.#caller = new Caller(user);
    }

    call(method, path, body) {
        return this.#caller.call(method, path, body);
    }

    async connect(transport) {
        adapt();
        const authorization = basic(this.user);
        // A browser sends the page's credentials when it opens a WebSocket; the adapter's does not, so they are added here.
        window.WebSocket = class extends window.WebSocket {
            constructor(url, protocols) {
                super(url, protocols ?? [], {headers: {authorization}});
            }
        };
        const cometd = new CometD();
        cometd.registerExtension("ack", new AckExtension());
        cometd.configure({url: notifications, requestHeaders: {Authorization: authorization}, logLevel: "warn"});
        cometd.unregisterTransport(transport === "websocket" ? "long-polling" : "websocket");
        await answered("handshake", done => cometd.handshake(done));
        if (cometd.getTransport().type !== transport) {
            throw new Error(`the client chose ${cometd.getTransport().type}, not ${transport}`);
        }
        this.#cometd = cometd;
    }

    async subscribe(topic) {
        const take = ({channel, data}) => this.inbox.push({channel, data});
        await answered(`subscribe to ${topic}`, done => this.#cometd.subscribe(topic, take, done));
    }

    async disconnect() {
        await answered("disconnect", done => this.#cometd.disconnect(done));
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
