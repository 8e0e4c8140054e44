// Records what the program tells an agent, for the tests: the topics of the desk, and what a read
// says before and after. Everybody in it is made up.
//
//     node test/record.mjs http://127.0.0.1:8090 > test/state/recorded.json
//
// against a demo with fresh data (`cargo demo`).

const base = process.argv[2];
const api = `${base}/api/v2`;
const TOPICS = ["/v2/me/interactions", "/v2/me/channels", "/v2/me/workbins"];
const CHAT = "/genesys/2/chat/customer-support";

function headersOf(userName) {
    const pair = Buffer.from(`${userName}:handoff-demo`).toString("base64");
    return {
        Authorization: `Basic ${pair}`,
        "X-Requested-With": "XMLHttpRequest",
        "Content-Type": "application/json",
    };
}

async function call(userName, method, path, body) {
    const text = body === undefined ? {} : {body: JSON.stringify(body)};
    const response = await fetch(`${api}/${path}`, {method, headers: headersOf(userName), ...text});
    return response.json();
}

async function customer(path, fields) {
    const response = await fetch(base + path, {method: "POST", body: new URLSearchParams(fields)});
    return response.json();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A CometD session over long polls that keeps what it hears. */
class Session {
    heard = [];
    isOver = false;
    #cookie = "";
    #clientId = "";
    #ack = 0;

    async send(messages) {
        const response = await fetch(`${api}/notifications`, {
            method: "POST",
            headers: {...headersOf("kate"), Cookie: this.#cookie},
            body: JSON.stringify(messages),
        });
        const cookies = response.headers.getSetCookie();
        this.#cookie = cookies.length > 0
            ? cookies.map((cookie) => cookie.split(";")[0]).join("; ")
            : this.#cookie;
        return response.json();
    }

    async open() {
        const [hello] = await this.send([{
            channel: "/meta/handshake",
            version: "1.0",
            supportedConnectionTypes: ["long-polling"],
            ext: {ack: true},
        }]);
        this.#clientId = hello.clientId;
        await this.send(TOPICS.map((subscription) => ({
            channel: "/meta/subscribe",
            clientId: this.#clientId,
            subscription,
            ext: {replay: -1},
        })));
        void this.#listen();
    }

    async #listen() {
        while (!this.isOver) {
            const messages = await this.send([{
                channel: "/meta/connect",
                clientId: this.#clientId,
                connectionType: "long-polling",
                ext: {ack: this.#ack},
            }]);
            for (const {channel, data, ext} of messages) {
                if (channel === "/meta/connect") {
                    this.#ack = ext?.ack ?? this.#ack;
                } else if (data !== undefined) {
                    this.heard.push({topic: channel, data});
                }
            }
        }
    }
}

/** What a desk reads at first. */
async function read() {
    const {user} = await call("kate", "GET", "me?subresources=channels,groups");
    const {interactions} = await call("kate", "GET", "me/interactions?fields=*");
    const {workbins} = await call("kate", "GET", "me/workbins?fields=*");
    const parked = {};
    for (const {id} of workbins) {
        const content = await call("kate", "GET", `me/workbins/${id}/interactions?fields=*`);
        parked[id] = content.interactions;
    }
    const transcripts = {};
    for (const {id, channel, state} of interactions) {
        if (channel === "chat" && state !== "Invited") {
            const {messages} = await call("kate", "GET", `me/chats/${id}/messages`);
            transcripts[id] = messages;
        }
    }
    return {user, interactions, workbins, parked, transcripts};
}

async function act(id, operationName, fields = {}) {
    return call("kate", "POST", `me/interactions/${id}`, {operationName, ...fields});
}

/** Accepts whatever is offered. */
async function acceptAll() {
    await pause(1_500);
    const {interactions} = await call("kate", "GET", "me/interactions?fields=*");
    for (const {id, state} of interactions) {
        if (state === "Invited") {
            await act(id, "Accept");
        }
    }
    return interactions;
}

async function day() {
    const channels = ["chat", "email", "workitem"];
    await call("kate", "POST", "me", {operationName: "StartContactCenterSession", channels});
    const {workbins} = await call("kate", "GET", "me/workbins?fields=*");
    const ids = workbins.map(({id}) => id).join(",");
    await call("kate", "POST", `me/workbins?workbinIds=${ids}`, {operationName: "Subscribe"});
    await call("kate", "POST", "me", {operationName: "Ready"});

    const ann = await customer(CHAT, {nickname: "Ann", subject: "Parcel not arrived"});
    const inChat = (operation, fields) =>
        customer(`${CHAT}/${ann.chatId}/${operation}`, {secureKey: ann.secureKey, ...fields});
    await acceptAll();
    await inChat("send", {message: "Where is my parcel?"});
    await inChat("startTyping", {});
    await act(ann.chatId, "Send", {text: "I look for it."});
    await act(ann.chatId, "Send", {text: "Third case today", visibility: "Agents"});
    await act(ann.chatId, "AttachUserData", {userData: {order: "DK-20418"}});
    await act(ann.chatId, "Transfer", {userName: "ben"});

    await customer("/genesys/2/email/contact-us", {
        firstName: "Jonas", lastName: "Falk", fromAddress: "jonas@falk.example",
        subject: "Invoice 2031", text: "I was charged twice.",
    });
    for (const subject of ["Call back", "Refund 4711"]) {
        await call("intake", "POST", "interactions", {
            operationName: "Create", channel: "workitem", queueName: "tasks", subject,
        });
    }
    const work = await acceptAll();
    const letter = work.find(({channel}) => channel === "email");
    await act(letter.id, "Reply", {quoteOriginal: true});
    const [parked, done] = work.filter(({channel}) => channel === "workitem");
    await act(parked.id, "PlaceInWorkbin", {workbin: "In Progress"});
    await act(done.id, "Complete");

    const second = await customer(CHAT, {nickname: "Tom", subject: "Leaves at once"});
    await pause(1_000);
    await customer(`${CHAT}/${second.chatId}/disconnect`, {secureKey: second.secureKey});
    await inChat("disconnect", {});
    await pause(1_500);
}

const session = new Session();
await session.open();
const before = await read();
await day();
session.isOver = true;
const after = await read();
console.log(JSON.stringify({before, heard: session.heard, after}));
process.exit(0);
