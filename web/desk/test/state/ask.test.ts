// A colleague is asked once, however often the answer to that is lost.

import assert from "node:assert/strict";
import {test} from "node:test";
import {BEN, FakeServer} from "./fake-server.ts";
import {Stage, Time, turns} from "./stage.ts";

/** Far more than a desk tries. */
const TRIES_MAX = 50;

async function begun(): Promise<Stage> {
    const stage = new Stage(new FakeServer(), new Time());
    stage.desk.start();
    await stage.settle();
    return stage;
}

/** Asks, and loses each answer after the server has done what was asked. */
async function askInVain(stage: Stage, text: string): Promise<void> {
    let isOver = false;
    const unanswered = assert.rejects(stage.desk.ask(BEN, text, "one")).then(() => {
        isOver = true;
    });
    for (let tries = 0; tries < TRIES_MAX && !isOver; tries += 1) {
        await turns();
        while (stage.requests.length > 0) {
            stage.work();
            stage.lose();
        }
        stage.time.pass(1_000);
    }
    await unanswered;
    await stage.settle();
}

test("a question that is asked again after no answer comes once", async () => {
    const stage = await begun();
    await askInVain(stage, "Is it yours?");
    const again = stage.desk.ask(BEN, "Is it yours?", "one");
    await stage.settle();
    await again;
    assert.deepEqual(stage.server.asked, ["Is it yours?"]);
});

test("what was changed in it meanwhile is another question, and so is the same one later", async () => {
    const stage = await begun();
    await askInVain(stage, "Is it yours?");
    for (const text of ["Is it still yours?", "Is it still yours?"]) {
        const asked = stage.desk.ask(BEN, text, "one");
        await stage.settle();
        await asked;
    }
    assert.deepEqual(stage.server.asked, [
        "Is it yours?", "Is it still yours?", "Is it still yours?",
    ]);
});
