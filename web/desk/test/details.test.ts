// What the details make of what the API tells.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readHappening, type Happening} from "../src/api/happening.ts";
import {readInteraction, type Interaction} from "../src/api/interaction.ts";
import {othersOf} from "../src/details/before.ts";
import {entriesOf, linkOf, shownValue, writtenValue} from "../src/details/data.ts";
import {waitingOf, whyMine} from "../src/details/why-mine.ts";

/** What happened at a second of the day, by a user or by the server. */
function at(second: number, by: string, ...facts: Record<string, unknown>[]): Happening {
    const time = `2026-11-29 14:00:${String(second).padStart(2, "0")}.000+0000`;
    return readHappening({at: time, cause: by === "" ? {} : {userName: by}, facts});
}

const ROUTED = [
    at(0, "", {fact: "Opened"}),
    at(0, "", {fact: "Queued", queue: "support-email"}),
    at(40, "", {fact: "Offered", to: "ben", kind: "Routed"}),
    at(41, "ben", {fact: "Rejected", by: "ben"}),
    at(42, "", {fact: "Offered", to: "kate", kind: "Routed", of: 3}),
    at(50, "kate", {fact: "Accepted", by: "kate"}),
];

test("why something is with one is what happened last", () => {
    const routed = {kind: "routed", waitedMs: 42_000, queue: "support-email", of: 3};
    assert.deepEqual(whyMine(ROUTED, "kate"), routed);
    const given = [
        ...ROUTED,
        at(52, "kate", {fact: "Offered", to: "ben", kind: "Transfer"}),
        at(53, "ben", {fact: "Accepted", by: "ben"}),
    ];
    assert.deepEqual(whyMine(given, "ben"), {kind: "given", by: "kate"});
    const pulled = [...given, at(55, "kate", {fact: "Pulled", by: "kate"})];
    assert.deepEqual(whyMine(pulled, "kate"), {kind: "taken"});
    assert.deepEqual(whyMine([at(0, "kate", {fact: "Opened"})], "kate"), {kind: "made"});
    assert.deepEqual(whyMine([], "kate"), {kind: "unknown"});
    assert.deepEqual(whyMine(ROUTED.slice(0, 3), "kate"), {kind: "unknown"});
});

test("where something waits is told with who could take it", () => {
    const waiting = {
        queue: "tasks", since: "2026-11-29 14:00:00.000+0000", waitedMs: 5, eligible: [{}, {}],
    };
    const since = Date.parse("2026-11-29T14:00:00Z");
    assert.deepEqual(waitingOf({routing: {waiting}}), {queue: "tasks", since, able: 2});
    assert.equal(waitingOf({routing: {state: "Processing"}}), null);
});

test("what is written over a number stays one, and a text stays a text", () => {
    assert.equal(writtenValue("12", 7), 12);
    assert.equal(writtenValue("12", "7"), "12");
    assert.equal(writtenValue("twelve", 7), "twelve");
    assert.equal(writtenValue("12", undefined), "12");
    assert.equal(shownValue({a: [1]}), '{"a":[1]}');
    assert.deepEqual(entriesOf({FirstName: "Ann", Order: 1}), [["Order", 1]]);
    assert.equal(linkOf("https://x.example/a"), "https://x.example/a");
    for (const text of ["javascript:x", "see https://x.example", "https://[", 7]) {
        assert.equal(linkOf(text), null, String(text));
    }
});

function letter(id: string, threadId: string): Interaction {
    const read = readInteraction({id, channel: "email", threadId});
    assert.ok(read);
    return read;
}

test("before is what belongs to another thread, each once", () => {
    const rows = [letter("a", "t"), letter("b", "u"), letter("b", "u"), letter("c", "t")];
    assert.deepEqual(othersOf(rows, letter("a", "t")).map(({id}) => id), ["b"]);
});
