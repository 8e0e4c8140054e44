// What becomes of reads that are overtaken, and of requests whose link does not stand.

import assert from "node:assert/strict";
import {test} from "node:test";
import {BIN, FakeServer} from "./fake-server.ts";
import {Stage, Time, turns} from "./stage.ts";

function begin(): Stage {
    const stage = new Stage(new FakeServer(), new Time());
    stage.desk.start();
    return stage;
}

async function live(): Promise<Stage> {
    const stage = begin();
    await stage.settle();
    assert.equal(stage.desk.store.state.connection.kind, "live");
    return stage;
}

test("a read that hangs ends with its link, and does not bring the next one down", async () => {
    const stage = await live();
    const chat = stage.server.offer("chat");
    stage.server.accept(chat);
    stage.link?.pass();
    stage.link?.pass();
    await turns();
    const hanging = stage.requests.splice(0);
    assert.notEqual(hanging.length, 0);
    stage.link?.cut();
    await stage.settle();
    const {link} = stage;
    hanging.forEach(({reject}) => reject(new Error("after 20 s")));
    await turns();
    assert.equal(stage.desk.store.state.connection.kind, "live");
    assert.equal(stage.link, link);
    assert.equal(stage.desk.store.state.transcripts[chat]?.isRead, true);
});

test("a try that hangs makes room for the next", async () => {
    const stage = begin();
    await turns();
    const {link} = stage;
    stage.desk.sync.tryNow();
    await turns();
    assert.equal(link?.isClosed, true);
    assert.notEqual(stage.link, link);
    assert.equal(stage.requests.length, 1);
    await stage.settle();
    assert.equal(stage.desk.store.state.connection.kind, "live");
});

test("who asks too often waits as long as the server says", async () => {
    const stage = begin();
    await turns();
    const [request] = stage.requests.splice(0);
    const headers = {"Retry-After": "7"};
    request?.resolve(new Response(JSON.stringify({statusCode: 4}), {status: 429, headers}));
    await turns();
    const {connection} = stage.desk.store.state;
    assert.ok(connection.kind === "lost");
    assert.equal((connection.nextTryAt ?? 0) - connection.since, 7_000);
});

test("what goes into a workbin while it is read is not lost", async () => {
    const stage = await live();
    const {server} = stage;
    const ids = [server.offer("workitem"), server.offer("workitem")];
    ids.forEach((id) => server.accept(id));
    await stage.settle();
    const through = async (): Promise<void> => {
        while ((stage.link?.inbox.length ?? 0) > 0) {
            stage.link?.pass();
        }
        await turns();
    };
    server.park(ids[0] ?? "");
    await through();
    assert.notEqual(stage.requests.length, 0);
    stage.requests.forEach(() => stage.work());
    server.park(ids[1] ?? "");
    await through();
    await stage.settle();
    const parked = stage.desk.store.state.parked[BIN]?.map(({id}) => id);
    assert.deepEqual(parked?.sort(), ids);
});

test("what one left in a chat is read again after a save, also one that was lost", async () => {
    const stage = await live();
    const {store} = stage.desk;
    const chat = stage.server.offer("chat");
    stage.server.accept(chat);
    stage.link?.pass();
    stage.link?.pass();
    await turns();
    assert.notEqual(stage.requests.length, 0, "it is being read");
    const saving = stage.desk.saveDraft(chat, {text: "typed", visibility: "All"});
    await turns();
    const save = stage.requests.pop();
    for (let count = stage.requests.length; count > 0; count -= 1) {
        stage.work();
        stage.arrive();
    }
    await turns();
    assert.equal(store.state.marks[chat], undefined);
    save?.reject(new Error("lost"));
    await assert.rejects(saving);
    assert.deepEqual(store.state.draftChanges[chat], {done: 1, underWay: 0});
    await stage.settle();
    assert.notEqual(store.state.marks[chat], undefined);
});

/** Lets time pass by the waits between reads, and what they ask through. */
async function goOn(stage: Stage): Promise<void> {
    for (let turn = 0; turn < 40; turn += 1) {
        await turns();
        stage.work();
        stage.arrive();
        stage.link?.pass();
        stage.time.pass(400);
    }
}

test("a list that the server refuses says so, shows what it had, and the link stands", async () => {
    const stage = await live();
    const {store, sync} = stage.desk;
    const first = stage.server.offer("workitem");
    await stage.settle();
    const {link} = stage;
    stage.server.unreadable = {path: "me/interactions?", sentence: "The store is away."};
    store.dispatch({type: "missed"});
    await goOn(stage);
    assert.deepEqual(store.state.unread, {work: "The store is away."});
    assert.deepEqual(Object.keys(store.state.work), [first]);
    assert.equal(store.state.connection.kind, "live");
    assert.equal(stage.link, link);
    // What is told is shown all the same.
    const second = stage.server.offer("workitem");
    link?.pass();
    assert.deepEqual(Object.keys(store.state.work), [first, second]);
    stage.server.unreadable = null;
    sync.readAgain();
    await stage.settle();
    assert.deepEqual(store.state.unread, {});
    assert.deepEqual(Object.keys(store.state.work), [first, second]);
});

test("a list whose read gets no answer is read by a new link, and then says so", async () => {
    const stage = await live();
    const {store} = stage.desk;
    const {link} = stage;
    let reads = 0;
    const asked = stage.server.answer.bind(stage.server);
    stage.server.answer = (method, path, body, key) => {
        reads += Number(path.startsWith("interactions?"));
        return asked(method, path, body, key);
    };
    stage.lost = "interactions?";
    stage.desk.sync.showQueues(true);
    await goOn(stage);
    assert.notEqual(stage.link, link, "the way to the server was tried anew");
    const second = stage.link;
    assert.deepEqual(store.state.unread, {queues: ""});
    await goOn(stage);
    assert.equal(stage.link, second, "which stands");
    assert.equal(store.state.connection.kind, "live");
    assert.equal(reads, 0);
    stage.lost = null;
    await goOn(stage);
    assert.deepEqual(store.state.unread, {}, "it is tried again without a press");
});

test("a list that cannot be read is not asked for without end", async () => {
    const stage = await live();
    let reads = 0;
    const asked = stage.server.answer.bind(stage.server);
    stage.server.answer = (method, path, body, key) => {
        reads += Number(path.startsWith("me/interactions?"));
        return asked(method, path, body, key);
    };
    stage.server.unreadable = {path: "me/interactions?", sentence: "No."};
    stage.desk.store.dispatch({type: "missed"});
    const begun = stage.time.now;
    await goOn(stage);
    const seconds = (stage.time.now - begun) / 1_000;
    assert.ok(reads > 1 && reads <= seconds / 5 + 1, `${reads} in ${seconds} s`);
});
