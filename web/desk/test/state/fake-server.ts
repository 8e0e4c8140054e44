// A contact center for one agent, as far as the desk's state sees one: it answers requests, numbers
// what it tells, and loses whatever a test wants lost.

import type {Link, LinkEvents, Replay} from "../../src/api/link.ts";
import {TOPICS, type Topic} from "../../src/api/notification.ts";

export const ME = "3f2b3c52-0000-4000-8000-000000000001";
export const BEN = "3f2b3c52-0000-4000-8000-000000000002";
export const BIN = "3f2b3c52-0000-4000-8000-0000000000b1";

/** Where an interaction is, as this server keeps it. */
interface Kept {
    id: string;
    channel: string;
    state: string;
    owner: string | null;
    epoch: number;
    data: Record<string, string>;
    subject?: string;
    parentId?: string;
    contactId?: string;
    lines: Record<string, unknown>[];
    isParked: boolean;
}

type Data = Record<string, unknown>;

export class FakeServer {
    readonly interactions = new Map<string, Kept>();
    readonly links = new Set<FakeLink>();
    channelState = "NotReady";
    isUp = true;
    /** Answered requests by key. */
    readonly receipts = new Map<string, Data>();
    /** What was said in chats by this agent, in order. */
    readonly said: string[] = [];
    /** Letters that this agent let go, in order. */
    readonly letters: unknown[] = [];
    /** Why no letter goes, in the server's words. */
    letterRefusal: Data | null = null;
    /** What colleagues were asked, in order. */
    readonly asked: string[] = [];
    /** What is not to be read, by the beginning of its path, with the server's words. */
    unreadable: {path: string; sentence: string} | null = null;
    /** What contacts are called, by id; `null` is that nobody knows. */
    readonly contacts = new Map<string, string | null>();
    #log: Record<Topic, {sequence: number; data: Data}[]> = emptyLog();
    #heads: Record<Topic, number> = {
        "/v2/me/interactions": 0,
        "/v2/me/channels": 0,
        "/v2/me/workbins": 0,
        "/v2/me": 0,
    };
    #references = 0;
    #ids = 0;

    /** Something comes in and is offered. */
    offer(channel: "chat" | "workitem"): string {
        this.#ids += 1;
        const id = `interaction${String(this.#ids).padStart(5, "0")}`;
        const lines: Data[] = [];
        const kept = {
            id, channel, state: "Invited", owner: null, epoch: 1, data: {}, lines, isParked: false,
        };
        this.interactions.set(id, kept);
        if (channel === "chat") {
            this.#line(kept, {type: "ParticipantJoined", from: CUSTOMER});
        }
        this.#tellState(kept);
        return id;
    }

    /** A draft in this agent's hands, and what it answers. */
    draft(): string {
        const original = this.offer("workitem");
        this.accept(original);
        const id = `${original}draft`;
        this.interactions.set(id, {
            ...this.#get(original), id, channel: "email", state: "Composing", parentId: original,
        });
        this.#tellState(this.#get(id));
        return id;
    }

    accept(id: string, referenceId?: number): void {
        const it = this.#get(id);
        it.state = it.channel === "chat" ? "Chatting" : "Processing";
        it.owner = ME;
        it.epoch += 1;
        this.#tellState(it, referenceId);
        if (it.channel === "chat") {
            this.#tellLines(it, it.lines);
        }
    }

    /** It ends, goes to somebody else, or is taken away. */
    leave(id: string, state: "Completed" | "Revoked" | "Canceled" | "Queued" | "Sent"): void {
        const it = this.#get(id);
        it.state = state;
        it.owner = null;
        it.epoch += 1;
        this.#tellState(it);
    }

    /** At another computer. */
    rewrite(id: string, subject: string): void {
        const it = this.#get(id);
        it.subject = subject;
        this.#tellState(it, undefined, "PropertiesUpdated");
    }

    park(id: string): void {
        const it = this.#get(id);
        it.state = "InWorkbin";
        it.owner = null;
        it.isParked = true;
        this.#tellState(it);
        this.tell("/v2/me/workbins", {
            messageType: "WorkbinStateChangeMessage",
            action: "ItemAdded",
            id: BIN,
        });
    }

    attach(id: string, key: string, value: string): void {
        const it = this.#get(id);
        it.data = {...it.data, [key]: value};
        this.#tellState(it, undefined, "PropertiesUpdated");
    }

    customerSays(id: string, text: string): void {
        const it = this.#get(id);
        this.#tellLines(it, [this.#line(it, {type: "Text", text, from: CUSTOMER})]);
    }

    agentSays(id: string, text: string, visibility: string, referenceId?: number): void {
        const it = this.#get(id);
        this.said.push(text);
        const line = this.#line(it, {type: "Text", text, visibility, from: AGENT});
        this.#tellLines(it, [line], referenceId);
    }

    customerTypes(id: string): void {
        const typing = {type: "TypingStarted", visibility: "All", from: CUSTOMER};
        this.#deliver("/v2/me/interactions", {
            ...this.#shown(this.#get(id)),
            ...messageHead("NewMessages"),
            messages: [typing],
        });
    }

    setChannels(state: string): void {
        this.channelState = state;
        this.tell("/v2/me/channels", {
            messageType: "ChannelStateChangeMessageV2",
            channels: this.#channels(),
        });
    }

    /** Forgets what was told until now: older numbers are answered with a Resync. */
    sweep(): void {
        this.#log = emptyLog();
    }

    /** Numbers a message and tells it. */
    tell(topic: Topic, data: Data): void {
        this.#heads[topic] += 1;
        const sequence = this.#heads[topic];
        const numbered = {...data, sequence};
        this.#log[topic].push({sequence, data: numbered});
        this.#deliver(topic, numbered);
    }

    /** Returns what a session that begins now is told first. */
    replay(topic: Topic, after: number): Data[] {
        if (after === -1) {
            return [];
        }
        const head = this.#heads[topic];
        const kept = this.#log[topic];
        const oldest = kept[0]?.sequence ?? head + 1;
        const isKnown = after <= head && after >= oldest - 1;
        const missed = kept.filter((one) => !isKnown || one.sequence > after);
        const resync = {messageType: "Resync", topic, oldest, head};
        return [...(isKnown ? [] : [resync]), ...missed.map((one) => one.data)];
    }

    /** Answers a request, as the API does; `undefined` is a path that it does not have. */
    answer(method: string, path: string, body: Data, key: string | null): Data {
        const receipt = key === null ? undefined : this.receipts.get(key);
        if (receipt !== undefined) {
            return receipt;
        }
        const answer = method === "GET" ? this.#read(path) : this.#command(path, body);
        if (key !== null && answer["statusCode"] === 0) {
            this.receipts.set(key, answer);
        }
        return answer;
    }

    #read(path: string): Data {
        if (this.unreadable !== null && path.startsWith(this.unreadable.path)) {
            return {statusCode: 4, statusMessage: this.unreadable.sentence};
        }
        const work = [...this.interactions.values()];
        const chat = /^me\/chats\/(\w+)\/messages\?index=(\d+)$/.exec(path);
        if (chat !== null) {
            const from = Number(chat[2]);
            const lines = this.#get(chat[1] ?? "").lines;
            return ok({messages: lines.filter((line) => Number(line["index"]) >= from)});
        }
        if (path.startsWith("me/interactions?")) {
            const mine = work.filter((it) => it.owner === ME || it.state === "Invited");
            return ok({interactions: mine.map((it) => this.#shown(it))});
        }
        if (path.startsWith("me/workbins?")) {
            return ok({workbins: [{id: BIN, name: "In Progress", type: "Agent"}]});
        }
        if (path.startsWith(`me/workbins/${BIN}/interactions`)) {
            const parked = work.filter((it) => it.isParked);
            return ok({interactions: parked.map((it) => this.#shown(it))});
        }
        const contact = /^ucs\/contacts\/(\w+)$/.exec(path)?.[1];
        if (contact !== undefined) {
            const displayName = this.contacts.get(contact);
            return displayName === undefined
                ? {statusCode: 6, statusMessage: "No such contact."}
                : ok({contact: {id: contact, displayName}});
        }
        const one = /^interactions\/(\w+)$/.exec(path)?.[1];
        if (one !== undefined) {
            return ok({interaction: this.#shown(this.#get(one))});
        }
        if (path.startsWith("interactions?")) {
            return ok({interactions: []});
        }
        return ok({user: {...USER, channels: this.#channels()}});
    }

    #command(path: string, body: Data): Data {
        if (body["operationName"] === "Ask") {
            this.asked.push(`${body["text"]}`);
        }
        const id = /^me\/interactions\/(\w+)$/.exec(path)?.[1];
        const it = id === undefined ? undefined : this.interactions.get(id);
        if (it === undefined) {
            return ok({});
        }
        this.#references += 1;
        const referenceId = this.#references;
        switch (body["operationName"]) {
            case "Send":
                if (it.channel === "email") {
                    if (this.letterRefusal !== null || it.state !== "Composing") {
                        return this.letterRefusal ?? {statusCode: 2, statusMessage: it.state};
                    }
                    this.letters.push(body["email"]);
                    this.leave(it.id, "Sent");
                    break;
                }
                if (it.state !== "Chatting") {
                    return {statusCode: 2, statusMessage: `The interaction is ${it.state}.`};
                }
                this.agentSays(it.id, `${body["text"]}`, `${body["visibility"]}`, referenceId);
                break;
            case "Accept":
                if (it.state !== "Invited") {
                    return {statusCode: 2, statusMessage: `The interaction is ${it.state}.`};
                }
                this.accept(it.id, referenceId);
                break;
            case "Complete":
                if (it.owner !== ME) {
                    return {statusCode: 2, statusMessage: `The interaction is ${it.state}.`};
                }
                this.leave(it.id, "Completed");
                break;
            default:
                return {statusCode: 10, statusMessage: "No such operation."};
        }
        return ok({referenceId});
    }

    #get(id: string): Kept {
        const it = this.interactions.get(id);
        if (it === undefined) {
            throw new Error(`no interaction ${id}`);
        }
        return it;
    }

    #line(it: Kept, entry: Data): Data {
        const line = {visibility: "All", ...entry, index: it.lines.length + 1, timestampSeconds: 1};
        it.lines.push(line);
        return line;
    }

    #tellState(it: Kept, referenceId?: number, change = "StatusChange"): void {
        const reference = referenceId === undefined ? {} : {referenceId};
        const message = {...this.#shown(it), ...messageHead(change), ...reference};
        this.tell("/v2/me/interactions", message);
    }

    #tellLines(it: Kept, messages: Data[], referenceId?: number): void {
        const reference = referenceId === undefined ? {} : {referenceId};
        const message = {...this.#shown(it), ...messageHead("NewMessages"), ...reference, messages};
        this.tell("/v2/me/interactions", message);
    }

    #shown(it: Kept): Data {
        const offer = {
            kind: "Routed", from: null, to: null, note: null,
            at: "2026-11-29 14:00:00.000+0000", expires: "2026-11-29 14:00:30.000+0000",
        };
        return {
            id: it.id, channel: it.channel, state: it.state, direction: "Inbound", priority: 0,
            operations: [], capabilities: [], currentQueue: "support", subject: it.subject ?? `About ${it.id}`,
            parentId: it.parentId ?? null, contactId: it.contactId ?? null, assignedTo: it.owner, epoch: it.epoch, userData: it.data, participants: [],
            receivedDate: "2026-11-29 13:59:59.000+0000",
            offer: it.state === "Invited" ? offer : null,
            answer: answerOf(it),
        };
    }

    #channels(): Data[] {
        const userState = {id: "x", displayName: this.channelState, state: this.channelState};
        return ["chat", "email"].map((channel) => ({channel, dndState: "Off", userState}));
    }

    #deliver(topic: Topic, data: Data): void {
        for (const link of this.links) {
            link.inbox.push({topic, data});
        }
    }
}

/** A link to that server. What it carries waits until the test lets it through. */
export class FakeLink implements Link {
    readonly inbox: {topic: Topic; data: Data}[] = [];
    isClosed = false;
    readonly #server: FakeServer;
    readonly #events: LinkEvents;

    constructor(server: FakeServer, events: LinkEvents) {
        this.#server = server;
        this.#events = events;
    }

    async open(replay: Replay): Promise<void> {
        if (!this.#server.isUp || this.isClosed) {
            throw new Error("the server does not answer");
        }
        for (const topic of TOPICS) {
            for (const data of this.#server.replay(topic, replay[topic] ?? -1)) {
                this.inbox.push({topic, data});
            }
        }
        this.#server.links.add(this);
    }

    close(): void {
        this.isClosed = true;
        this.#server.links.delete(this);
    }

    /** Lets the oldest message through, `times` times; none is a loss. */
    pass(times = 1): void {
        const message = this.inbox.shift();
        for (let time = 0; message !== undefined && time < times && !this.isClosed; time += 1) {
            this.#events.told(message.topic, message.data);
        }
    }

    cut(): void {
        if (!this.isClosed) {
            this.close();
            this.#events.lost();
        }
    }
}

const CUSTOMER = {participantId: "1", nickname: "Ann", type: "Customer"};
const AGENT = {participantId: "2", nickname: "Kate", type: "Agent", path: `/users/${ME}`};
const USER = {
    id: ME,
    userName: "kate",
    firstName: "Kate",
    lastName: "Lund",
    roles: ["ROLE_AGENT"],
    groups: [{name: "Support"}],
};

/** Whoever has had no word of ours since their own, or since they came in, waits. */
function answerOf({state, lines}: Kept): Data {
    const said = lines.filter(({type, visibility}) => type === "Text" && visibility === "All");
    const last = said.at(-1);
    const isOwed = ["Chatting", "Processing"].includes(state) && last?.["from"] !== AGENT;
    return {
        owedSince: isOwed ? "2026-11-29 13:59:59.000+0000" : null,
        targetSeconds: 60,
        lastFrom: last === undefined ? null : last["from"] === AGENT ? "Agent" : "Customer",
        lastText: last?.["text"] ?? null,
        lastAt: last === undefined ? null : "2026-11-29 14:00:01.000+0000",
    };
}

function ok(fields: Data): Data {
    return {statusCode: 0, ...fields};
}

function messageHead(notificationType: string): Data {
    const messageType = "InteractionStateMessage";
    return {messageTypeName: messageType, messageType, notificationType};
}

function emptyLog(): Record<Topic, {sequence: number; data: Data}[]> {
    return {
        "/v2/me/interactions": [], "/v2/me/channels": [], "/v2/me/workbins": [], "/v2/me": [],
    };
}
