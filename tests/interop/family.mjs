// What every client must be able to do, one list for all of them, through a relay that cuts its connections: subscribe to a pattern, be
// told, be refused, lose its connection or its session and miss nothing. At the end the same with a client that takes no precautions,
// which has to miss something, or the list would prove nothing.
// Usage: node family.mjs CLIENT long-polling|websocket (see lib/families.mjs)

import assert from "node:assert/strict";
import {setTimeout as pause} from "node:timers/promises";

import {INTERACTIONS} from "./lib/agent.mjs";
import {Caller, basic, check, notifications, origin, run, succeeded} from "./lib/center.mjs";
import {Cut} from "./lib/cut.mjs";
import {NEIGHBOUR, desk} from "./lib/desks.mjs";
import {FAMILIES} from "./lib/families.mjs";

/** How long the server keeps a session that nobody polls, in ms, as run.sh has configured it. */
const MAX_INTERVAL = Number(process.env.INTEROP_MAX_INTERVAL_MS);

/** And what it takes at most to notice that the time is over, in ms. */
const SWEEP = 1_000;

/** Bounds on one check, in seconds: a client waits up to 2 s before it tries again, and the machine may be busy. */
const QUICK = 10;
const PATIENT = 25;

/** How often something is looked at that nobody announces, in ms. */
const LOOK = 50;

const [client, transport] = process.argv.slice(2);
const family = FAMILIES[client];
const user = desk(client, transport);
const intake = new Caller("intake");
const neighbour = new Caller(NEIGHBOUR);

/** Waits until something is so; the check around it has the bound. */
async function until(isSo) {
    while (!isSo()) {
        await pause(LOOK);
    }
}

/** An owned work item, changed again and again: each change is one notification with the next number. */
class Work {
    number = 0;

    constructor(caller, id) {
        this.caller = caller;
        this.id = id;
    }

    /** Makes one change; gives its number. */
    async change() {
        this.number += 1;
        const body = {operationName: "UpdateUserData", userData: {change: this.number}};
        succeeded(await this.caller.call("POST", `/me/interactions/${this.id}`, body), "UpdateUserData");
        return this.number;
    }
}

/** The text of a change as it is in a notification. */
function written(number) {
    return `"change":${number}}`;
}

/** The numbers of the changes that came, in the order in which they came. */
function came(agent, work) {
    const ours = agent.inbox.all.filter(({channel, data}) => channel === INTERACTIONS && data.id === work.id);
    return ours.map(({data}) => data.userData?.change).filter(change => change !== undefined);
}

/** Waits for the last change, and checks that each of them came, in order, and once. */
async function missesNothing(agent, work) {
    await until(() => came(agent, work).includes(work.number));
    assert.deepEqual(came(agent, work), Array.from({length: work.number}, (_, index) => index + 1));
}

/** Cuts the next change's notification in the middle, makes another change afterwards; gives the number of the one that was cut. */
async function cutInAnswer(cut, work) {
    const number = work.number + 1;
    const isCut = cut.inside(written(number));
    await work.change();
    await isCut;
    await work.change();
    return number;
}

/** Tells the server, with the agent's credentials but not through their client, that their session is over. It may be so already: the server
 * ends a session whose subscription was under way when its connection broke. */
async function endSession(clientId) {
    const response = await fetch(notifications, {
        method: "POST",
        headers: {authorization: basic(user), "content-type": "application/json"},
        body: JSON.stringify([{id: "1", channel: "/meta/disconnect", clientId}]),
    });
    const [reply] = await response.json();
    assert.ok(reply.successful || reply.error === "402::session_unknown", JSON.stringify(reply));
}

/** Takes the connection away, lets something happen, and gives it back; the client has to come back with a new session. */
async function comesBackAnew(cut, work, meanwhile) {
    const former = cut.clientId;
    const unknown = cut.heard("402::session_unknown");
    cut.shut();
    await meanwhile(former);
    await work.change();
    await work.change();
    cut.open();
    await until(() => cut.heard("402::session_unknown") > unknown && cut.clientId !== former);
}

/** Starts to work: gets a work item by way of the queue, and the neighbour one of their own. */
async function begin(agent, transport) {
    await agent.connect(transport);
    await agent.subscribe(family.pattern);
    const start = {operationName: "StartContactCenterSession", channels: ["workitem"]};
    succeeded(await agent.call("POST", "/me", start), "StartContactCenterSession");
    await agent.me("Ready");
}

