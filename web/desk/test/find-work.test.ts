import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction} from "../src/api/interaction.ts";
import {foundNext, workMatching} from "../src/app/find-work.ts";
import {EMPTY} from "../src/state/model.ts";

function work(id: string, fields: Record<string, unknown>) {
    const interaction = readInteraction({
        id, channel: "email", direction: "Inbound", state: "Processing",
        receivedDate: "2026-11-29 14:00:00.000+0000", ...fields,
    });
    assert.ok(interaction);
    return interaction;
}

const STATE = {
    ...EMPTY,
    work: {
        a: work("a", {subject: "Lost umbrella", from: "zoe@x.example"}),
        b: work("b", {subject: "Invoice", from: "jonas@falk.example", answer: {
            owedSince: null, targetSeconds: null, lastFrom: "Customer", lastText: "An umbrella?",
            lastAt: "2026-11-29 14:00:00.000+0000",
        }}),
    },
    workbins: [{id: "bin", name: "In Progress", type: "Agent"}],
    parked: {bin: [work("c", {subject: "Umbrella stand", state: "InWorkbin"})]},
};

function found(typed: string): string[] {
    return workMatching(STATE, typed, 0).map(({list, id}) => `${list} ${id}`);
}

test("work is found by all words of its name, subject, address or last words", () => {
    assert.deepEqual(found("umbrella"), ["mine a", "mine b", "parked c"]);
    assert.deepEqual(found(" UMBRELLA zoe "), ["mine a"]);
    assert.deepEqual(found("falk.example"), ["mine b"]);
    assert.deepEqual(found("umbrella nobody"), []);
    assert.deepEqual(found("  "), []);
});

test("what was found keeps its place, and what comes stands behind it", () => {
    const one = (id: string, who = id) =>
        ({list: "mine" as const, id, who, subject: "", channel: "email"});
    const shown = foundNext([], ["a", "b", "c"].map((id) => one(id)));
    const found = foundNext(shown, [one("d"), one("c", "Carl"), one("a")]);
    assert.deepEqual(found.map(({who}) => who), ["a", "Carl", "d"]);
    const many = [..."efghijk"].map((id) => one(id));
    const full = foundNext(shown, [...many, ...shown]);
    assert.deepEqual(full.map(({id}) => id).join(""), "abcefghi");
});
