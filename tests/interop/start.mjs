// How existing desktops and pages start, replayed call by call: an agent whose client appends the last word of every meta channel to the
// address, who subscribes to all documented topics one by one and only then starts the session, voice among its channels; and a customer
// whose window adds a slash to every address. Usage: node start.mjs long-polling|websocket

import assert from "node:assert/strict";

import {Caller, check, origin, run, succeeded} from "./lib/center.mjs";
import {Inbox} from "./lib/inbox.mjs";
import {SuffixAgent} from "./lib/suffix-agent.mjs";
import {SuffixClient} from "./lib/suffix-client.mjs";

/** Every topic that the documents name, in the order in which a desktop asks for them; it gives up when one is refused. */
const TOPICS = [
    "/v2/me",
    "/v2/me/devices",
    "/v2/me/calls",
    "/v2/me/outbound",
    "/v2/me/callbacks",
    "/v2/me/channels",
    "/v2/me/interactions",
    "/v2/me/chats",
    "/v2/me/emails",
    "/v2/me/workitems",
    "/v2/me/openmedia",
    "/v2/me/workbins",
    "/v2/me/statistics",
    "/v2/statistics",
    "/v2/ucs/interactions",
    "/notifications/services",
];
const CHANNELS = ["voice", "chat", "email", "workitem"];
const START = {operationName: "StartContactCenterSession", channels: CHANNELS};
const SERVICE = "customer-support";
const CHAT_CHANNEL = `/service/chatV2/${SERVICE}`;
/** How long each step may take, in s. */
const BOUND = 15;

const [transport] = process.argv.slice(2);
const kate = new SuffixAgent("kate");
const intake = new Caller("intake");

/** Posts a form to an address with a slash behind it; gives the answer, which must be a success. */
async function posted(path, body) {
    const response = await fetch(`${origin}${path}/`, {method: "POST", body, signal: AbortSignal.timeout(BOUND * 1000)});
    return succeeded({status: response.status, value: await response.json()}, path);
}

/** A customer whose window adds a slash to every address. */
class Customer {
    async begin() {
        const fields = new URLSearchParams({nickname: "Ada", subject: "Invoice", "userData[Order]": "17"});
        const answer = await posted(`/genesys/2/chat/${SERVICE}`, fields);
        Object.assign(this, {id: answer.chatId, key: answer.secureKey, userId: answer.userId});
        assert.ok(answer.nextPosition > 0, JSON.stringify(answer));
    }

    does(operation, fields = {}) {
        const all = {secureKey: this.key, userId: this.userId, alias: "1", ...fields};
        return posted(`/genesys/2/chat/${SERVICE}/${this.id}/${operation}`, new URLSearchParams(all));
    }

    async reads(text) {
        const {messages} = await this.does("refresh", {transcriptPosition: "1"});
        assert.ok(messages.some(message => message.text === text), JSON.stringify(messages));
    }
}

async function states() {
    const {channels} = succeeded(await kate.call("GET", "/me/channels?fields=*"), "GET /me/channels");
    return Object.fromEntries(channels.map(({channel, userState}) => [channel, userState.state]));
}

async function startsTheSession() {
    await check("the channels are there before the first session, or logged out after one", BOUND, async () => {
        const {uris} = succeeded(await kate.call("GET", "/me/channels"), "GET /me/channels");
        assert.ok(uris.some(uri => uri.endsWith("/api/v2/me/channels/chat")), JSON.stringify(uris));
        assert.equal((await states()).chat, "LoggedOut");
    });
    await check("handshake and connect, each at an address of its own", BOUND, () => kate.connect(transport));
    for (const topic of TOPICS) {
        await check(`${topic} is granted`, BOUND, () => kate.subscribe(topic));
    }
    await check("StartContactCenterSession after the last subscription", BOUND, async () => {
        assert.deepEqual(succeeded(await kate.call("POST", "/me", START), "Start"), {statusCode: 0});
        await kate.seesChannels(CHANNELS, "NotReady");
    });
    await check("Ready on voice, which is shown and told and routes nothing", BOUND, async () => {
        succeeded(await kate.call("POST", "/me/channels/voice", {operationName: "Ready"}), "voice Ready");
        await kate.seesChannels(["voice"], "Ready");
        assert.deepEqual(await states(), {voice: "Ready", chat: "NotReady", email: "NotReady", workitem: "NotReady"});
    });
    await check("Ready on everything", BOUND, () => kate.me("Ready"));
}

