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