async function takeWork(agent) {
    const body = {operationName: "Create", channel: "workitem", queueName: user, subject: client};
    const id = succeeded(await intake.call("POST", "/interactions", body), "Create").id;
    const offer = await agent.sees(id, "Invited");
    assert.equal(offer.subject, client);
    succeeded(await agent.command(id, "Accept"), "Accept");
    await agent.sees(id, "Processing");
    return new Work(agent, id);
}

async function neighboursWork() {
    const start = {operationName: "StartContactCenterSession", channels: ["workitem"]};
    succeeded(await neighbour.call("POST", "/me", start), "StartContactCenterSession");
    const body = {operationName: "Create", channel: "workitem", queueName: NEIGHBOUR, subject: "not yours"};
    return new Work(neighbour, succeeded(await neighbour.call("POST", "/me/interactions", body), "Create").id);
}

async function ownMessagesOnly(agent, work) {
    const other = await neighboursWork();
    await other.change();
    await work.change();
    await missesNothing(agent, work);
    const concerned = agent.inbox.all.map(({data}) => data.id).filter(id => id !== undefined);
    assert.ok(!concerned.includes(other.id), "a notification about another agent's work came");
    assert.deepEqual([...new Set(concerned)], [work.id]);
    const topics = new Set(agent.inbox.all.map(({channel}) => channel));
    assert.ok(topics.has("/v2/me/channels") && topics.has("/v2/me/workitems"), [...topics].join());
}

async function refusals(agent) {
    const denied = async (doing, error) => {
        // Each client words it in its own way; the code and the last part of the server's text are in all of them.
        const refusal = await doing.then(() => null, String);
        assert.match(refusal ?? "it was allowed", error);
    };
    await check("a publication is refused", QUICK, () =>
        denied(agent.publish(INTERACTIONS, {forged: true}), /403.*publish_denied/));
    await check("a subscription to a topic that is not there is refused", QUICK, () =>
        denied(agent.subscribe("/v2/you/interactions"), /403.*subscribe_denied/));
}

async function batch(agent, cut) {
    const before = cut.requests.length;
    const doings = [
        () => agent.subscribe("/v2/me"),
        () => agent.subscribe("/notifications/services"),
        () => agent.publish(INTERACTIONS, {forged: true}),
    ];
    const outcomes = await agent.together(...doings);
    assert.deepEqual(outcomes.map(({status}) => status), ["fulfilled", "fulfilled", "rejected"]);
    const together = cut.requests.slice(before).find(messages => messages.length >= doings.length);
    const channels = together?.map(({channel}) => channel).filter(channel => channel !== "/meta/connect");
    assert.deepEqual(channels, ["/meta/subscribe", "/meta/subscribe", INTERACTIONS]);
}

/** The connection breaks, and the session outlives it. */
async function cuts(agent, cut, work) {
    const clientId = cut.clientId;
    await check("cut in a poll: the client goes on and misses nothing", PATIENT, async () => {
        cut.shut();
        await work.change();
        cut.open();
        await work.change();
        await missesNothing(agent, work);
        assert.equal(cut.clientId, clientId, "the session went on");
    });
    const how = family.hasAck ? "acknowledgements" : "a subscription with replay";
    await check(`cut in an answer: nothing is missed thanks to ${how}`, PATIENT, async () => {
        const before = cut.requests.length;
        const number = await cutInAnswer(cut, work);
        await missesNothing(agent, work);
        assert.ok(cut.clientId === clientId || !family.noticesCuts.includes(transport), "the session went on");
        const since = cut.requests.slice(before).flat();
        const replays = since.filter(({channel, ext}) => channel === "/meta/subscribe" && ext?.replay);
        const acks = since.filter(({channel, ext}) => channel === "/meta/connect" && Number.isInteger(ext?.ack));
        assert.equal(acks.length > 0, family.hasAck);
        assert.equal(replays.length > 0, !family.hasAck);
        assert.ok(cut.heard(written(number)) >= 2, "the notification was sent again");
    });
}

