// What may end a chat and waits for what was said in it: it is told, and can be called off.

import assert from "node:assert/strict";
import {test} from "node:test";
import {effectScope, shallowRef} from "vue";
import {CalledOff, useFinishing} from "../src/actions/finishing.ts";
import {Refused} from "../src/api/trouble.ts";
import {chooseLanguage} from "../src/texts/in-vue.ts";
import {FakeServer} from "./state/fake-server.ts";
import {Stage, Time, turns} from "./state/stage.ts";

chooseLanguage("en");

async function withFinishing() {
    const stage = new Stage(new FakeServer(), new Time());
    stage.desk.start();
    await stage.settle();
    const id = stage.server.offer("chat");
    await stage.settle();
    await stage.desk.accept(stage.desk.store.state.work[id]!);
    await stage.settle();
    const state = shallowRef(stage.desk.store.state);
    stage.desk.store.listen((next) => {
        state.value = next;
    });
    const told: string[] = [];
    const say = (text: string): void => void told.push(text);
    const finishing = effectScope()
        .run(() => useFinishing({desk: stage.desk, state, say}))!;
    return {stage, id, told, finishing};
}

test("what waits for the connection says so until it is done", async () => {
    const {stage, id, told, finishing} = await withFinishing();
    stage.link?.cut();
    stage.server.isUp = false;
    await stage.desk.say(id, "goodbye", "All");
    const done = finishing.finish(id, "Complete", {});
    await turns();
    assert.match(finishing.waits.value, /^Waits for the connection/);
    assert.deepEqual(told, [finishing.waits.value]);
    stage.server.isUp = true;
    await stage.settle();
    await done;
    assert.equal(finishing.waits.value, "");
    assert.equal(stage.server.interactions.get(id)?.state, "Completed");
});

test("nothing waits for the connection while there is one", async () => {
    const {stage, id, told, finishing} = await withFinishing();
    await stage.desk.say(id, "goodbye", "All");
    const done = finishing.finish(id, "Complete", {});
    await turns();
    assert.equal(finishing.waits.value, "");
    await stage.settle();
    await done;
    assert.deepEqual(told, []);
});

test("what is called off while it waits is not done", async () => {
    const {stage, id, finishing} = await withFinishing();
    stage.link?.cut();
    stage.server.isUp = false;
    await stage.desk.say(id, "one moment", "All");
    const failed = assert.rejects(finishing.finish(id, "Complete", {}), CalledOff);
    await turns();
    finishing.callOff();
    await failed;
    assert.equal(finishing.waits.value, "");
    stage.server.isUp = true;
    await stage.settle();
    assert.equal(stage.server.interactions.get(id)?.state, "Chatting");
});

test("words that were refused are why it was not done", async () => {
    const {stage, id, finishing} = await withFinishing();
    stage.server.interactions.get(id)!.state = "LeftChat";
    await stage.desk.say(id, "too late", "All");
    const failed = assert.rejects(finishing.finish(id, "Complete", {}), (why: unknown) =>
        why instanceof Refused && why.sentence.startsWith("Not done: some words were not sent"));
    await stage.settle();
    await failed;
});
