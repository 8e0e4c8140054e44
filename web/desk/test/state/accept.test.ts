// What becomes of an Accept that comes too late.

import assert from "node:assert/strict";
import {test} from "node:test";
import {FakeServer} from "./fake-server.ts";
import {Stage, Time, turns} from "./stage.ts";

test("a refused Accept is told, and goes, although its offer is shown no more", async () => {
    const stage = new Stage(new FakeServer(), new Time());
    const {desk, server} = stage;
    desk.start();
    await stage.settle();
    const id = server.offer("chat");
    await stage.settle();
    const offered = desk.store.state.work[id];
    assert.ok(offered);
    await desk.accept({...offered, offer: null});
    server.leave(id, "Revoked");
    stage.link?.pass();
    await turns();
    assert.equal(desk.store.state.work[id], undefined);
    await stage.settle();
    const {failures, pending} = desk.store.state;
    assert.deepEqual(failures.map((one) => [one.interactionId, one.sentence]), [
        [id, "The interaction is Revoked."],
    ]);
    assert.deepEqual(pending, []);
});
