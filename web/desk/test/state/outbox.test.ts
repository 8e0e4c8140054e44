// What was typed and sent goes exactly once, in its order.

import assert from "node:assert/strict";
import {test} from "node:test";
import {FakeServer, ME} from "./fake-server.ts";
import {CHANGED} from "../../src/api/outbox.ts";
import {keptBackBy, leavingOf, notCompleted} from "../../src/state/leaving.ts";
import {Browser, Stage, Time, turns} from "./stage.ts";

/** A desk with an open chat. */
async function withChat(): Promise<{stage: Stage; id: string; browser: Browser}> {
    const server = new FakeServer();
    const browser = new Browser();
    const id = server.offer("chat");
    server.accept(id);
    const stage = new Stage(server, new Time(), browser);
    stage.desk.start();
    await stage.settle();
    return {stage, id, browser};
}

function stages(stage: Stage): [string, string][] {
    return stage.desk.store.state.pending.map((one) => [one.text, one.stage.kind]);
}

test("words without a connection go out afterwards, in order, each once", async () => {
    const {stage, id} = await withChat();
    stage.server.isUp = false;
    stage.link?.cut();
    for (const text of ["one", "two", "three"]) {
        await stage.desk.say(id, text, "All");
    }
    assert.deepEqual(stages(stage), [["one", "waiting"], ["two", "waiting"], ["three", "waiting"]]);
    stage.server.isUp = true;
    await stage.settle();
    assert.deepEqual(stage.server.said, ["one", "two", "three"]);
    assert.deepEqual(stages(stage), []);
});

test("an answer that is lost is asked for again under the same key", async () => {
    const {stage, id} = await withChat();
    await stage.desk.say(id, "hello", "All");
    await stage.desk.say(id, "and more", "All");
    await turns();
    assert.equal(stage.requests.length, 1, "the second waits for the first");
    stage.work();
    stage.lose();
    await turns();
    await stage.settle();
    assert.deepEqual(stage.server.said, ["hello", "and more"]);
    assert.deepEqual(stages(stage), []);
});

test("a killed tab's words are sent by the next one", async () => {
    const {stage, id, browser} = await withChat();
    await stage.desk.say(id, "hello", "All");
    await turns();
    // The server has it, and the tab never learns.
    stage.work();
    stage.desk.stop();
    const next = new Stage(stage.server, stage.time, browser);
    next.desk.start();
    await next.settle();
    assert.deepEqual(next.server.said, ["hello"]);
    assert.deepEqual(stages(next), []);
    const lines = next.desk.store.state.transcripts[id]?.lines.filter((one) => one.text !== "");
    assert.equal(lines?.length, 1);
});

test("of two tabs one sends, and both show what became of it", async () => {
    const {stage, id, browser} = await withChat();
    const second = new Stage(stage.server, stage.time, browser);
    second.desk.start();
    await second.settle();
    await second.desk.say(id, "from the second", "All");
    await turns();
    assert.deepEqual(stages(stage), [["from the second", "sending"]]);
    assert.deepEqual(stages(second), [["from the second", "sending"]]);
    await stage.settle();
    await second.settle();
    assert.deepEqual(stage.server.said, ["from the second"]);
    assert.deepEqual([stages(stage), stages(second)], [[], []]);
});

test("a tab whose session is over leaves it to another to send, and comes back", async () => {
    const {stage, id, browser} = await withChat();
    const second = new Stage(stage.server, stage.time, browser);
    second.desk.start();
    await second.settle();
    stage.isSignedOut = true;
    await second.desk.say(id, "from the second", "All");
    await stage.settle();
    await second.settle();
    assert.equal(stage.desk.store.state.connection.kind, "signedOut");
    assert.deepEqual(stage.server.said, ["from the second"]);
    stage.isSignedOut = false;
    stage.desk.signedInAgain();
    await stage.settle();
    second.desk.stop();
    await stage.desk.say(id, "from the first", "All");
    await stage.settle();
    assert.deepEqual(stage.server.said, ["from the second", "from the first"]);
});

test("a tab that stays without a link leaves it to another to send", async () => {
    const {stage, id, browser} = await withChat();
    const second = new Stage(stage.server, stage.time, browser);
    second.desk.start();
    await second.settle();
    stage.isCutOff = true;
    stage.link?.cut();
    await second.desk.say(id, "from the second", "All");
    await turns();
    assert.deepEqual(second.requests, [], "one that comes back at once goes on");
    await second.settle();
    assert.deepEqual(stage.server.said, ["from the second"]);
    stage.desk.stop();
});

test("what was never sent can be taken back, what may have been said cannot", async () => {
    const {stage, id} = await withChat();
    stage.link?.cut();
    const never = await stage.desk.say(id, "never", "All");
    assert.equal(await stage.desk.outbox.takeBack(never), true);
    await stage.settle();
    const maybe = await stage.desk.say(id, "maybe", "All");
    await turns();
    assert.equal(await stage.desk.outbox.takeBack(maybe), false);
    await stage.settle();
    assert.deepEqual(stage.server.said, ["maybe"]);
});

