// What every client must be able to do: handshake, subscribe, be told, disconnect.
// Usage: node smoke.mjs cometd-3|faye long-polling|websocket

import assert from "node:assert/strict";
import {createRequire} from "node:module";

import {Agent} from "./lib/agent.mjs";
import {Caller, basic, notifications, run, step, succeeded} from "./lib/center.mjs";

const require = createRequire(import.meta.url);
const [client, transport] = process.argv.slice(2);

/** An agent who calls the API with Basic credentials and listens in the way of a subclass. */
class CallingAgent extends Agent {
    #caller = new Caller("kate");

    call(method, path, body) {
        return this.#caller.call(method, path, body);
    }
}

/** npm `cometd` 3.1 through `cometd-nodejs-client` 1, which sends cookies back with their attributes. */
class Cometd3Agent extends CallingAgent {
    async connect() {
        require("cometd-nodejs-client-1").adapt();
        const authorization = basic(this.user);
        // See javascript-agent.mjs: a browser would send the credentials by itself.
        window.WebSocket = class extends window.WebSocket {
            constructor(url, protocols) {
                super(url, protocols ?? [], {headers: {authorization}});
            }
        };
        const {CometD} = require("cometd-3");
        this.cometd = new CometD();
        this.cometd.configure({url: notifications, requestHeaders: {Authorization: authorization}, logLevel: "warn"});
        this.cometd.unregisterTransport(transport === "websocket" ? "long-polling" : "websocket");
        const reply = await new Promise(done => this.cometd.handshake(done));
        assert.ok(reply.successful, JSON.stringify(reply));
        assert.equal(this.cometd.getTransport().getType(), transport);
    }

    async subscribe(topic) {
        const take = ({channel, data}) => this.inbox.push({channel, data});
        const reply = await new Promise(done => this.cometd.subscribe(topic, take, done));
        assert.ok(reply.successful, JSON.stringify(reply));
    }

    async disconnect() {
        const reply = await new Promise(done => this.cometd.disconnect(done));
        assert.ok(reply.successful, JSON.stringify(reply));
    }
}

/** npm `faye`, which shakes hands over HTTP and may go on over a WebSocket with the same client id. */
class FayeAgent extends CallingAgent {
    async connect() {
        const faye = require("faye");
        this.faye = new faye.Client(notifications, {timeout: 45, retry: 1});
        this.faye.setHeader("Authorization", basic(this.user));
        this.faye.disable("callback-polling");
        if (transport === "long-polling") {
            this.faye.disable("websocket");
        }
        await new Promise(done => this.faye.connect(done));
        // Private, but the only place that tells which transport the client went on with.
        assert.equal(this.faye._dispatcher.connectionType, transport);
    }

    async subscribe(topic) {
        await this.faye.subscribe(topic, data => this.inbox.push({channel: topic, data}));
    }

    async disconnect() {
        await this.faye.disconnect();
    }
}

run(`${client} over ${transport}`, 25_000, async () => {
    const agents = {"cometd-3": Cometd3Agent, faye: FayeAgent};
    assert.ok(agents[client], "usage: node smoke.mjs cometd-3|faye long-polling|websocket");
    const kate = new agents[client]("kate");
    await kate.comeToWork(transport);
    step("handshake and subscription");
    const intake = new Caller("intake");
    const body = {operationName: "Create", channel: "workitem", queueName: "tasks", subject: "Smoke"};
    for (let round = 0; round < 3; round += 1) {
        const id = succeeded(await intake.call("POST", "/interactions", body), "Create").id;
        const offer = await kate.sees(id, "Invited");
        assert.equal(offer.subject, "Smoke");
        succeeded(await kate.command(id, "Accept"), "Accept");
        await kate.sees(id, "Processing");
        succeeded(await kate.command(id, "Complete"), "Complete");
        await kate.sees(id, "Completed");
    }
    step("three work items: offered, owned, completed");
    await kate.me("EndContactCenterSession");
    await kate.disconnect();
    step("disconnected");
});
