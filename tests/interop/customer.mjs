// A customer's chat with the npm package `cometd`, as the customer API's clients use it: one channel, which is subscribed and published to.
// An agent answers by REST. Usage: node customer.mjs long-polling|websocket

import assert from "node:assert/strict";

import {adapt} from "cometd-nodejs-client";
import {CometD} from "cometd";

import {check, origin, succeeded} from "./lib/center.mjs";
import {JavaScriptAgent} from "./lib/javascript-agent.mjs";

const [transport] = process.argv.slice(2);
const CHANNEL = "/service/chatV2/customer-support";
/** How long each step may take, in s. */
const BOUND = 15;

/** A customer; every connection is a session of its own, as after a reload of the page. */
class Customer {
    heard = [];
    #cometd;

    async connect() {
        adapt();
        this.#cometd = new CometD();
        this.#cometd.configure({url: `${origin}/genesys/cometd`, logLevel: "warn"});
        this.#cometd.unregisterTransport(transport === "websocket" ? "long-polling" : "websocket");
        const reply = await new Promise(done => this.#cometd.handshake(done));
        assert.ok(reply.successful, JSON.stringify(reply));
        await new Promise(done => this.#cometd.subscribe(CHANNEL, message => this.#hear(message), done));
    }

    async disconnect() {
        await new Promise(done => this.#cometd.disconnect(done));
    }

    async ask(operation, fields = {}) {
        const data = {operation, secureKey: this.key, ...fields};
        const reply = await new Promise(done => this.#cometd.publish(CHANNEL, data, done));
        assert.ok(reply.successful, JSON.stringify(reply));
    }

    /** Waits for an answer of the chat. */
    async hears(holds) {
        for (;;) {
            const found = this.heard.find(holds);
            if (found) {
                return found;
            }
            await new Promise(done => setTimeout(done, 20));
        }
    }

    get messages() {
        return this.heard.flatMap(({messages}) => messages ?? []);
    }

    get indexes() {
        return this.messages.map(({index}) => index).filter(index => index > 0);
    }

    #hear({data}) {
        this.heard.push(data);
        this.key = data.secureKey ?? this.key;
    }
}

const customer = new Customer();
const kate = new JavaScriptAgent("kate");
const said = text => answer => answer.messages?.some(message => message.text === text);
let id;

await check("the customer asks for a chat and learns its key and their place", BOUND, async () => {
    await customer.connect();
    await customer.ask("requestChat", {firstName: "Ada", lastName: "Byron", subject: "help", userData: {Plan: "gold"}});
    const answer = await customer.hears(({statusCode}) => statusCode === 0);
    id = answer.chatId;
    assert.equal(answer.queuePosition, 1);
    assert.equal(answer.chatEnded, false);
    assert.equal(answer.messages[0].type, "ParticipantJoined");
});

await check("the agent is offered it, accepts and sees what was said before", BOUND, async () => {
    await customer.ask("sendMessage", {message: "is anybody there?", messageId: "m1"});
    await customer.ask("sendMessage", {message: "is anybody there?", messageId: "m1"});
    await kate.connect("long-polling");
    await kate.subscribe("/v2/me/chats");
    succeeded(await kate.call("POST", "/me", {operationName: "StartContactCenterSession", channels: ["chat"]}), "session");
    succeeded(await kate.call("POST", "/me", {operationName: "Ready"}), "ready");
    for (;;) {
        const {value} = await kate.call("GET", `/interactions/${id}`);
        if (value.interaction.state === "Invited") {
            break;
        }
        await new Promise(done => setTimeout(done, 50));
    }
    succeeded(await kate.call("POST", `/me/chats/${id}`, {operationName: "Accept", nickname: "Kate"}), "accept");
    const history = await kate.inbox.expect("the history", ({data}) => data.messageType === "MessageLogUpdated");
    assert.deepEqual(history.data.messages.map(({type}) => type), ["ParticipantJoined", "Text"]);
});

await check("both talk, and a retried message is said once", BOUND, async () => {
    succeeded(await kate.call("POST", `/me/chats/${id}`, {operationName: "SendMessage", text: "good morning"}), "send");
    await customer.hears(said("good morning"));
    await customer.ask("sendMessage", {message: "my question"});
    await customer.hears(said("my question"));
    assert.deepEqual(customer.indexes, [1, 2, 3, 4, 5]);
});

await check("typing is told to the other side and takes no index of a message", BOUND, async () => {
    succeeded(await kate.call("POST", `/me/chats/${id}`, {operationName: "SendStartTypingNotification"}), "typing");
    const note = await customer.hears(({messages}) => messages?.some(({type}) => type === "TypingStarted"));
    assert.ok(note.messages.find(({type}) => type === "TypingStarted").index < 0);
    await customer.ask("startTyping");
    const typing = ({data}) => data.messages?.some(({type}) => type === "TypingStarted");
    await kate.inbox.expect("the customer types", typing);
});

await check("a new session goes on where the customer stopped", BOUND, async () => {
    const last = Math.max(...customer.indexes);
    await customer.disconnect();
    succeeded(await kate.call("POST", `/me/chats/${id}`, {operationName: "SendMessage", text: "are you there?"}), "send");
    await customer.connect();
    await customer.ask("requestNotifications", {transcriptPosition: String(last + 1)});
    await customer.hears(said("are you there?"));
    assert.deepEqual(customer.indexes, [1, 2, 3, 4, 5, 6]);
});

await check("a wrong key is told nothing", BOUND, async () => {
    const key = customer.key;
    customer.key = `${"0".repeat(32)}${id}`;
    await customer.ask("sendMessage", {message: "let me in"});
    const refused = await customer.hears(({errors}) => errors?.[0].code === 3001);
    assert.equal(refused.statusCode, 2);
    customer.key = key;
});

await check("the customer leaves, and the agent completes the chat", BOUND, async () => {
    await customer.ask("disconnect");
    await customer.hears(({chatEnded}) => chatEnded);
    const {value} = await kate.call("GET", `/interactions/${id}`);
    assert.equal(value.interaction.state, "LeftChat");
    succeeded(await kate.call("POST", `/me/chats/${id}`, {operationName: "Complete"}), "complete");
    await customer.disconnect();
    succeeded(await kate.call("POST", "/me", {operationName: "EndContactCenterSession"}), "end");
    await kate.disconnect();
});
process.exit(0);