test("a chat is completed after the words that were said in it", async () => {
    const {stage, id} = await withChat();
    stage.link?.cut();
    stage.server.isUp = false;
    await stage.desk.say(id, "goodbye", "All");
    const done = stage.desk.finish(id, "Complete", {});
    await turns();
    stage.server.isUp = true;
    await stage.settle();
    assert.equal(await done, true);
    assert.deepEqual(stage.server.said, ["goodbye"]);
    assert.equal(stage.server.interactions.get(id)?.state, "Completed");
});

test("what was called off while it waited for words is not done when they are out", async () => {
    for (const isCalledOff of [true, false]) {
        const {stage, id} = await withChat();
        stage.link?.cut();
        stage.server.isUp = false;
        await stage.desk.say(id, "one moment", "All");
        const control = new AbortController();
        const done = stage.desk.finish(id, "Complete", {}, control.signal).catch(() => "called off");
        await turns();
        if (isCalledOff) {
            control.abort();
        }
        stage.server.isUp = true;
        await stage.settle();
        assert.equal(await done, isCalledOff ? "called off" : true);
        assert.deepEqual(stage.server.said, ["one moment"]);
        const state = isCalledOff ? "Chatting" : "Completed";
        assert.equal(stage.server.interactions.get(id)?.state, state);
    }
});

test("what was called off is not tried again", async () => {
    for (const isCalledOff of [true, false]) {
        const {stage, id} = await withChat();
        const control = new AbortController();
        const done = stage.desk.finish(id, "Complete", {}, control.signal).catch(() => "called off");
        await turns();
        stage.lose();
        await turns();
        if (isCalledOff) {
            control.abort();
        }
        await stage.settle();
        assert.equal(await done, isCalledOff ? "called off" : true);
        const state = isCalledOff ? "Chatting" : "Completed";
        assert.equal(stage.server.interactions.get(id)?.state, state);
    }
});

test("a chat is not completed over words that were refused", async () => {
    const {stage, id} = await withChat();
    stage.server.interactions.get(id)!.state = "LeftChat";
    await stage.desk.say(id, "too late", "All");
    const done = stage.desk.finish(id, "Complete", {});
    await stage.settle();
    assert.equal(await done, false);
    assert.equal(stage.server.interactions.get(id)?.state, "LeftChat");
    assert.deepEqual(stages(stage), [["too late", "refused"]]);
});

test("what is refused stays with the server's sentence until it is removed", async () => {
    const {stage, id} = await withChat();
    stage.server.interactions.get(id)!.state = "LeftChat";
    const key = await stage.desk.say(id, "too late", "All");
    await stage.settle();
    const sentence = "The interaction is LeftChat.";
    const stage0 = stage.desk.store.state.pending[0]?.stage;
    assert.deepEqual(stage0, {kind: "refused", code: 2, sentence});
    await stage.desk.outbox.remove(key);
    assert.deepEqual(stages(stage), []);
});

test("what meets the demand for another password waits for that, and goes once", async () => {
    const {stage, id} = await withChat();
    stage.isPasswordDemanded = true;
    await stage.desk.say(id, "hello", "All");
    await turns();
    stage.work();
    stage.arrive();
    await turns();
    assert.deepEqual(stages(stage).map(([, kind]) => kind === "refused"), [false]);
    stage.isPasswordDemanded = false;
    await stage.settle();
    assert.deepEqual(stage.server.said, ["hello"]);
});

test("an offer is accepted once there is a connection, and never after its time", async () => {
    for (const isLate of [false, true]) {
        const server = new FakeServer();
        const stage = new Stage(server, new Time());
        stage.desk.start();
        await stage.settle();
        const id = server.offer("chat");
        await stage.settle();
        server.isUp = false;
        stage.link?.cut();
        const until = stage.time.now + (isLate ? 1_000 : 60_000);
        await stage.desk.keep({interactionId: id, operationName: "Accept", fields: {}, until});
        stage.time.pass(2_000);
        server.isUp = true;
        await stage.settle();
        assert.equal(server.interactions.get(id)?.state, isLate ? "Invited" : "Chatting");
    }
});

test("whose desk it is is known before anything is read", () => {
    const stage = new Stage(new FakeServer(), new Time());
    assert.equal(stage.desk.store.state.me?.id, ME);
});

test("another user of this browser neither sees nor sends it", async () => {
    const {stage, browser} = await withChat();
    const entry = {key: "b", userId: "ben", interactionId: "x", operationName: "Send"};
    await browser.entries.add([
        {...entry, fields: {text: "Ben's"}, at: 0, until: null, after: null},
    ]);
    await stage.desk.say("x", "mine", "All");
    await stage.settle();
    assert.equal((await browser.entries.all()).some((one) => one.key === "b"), true);
    const shown = stage.desk.store.state.pending.map((one) => one.text);
    assert.equal(shown.includes("Ben's"), false);
});