async function works() {
    await check("a work item comes, is accepted and completed", BOUND, async () => {
        const body = {operationName: "Create", channel: "workitem", queueName: "tasks", subject: "start"};
        const {id} = succeeded(await intake.call("POST", "/interactions", body), "Create");
        await kate.sees(id, "Invited");
        succeeded(await kate.command(id, "Accept"), "Accept");
        await kate.sees(id, "Processing");
        succeeded(await kate.command(id, "Complete"), "Complete");
        await kate.sees(id, "Completed");
    });
}

async function comesBack() {
    await check("a new handshake and another Start leave every Ready as it is", BOUND, async () => {
        await kate.disconnect();
        await kate.connect(transport);
        for (const topic of TOPICS) {
            await kate.subscribe(topic);
        }
        assert.deepEqual(succeeded(await kate.call("POST", "/me", START), "Start"), {statusCode: 0});
        assert.deepEqual(new Set(Object.values(await states())), new Set(["Ready"]));
    });
}

async function chats(customer) {
    await check("a chat begins at an address with a slash and reaches the agent", BOUND, async () => {
        await customer.begin();
        await kate.sees(customer.id, "Invited");
        succeeded(await kate.command(customer.id, "Accept"), "Accept");
        await kate.sees(customer.id, "Chatting");
    });
    await check("every operation of the window has a slash", BOUND, async () => {
        await customer.does("startTyping");
        await customer.does("send", {message: "Hello"});
        await customer.does("stopTyping");
        succeeded(await kate.command(customer.id, "Send", {text: "Good day"}), "Send");
        await customer.reads("Good day");
        await customer.does("readReceipt", {transcriptPosition: "1"});
        await customer.does("customNotice", {message: "page 2"});
        await customer.does("pushUrl", {pushUrl: "https://shop.example/"});
        await customer.does("updateNickname", {nickname: "Ada L."});
        await customer.does("updateData", {"userData[Page]": "2"});
    });
    await check("files as well, at both doors", BOUND, async () => {
        await customer.does("file/limits");
        for (const path of [`/genesys/2/chat/${SERVICE}/${customer.id}/file`, "/genesys/2/chat-ntf"]) {
            const form = new FormData();
            const fields = {secureKey: customer.key, operation: "fileUpload"};
            Object.entries(fields).forEach(([name, value]) => form.set(name, value));
            form.set("file", new Blob(["what I saw"], {type: "text/plain"}), "seen.txt");
            await posted(path, form);
        }
    });
}

/** The same chat by CometD: a client that appends to this endpoint as well. */
async function listens(customer) {
    await check("the customer goes on by CometD, each message at an address of its own", BOUND, async () => {
        const inbox = new Inbox();
        const client = new SuffixClient(`${origin}/genesys/cometd`, transport, {}, inbox);
        await client.connect();
        await client.subscribe(CHAT_CHANNEL);
        const data = {operation: "requestNotifications", secureKey: customer.key, transcriptPosition: 0};
        await client.publish(CHAT_CHANNEL, data);
        const tells = one => one.data.messages.some(message => message.text === "Good day");
        await inbox.expect("what was said", tells);
        await client.unsubscribe(CHAT_CHANNEL);
        await client.disconnect();
    });
}

async function writes() {
    await check("the other doors take a slash as well", BOUND, async () => {
        const letter = {firstName: "Ada", lastName: "L", fromAddress: "ada@shop.example", subject: "Hi", text: "Hello"};
        await posted("/genesys/2/email/contact-us", new URLSearchParams(letter));
        await posted("/genesys/2/openmedia/workitems", new URLSearchParams({subject: "Call me"}));
    });
}

async function goes(customer) {
    await check("the chat and the session end as they began", BOUND, async () => {
        await customer.does("disconnect");
        await kate.sees(customer.id, "LeftChat");
        await kate.me("NotReady");
        for (const topic of TOPICS) {
            await kate.unsubscribe(topic);
        }
        await kate.disconnect();
        await kate.me("EndContactCenterSession");
    });
}

run(`start sequences over ${transport}`, 90_000, async () => {
    assert.ok(["long-polling", "websocket"].includes(transport), "usage: node start.mjs long-polling|websocket");
    const customer = new Customer();
    await startsTheSession();
    await works();
    await comesBack();
    await chats(customer);
    await listens(customer);
    await goes(customer);
    await writes();
});
