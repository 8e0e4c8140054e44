// What single events do to the state.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readNotification, type Line, type Topic} from "../../src/api/notification.ts";
import {EMPTY, type DeskEvent, type DeskState, type Pending} from "../../src/state/model.ts";
import {reduce} from "../../src/state/reduce.ts";
import {BIN, FakeServer, ME} from "./fake-server.ts";

const AT = Date.parse("2026-11-29T14:00:10Z");
const ME_READ = {id: ME, userName: "", firstName: "", lastName: "", roles: [], groups: []};

/** A state that has heard everything that the server told. */
class Heard {
    readonly server = new FakeServer();
    state: DeskState = EMPTY;
    #at = {"/v2/me/interactions": 0, "/v2/me/channels": 0, "/v2/me/workbins": 0, "/v2/me": 0};

    constructor() {
        const snapshot = {me: ME_READ, channels: [], work: [], parked: {}};
        this.do({type: "readBegun", id: 1});
        const workbins = [{id: BIN, name: "In Progress", type: "Agent"}];
        this.do({type: "readDone", id: 1, snapshot: {...snapshot, workbins}, at: AT});
    }

    do(event: DeskEvent): void {
        this.state = reduce(this.state, event);
    }

    /** Hears what is new; returns the last message. */
    hear(at = AT): Record<string, unknown> {
        let last = {};
        for (const topic of Object.keys(this.#at) as Topic[]) {
            for (const data of this.server.replay(topic, this.#at[topic])) {
                this.#at[topic] = Number(data["sequence"]);
                this.do({type: "told", topic, notification: readNotification(topic, data), at});
                last = data;
            }
        }
        return last;
    }

    chat(): string {
        const id = this.server.offer("chat");
        this.server.accept(id);
        this.hear();
        return id;
    }
}

function pending(interactionId: string, stage: Pending["stage"]): Pending {
    const operationName = "Send";
    return {key: "k", interactionId, operationName, text: "x", visibility: "All", at: AT, stage};
}

const TOPIC = "/v2/me/interactions";

test("a repeated message changes nothing, and one ahead asks for a read", () => {
    const heard = new Heard();
    heard.chat();
    const before = heard.state;
    const repeated = readNotification(TOPIC, heard.server.replay(TOPIC, 0)[0]);
    heard.do({type: "told", topic: TOPIC, notification: repeated, at: AT});
    assert.equal(heard.state, before);
    assert.equal(heard.state.isStale, false);
    heard.server.offer("workitem");
    const skipped = heard.server.offer("workitem");
    const ahead = heard.server.replay(TOPIC, 0).at(-1);
    heard.do({type: "told", topic: TOPIC, notification: readNotification(TOPIC, ahead), at: AT});
    assert.equal(heard.state.isStale, true);
    assert.notEqual(heard.state.work[skipped], undefined);
});

test("after a Resync what follows up to the head is older than the read that is wanted", () => {
    const heard = new Heard();
    const id = heard.chat();
    const notification = readNotification(TOPIC, {messageType: "Resync", oldest: 1, head: 9});
    heard.do({type: "told", topic: TOPIC, notification, at: AT});
    assert.equal(heard.state.isStale, true);
    heard.server.leave(id, "Completed");
    heard.hear();
    assert.notEqual(heard.state.work[id], undefined);
    assert.equal(heard.state.numbers[TOPIC], 9);
});

test("a transcript that was asked for before the last read does not count as whole", () => {
    const heard = new Heard();
    const interactionId = heard.chat();
    const read = {type: "transcriptRead", interactionId, lines: [], answered: []} as const;
    heard.do({...read, lines: [], answered: [], since: 0});
    assert.equal(heard.state.transcripts[interactionId]?.isRead, false);
    heard.do({...read, lines: [], answered: [], since: 1});
    assert.equal(heard.state.transcripts[interactionId]?.isRead, true);
});

test("lines are in order and each once, whichever way they came", () => {
    const heard = new Heard();
    const id = heard.chat();
    heard.server.customerSays(id, "one");
    heard.server.customerSays(id, "two");
    heard.hear();
    const lines = heard.state.transcripts[id]?.lines ?? [];
    const [, ...later] = lines;
    const shuffled: Line[] = [...later.reverse(), ...lines];
    heard.do({type: "transcriptRead", interactionId: id, lines: shuffled, since: 1, answered: []});
    const said = heard.state.transcripts[id]?.lines.map((line) => `${line.index} ${line.text}`);
    assert.deepEqual(said, ["1 ", "2 one", "3 two"]);
});

test("what was said is pending until the feed tells it, whichever is first", () => {
    for (const isToldFirst of [true, false]) {
        const heard = new Heard();
        const id = heard.chat();
        heard.do({type: "pending", pending: [pending(id, {kind: "sending"})]});
        const tell = () => {
            heard.server.agentSays(id, "x", "All", 7);
            heard.hear();
        };
        isToldFirst && tell();
        heard.do({type: "answered", key: "k", referenceId: 7});
        if (!isToldFirst) {
            assert.deepEqual(heard.state.pending[0]?.stage, {kind: "answered", referenceId: 7});
            tell();
        }
        assert.deepEqual(heard.state.pending, []);
        assert.equal(heard.state.saidCount, 1, `told first: ${isToldFirst}`);
    }
});

test("what was answered before a transcript was asked for is in it", () => {
    const heard = new Heard();
    const id = heard.chat();
    heard.do({type: "pending", pending: [pending(id, {kind: "sending"})]});
    heard.do({type: "answered", key: "k", referenceId: 7});
    const read = {interactionId: id, lines: [], since: 1};
    heard.do({type: "transcriptRead", ...read, answered: []});
    assert.equal(heard.state.pending.length, 1);
    assert.equal(heard.state.saidCount, 0);
    heard.do({type: "transcriptRead", ...read, answered: ["k"]});
    assert.deepEqual(heard.state.pending, []);
    assert.equal(heard.state.saidCount, 1);
    // What was taken back was never said.
    heard.do({type: "pending", pending: [pending(id, {kind: "waiting", attempts: 0})]});
    heard.do({type: "pending", pending: []});
    assert.equal(heard.state.saidCount, 1);
});

test("who writes is shown until they have written, and one's own writing never", () => {
    const heard = new Heard();
    const id = heard.chat();
    const typing = (from: object) => ({
        ...heard.server.replay(TOPIC, 0).at(-1),
        sequence: undefined,
        messages: [{type: "TypingStarted", visibility: "All", from}],
    });
    const tell = (data: object) =>
        heard.do({type: "told", topic: TOPIC, notification: readNotification(TOPIC, data), at: AT});
    tell(typing({participantId: "2", nickname: "Kate", path: `/users/${ME}`}));
    assert.deepEqual(heard.state.transcripts[id]?.typing, {});
    tell(typing({participantId: "1", nickname: "Ann"}));
    assert.deepEqual(Object.keys(heard.state.transcripts[id]?.typing ?? {}), ["1"]);
    heard.server.customerSays(id, "there");
    heard.hear();
    assert.deepEqual(heard.state.transcripts[id]?.typing, {});
});

test("an offer that ran out stays to be seen, anything else goes after a while", () => {
    const heard = new Heard();
    const late = heard.server.offer("chat");
    const gone = heard.server.offer("chat");
    heard.hear();
    heard.server.leave(gone, "Canceled");
    heard.hear();
    heard.server.leave(late, "Revoked");
    heard.hear(AT + 60_000);
    const states = () => heard.state.departures.map((one) => [one.interaction.id, one.wasExpired]);
    assert.deepEqual(states(), [[gone, false], [late, true]]);
    heard.do({type: "passed", at: AT + 120_000});
    assert.deepEqual(states(), [[late, true]]);
    heard.do({type: "dismissed", interactionId: late});
    assert.deepEqual(states(), []);
});

test("a workbin that something went into is read again", () => {
    const heard = new Heard();
    const id = heard.server.offer("workitem");
    heard.server.accept(id);
    heard.server.park(id);
    heard.hear();
    assert.equal(heard.state.work[id], undefined);
    assert.deepEqual(heard.state.staleWorkbins, [BIN]);
    heard.do({type: "workbinReadBegun", workbinId: BIN});
    assert.deepEqual(heard.state.staleWorkbins, []);
    heard.do({type: "workbinReadFailed", workbinId: BIN});
    assert.deepEqual(heard.state.staleWorkbins, [BIN]);
});

test("a workbin's read of before everything was read changes nothing", () => {
    const heard = new Heard();
    const before = heard.state;
    heard.do({type: "workbinRead", workbinId: BIN, interactions: [], since: 0});
    assert.equal(heard.state, before);
});