/** A desk with an open draft that was let go, and what it answers was to be completed after it. */
async function withLetter() {
    const server = new FakeServer();
    const browser = new Browser();
    const id = server.draft();
    const stage = new Stage(server, new Time(), browser);
    stage.desk.start();
    await stage.settle();
    const parentId = stage.desk.store.state.work[id]?.parentId ?? "";
    const go = async (): Promise<string> => {
        const email = {subject: "Re: it"};
        const send = {interactionId: id, operationName: "Send", fields: {email}};
        const complete = {interactionId: parentId, operationName: "Complete", fields: {}};
        return stage.desk.keep(send, complete);
    };
    return {stage, id, browser, parentId, go};
}

test("a letter that was let go goes once, whatever becomes of the tab, and then its original", async () => {
    const {stage, id, parentId, browser, go} = await withLetter();
    const key = await go();
    await turns();
    assert.equal(leavingOf(stage.desk.store.state, id)?.stage.kind, "sending");
    // The server has it, and the tab never learns.
    stage.work();
    stage.desk.stop();
    assert.deepEqual(stage.server.letters, [{subject: "Re: it"}]);
    assert.equal(stage.server.interactions.get(parentId)?.state, "Processing");
    const next = new Stage(stage.server, stage.time, browser);
    next.desk.start();
    await next.settle();
    assert.equal(stage.server.letters.length, 1);
    assert.equal(next.desk.store.state.wentOut[id], key);
    assert.equal(leavingOf(next.desk.store.state, id), null);
    assert.equal(stage.server.interactions.get(parentId)?.state, "Completed");
    assert.deepEqual(await browser.entries.all(), []);
});

test("what was to come after a letter that does not go is not done", async () => {
    const newer = {id: "n", subject: "Again", receivedDate: "now"};
    const {stage, id, parentId, browser, go} = await withLetter();
    stage.server.letterRefusal = {statusCode: 2, statusMessage: "Newer.", newerMessage: newer};
    const key = await go();
    await stage.settle();
    const refused = {kind: "refused", code: 2, sentence: "Newer.", newer};
    assert.deepEqual(leavingOf(stage.desk.store.state, id)?.stage, refused);
    assert.equal(keptBackBy(stage.desk.store.state, id)?.sentence, "Newer.");
    assert.equal(stage.desk.store.state.wentOut[id], undefined);
    await stage.desk.outbox.remove(key);
    await stage.settle();
    assert.equal(stage.server.interactions.get(parentId)?.state, "Processing");
    assert.deepEqual(await browser.entries.all(), []);
    stage.link?.cut();
    stage.server.isUp = false;
    const again = await go();
    assert.ok(await stage.desk.outbox.takeBack(again));
    stage.server.isUp = true;
    await stage.settle();
    assert.equal(stage.server.interactions.get(parentId)?.state, "Processing");
    assert.deepEqual(stage.server.letters, []);
});

test("a letter that was changed elsewhere while there was no link does not go over it", async () => {
    for (const isChanged of [true, false]) {
        const {stage, id, parentId, browser} = await withLetter();
        stage.server.rewrite(id, "start");
        stage.server.isUp = false;
        stage.link?.cut();
        const fields = {email: {subject: "mine"}};
        const known = {told: "start", sent: []};
        const send = {interactionId: id, operationName: "Send", fields, known};
        const complete = {interactionId: parentId, operationName: "Complete", fields: {}};
        await stage.desk.keep(send, complete);
        if (isChanged) {
            stage.server.rewrite(id, "theirs");
        }
        stage.server.isUp = true;
        await stage.settle();
        assert.deepEqual(stage.server.letters, isChanged ? [] : [fields.email]);
        const kept = leavingOf(stage.desk.store.state, id)?.stage;
        assert.deepEqual(kept, isChanged ? {kind: "refused", code: CHANGED, sentence: ""} : undefined);
        const is = stage.server.interactions.get(parentId)?.state;
        assert.equal(is, isChanged ? "Processing" : "Completed");
        assert.equal((await browser.entries.all()).length, isChanged ? 1 : 0);
    }
});

test("a letter whose answer was lost is asked for again, whatever became of the draft", async () => {
    const {stage, id} = await withLetter();
    stage.server.rewrite(id, "start");
    const known = {told: "start", sent: []};
    const send = {interactionId: id, operationName: "Send", fields: {email: {}}, known};
    const key = await stage.desk.keep(send);
    await turns();
    // It is read, and sent; the answer is lost.
    stage.work();
    stage.arrive();
    await turns();
    stage.work();
    stage.lose();
    await turns();
    await stage.settle();
    assert.equal(stage.server.letters.length, 1);
    assert.equal(stage.desk.store.state.wentOut[id], key);
});

test("an original that cannot be completed is told, and not tried again", async () => {
    const {stage, parentId, browser} = await withLetter();
    stage.server.leave(parentId, "Queued");
    const complete = {interactionId: parentId, operationName: "Complete", fields: {}};
    await stage.desk.keep(complete);
    await stage.settle();
    assert.deepEqual(await browser.entries.all(), []);
    const {failures} = stage.desk.store.state;
    assert.deepEqual(failures.map(({interactionId}) => interactionId), [parentId]);
    assert.equal(notCompleted(stage.desk.store.state, parentId), "The interaction is Queued.");
    stage.desk.dismiss(parentId);
    assert.equal(notCompleted(stage.desk.store.state, parentId), "");
});
