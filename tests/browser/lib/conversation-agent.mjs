// An agent in a conversation: their desk is another process (conversation-desk.mjs), their notifications come through a relay that can be cut,
// and they keep what they were told.

import assert from "node:assert/strict";
import {fork} from "node:child_process";
import {fileURLToPath} from "node:url";

import {Cut} from "../../interop/lib/cut.mjs";
import {entry} from "./conversation-check.mjs";

/** The two topics on which agents are told what is said, and how the messages that do are called there. */
const TOPICS = {"/v2/me/chats": "messageType", "/v2/me/interactions": "notificationType"};
const SAID = {messageType: "MessageLogUpdated", notificationType: "NewMessages"};

/** An agent of the demo center. */
export class Agent {
    #desk;
    #origin;
    #asked = 0;
    #waiting = new Map();

    /** Seats an agent; nobody knows of them before they connect. */
    static async at(origin, user, {isCareful = true} = {}) {
        const agent = new Agent();
        agent.user = user;
        agent.#origin = origin;
        agent.line = await Cut.to(origin);
        agent.#desk = fork(
            fileURLToPath(new URL("conversation-desk.mjs", import.meta.url)),
            [JSON.stringify({user, endpoint: agent.line.notifications, isCareful})],
            {env: {...process.env, HANDOFF_ORIGIN: origin}, execArgv: []},
        );
        agent.#desk.on("message", answer => agent.#take(answer));
        agent.#desk.on("exit", code => agent.#gone(new Error(`${user}'s desk ended with ${code}`)));
        return agent;
    }

    /** Listens to everything that tells of chats. */
    connect(transport) {
        return this.#ask("connect", {transport, topics: Object.keys(TOPICS)});
    }

    /** Starts to work; `isReady` when chats may be offered to them. */
    async comeToWork({isReady}) {
        await this.succeeds("POST", "/me", {operationName: "StartContactCenterSession", channels: ["chat"]});
        if (isReady) {
            await this.succeeds("POST", "/me", {operationName: "Ready"});
        }
        this.id = (await this.succeeds("GET", "/me")).user.id;
    }

    /** Does something with the chat. */
    does(chatId, operationName, fields = {}) {
        return this.succeeds("POST", `/me/chats/${chatId}`, {operationName, ...fields});
    }

    /** Says something, whatever becomes of the program meanwhile. */
    async insists(chatId, text) {
        const body = {operationName: "SendMessage", text};
        const answer = await this.#ask("insist", {method: "POST", path: `/me/chats/${chatId}`, body, key: encodeURIComponent(text)});
        assert.equal(answer.value.statusCode, 0, `${this.user}, ${text}: ${JSON.stringify(answer)}`);
    }

    /** Sends a request that must succeed. */
    async succeeds(method, path, body) {
        const answer = await this.#ask("call", {method, path, body});
        assert.equal(answer.value.statusCode, 0, `${this.user}, ${path}, ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
        return answer.value;
    }

    /** Fetches a file of the chat as text. */
    async reads(chatId, fileId) {
        const response = await this.#files(chatId, `/${fileId}`);
        return response.text();
    }

    /** Sends a text as a file. */
    async attach(chatId, name, text) {
        const body = new FormData();
        body.set("attachment", new File([text], name, {type: "text/plain"}));
        const answer = await (await this.#files(chatId, "", {method: "POST", body})).json();
        assert.equal(answer.statusCode, 0, JSON.stringify(answer));
    }

    /** Everything that they were told, oldest first, as {channel, data}. */
    heard() {
        return this.#ask("heard", {});
    }

    /** What they were told in passing, without an index: who types. */
    async notes() {
        return (await this.#told("/v2/me/chats")).filter(({index}) => index === undefined);
    }

    /** The entries that they were told on a topic, in the order in which they came; answers to their own questions are not among them. */
    async view(topic = "/v2/me/chats") {
        return (await this.#told(topic)).filter(({index}) => index !== undefined);
    }

    /** The same on each topic. */
    async views() {
        const views = Object.keys(TOPICS).map(async topic => ({topic, entries: await this.view(topic)}));
        return Promise.all(views);
    }

    /** Reads the chat from its beginning, as it is stored. */
    async history(chatId) {
        const {referenceId} = await this.does(chatId, "RequestChatHistory");
        const isPart = ({channel, data}) =>
            channel === "/v2/me/chats" && data.referenceId === referenceId && data.messageType === SAID.messageType;
        for (;;) {
            const parts = (await this.heard()).filter(isPart);
            if (parts.length > 0) {
                return parts.flatMap(({data}) => data.messages.map(entry));
            }
            await new Promise(done => setTimeout(done, 20));
        }
    }

    /** Leaves without a word; the process ends with it. */
    leave() {
        this.line.close();
        if (this.#desk.connected) {
            this.#desk.disconnect();
        }
    }

    #files(chatId, rest, request = {}) {
        const authorization = `Basic ${Buffer.from(`${this.user}:handoff-demo`).toString("base64")}`;
        return fetch(`${this.#origin}/api/v2/me/interactions/${chatId}/attachments${rest}`, {...request, headers: {authorization}});
    }

    async #told(topic) {
        const key = TOPICS[topic];
        const updates = (await this.heard()).filter(({channel, data}) => channel === topic && data[key] === SAID[key]);
        const events = updates.filter(({data}) => data.sequence !== undefined || data.referenceId === undefined);
        return events.flatMap(({data}) => data.messages.map(entry));
    }

    #ask(what, fields) {
        this.#asked += 1;
        const number = this.#asked;
        return new Promise((resolve, reject) => {
            this.#waiting.set(number, {resolve, reject});
            this.#desk.send({number, what, fields});
        });
    }

    #take({number, answer, error}) {
        const {resolve, reject} = this.#waiting.get(number);
        this.#waiting.delete(number);
        if (error === undefined) {
            resolve(answer);
        } else {
            reject(new Error(`${this.user}: ${error}`));
        }
    }

    #gone(error) {
        this.#waiting.forEach(({reject}) => reject(error));
        this.#waiting.clear();
    }
}