/** The session does not outlive it. */
async function losses(agent, cut, work) {
    const anew = async meanwhile => {
        // A client whose subscription is refused meanwhile forgets it and does not repeat it by itself: another matter than this one.
        await agent.settled();
        const before = cut.requests.length;
        await comesBackAnew(cut, work, meanwhile);
        await work.change();
        await missesNothing(agent, work);
        const since = cut.requests.slice(before).flat().map(({channel}) => channel);
        assert.ok(since.includes("/meta/handshake") && since.includes("/meta/subscribe"), since.join());
    };
    await check("session ended: 402, a new handshake, subscribed again, nothing missed", PATIENT, () => anew(endSession));
    await check("session expired: the same", PATIENT, () => anew(() => pause(MAX_INTERVAL + 2 * SWEEP)));
    if (family.batches.length === 0) {
        await check("several messages go in one request when the client begins anew", QUICK, async () => {
            const batches = cut.requests.filter(messages => messages.length > 1);
            const channels = batches.map(messages => messages.map(({channel}) => channel).join());
            assert.ok(channels.includes("/meta/connect,/meta/subscribe"), channels.join(" "));
        });
    }
}

async function unsubscribed(agent, cut, work) {
    await check("unsubscribed: nothing comes", PATIENT, async () => {
        await agent.unsubscribe(family.pattern);
        await until(() => cut.requests.flat().some(({channel}) => channel === "/meta/unsubscribe"));
        await pause(SWEEP);
        const before = work.number;
        await work.change();
        await work.change();
        await pause(SWEEP);
        assert.deepEqual(came(agent, work).at(-1), before);
    });
    await check("subscribed to the topic with replay: all of it comes", PATIENT, async () => {
        await agent.subscribe(INTERACTIONS);
        await work.change();
        await missesNothing(agent, work);
        const resyncs = agent.inbox.all.filter(({data}) => data.messageType === "Resync" || data.gapBefore);
        assert.deepEqual(resyncs, []);
    });
}

/** The controls: a client that neither acknowledges nor asks for what it missed. */
async function careless(work) {
    const cut = await Cut.to(origin);
    const agent = family.agent(user, {endpoint: cut.notifications, isCareful: false});
    const lost = async lose => {
        const number = await lose();
        // What happens until the client is subscribed again is lost as well, so there is a change again and again until one comes.
        const before = work.number;
        while (!(came(agent, work).at(-1) > before)) {
            await work.change();
            await pause(4 * LOOK);
        }
        assert.ok(!came(agent, work).includes(number), `${number} came although nothing brought it back`);
    };
    await check("control: without precautions the client listens, too", PATIENT, async () => {
        await agent.connect(transport);
        await agent.subscribe(family.pattern);
        const number = await work.change();
        await until(() => came(agent, work).includes(number));
    });
    await check("control: without precautions a cut in an answer loses it", PATIENT, () =>
        lost(() => cutInAnswer(cut, work)));
    await check("control: without precautions a new session knows nothing of before", PATIENT, () =>
        lost(async () => {
            await comesBackAnew(cut, work, endSession);
            return work.number;
        }));
    await agent.disconnect();
}

run(`${client} over ${transport}`, 150_000, async () => {
    assert.ok(family && transport, "usage: node family.mjs CLIENT long-polling|websocket");
    assert.ok(MAX_INTERVAL > 0, "INTEROP_MAX_INTERVAL_MS is not set; start the scripts with tests/interop/run.sh");
    const cut = await Cut.to(origin);
    const agent = family.agent(user, {endpoint: cut.notifications});
    let work;
    await check(`handshake, subscription to ${family.pattern}`, QUICK, () => begin(agent, transport));
    await check("delivery: offered and owned, by way of the pattern", QUICK, async () => {
        work = await takeWork(agent);
    });
    await check("nobody else's messages come", QUICK, () => ownMessagesOnly(agent, work));
    await refusals(agent);
    if (family.batches.includes(transport)) {
        await check("two subscriptions and a publication in one request", QUICK, () => batch(agent, cut));
    }
    await cuts(agent, cut, work);
    await losses(agent, cut, work);
    await unsubscribed(agent, cut, work);
    await check("disconnected", QUICK, () => agent.disconnect());
    // The work is still the agent's: they call the API without a client that listens.
    work.caller = new Caller(user);
    await careless(work);
});
