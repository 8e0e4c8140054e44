// What something may end with, and when that is asked for.

import assert from "node:assert/strict";
import {test} from "node:test";
import {isOutcomeMissing, offeredOf, readAsked, readOutcomes} from "../src/details/offered.ts";

/** A server with one queue. */
function server(queue: Record<string, unknown>): {get(path: string): Promise<Record<string, unknown>>} {
    return {get: async () => ({queues: [queue]})};
}

test("an outcome is offered by its channel, or by the queue that names it", () => {
    const known = readOutcomes({settings: [
        {key: "sold", displayName: "Sold", channels: ["chat"], noteRequired: true},
        {key: "lost", displayName: "", channels: []},
    ]});
    assert.deepEqual(known.map(({name, asksForNote}) => [name, asksForNote]), [
        ["Sold", true], ["lost", false],
    ]);
    const keys = (channel: string, offered: string[]): string[] =>
        offeredOf(known, channel, {offered, isRequired: true}).map(({key}) => key);
    assert.deepEqual(keys("chat", []), ["sold", "lost"]);
    assert.deepEqual(keys("email", []), ["lost"]);
    assert.deepEqual(keys("chat", ["sold"]), ["sold"]);
});

test("an outcome is missing where the queue asks for one that is not there", async () => {
    const asks = {dispositions: ["sold"], dispositionRequired: true};
    const missing = (queue: Record<string, unknown>, disposition: string): Promise<boolean> =>
        isOutcomeMissing(server(queue), {currentQueue: "q", disposition});
    assert.equal(await missing(asks, ""), true);
    assert.equal(await missing(asks, "whatever"), true);
    assert.equal(await missing(asks, "sold"), false);
    assert.equal(await missing({...asks, dispositions: []}, "whatever"), false);
    assert.equal(await missing({...asks, dispositionRequired: false}, ""), false);
    assert.equal(await missing({}, ""), false);
    assert.deepEqual(await readAsked(server(asks), null), {offered: [], isRequired: false});
});
