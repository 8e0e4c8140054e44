// A letter is sent once, however often one presses.

import assert from "node:assert/strict";
import {test} from "node:test";
import {ref} from "vue";
import {alone} from "../src/letters/alone.ts";

test("who presses again while a file is on its way sends once", async () => {
    const isBusy = ref(false);
    let sent = 0;
    let arrive = () => {};
    const file = new Promise<void>((resolve) => {
        arrive = resolve;
    });
    const press = () => alone(isBusy, async () => {
        await file;
        sent += 1;
    });
    const first = press();
    assert.ok(isBusy.value, "from the first moment, so that nothing is typed any more");
    assert.equal(await press(), false);
    arrive();
    assert.equal(await first, true);
    assert.equal(sent, 1);
    assert.ok(!isBusy.value);
});

test("what failed can be tried again", async () => {
    const isBusy = ref(false);
    await assert.rejects(alone(isBusy, () => Promise.reject(new Error("no"))));
    assert.equal(await alone(isBusy, async () => {}), true);
});
