import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction} from "../src/api/interaction.ts";
import {foundNext, workMatching} from "../src/app/find-work.ts";
import {sectionsOf, type Found} from "../src/app/found.ts";
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

test("commands come first, then people, then work, and nothing moves under a hand", () => {
    const one = (id: string) =>
        ({list: "mine" as const, id, who: id, subject: "", channel: "email"}) satisfies Found;
    const found = {commands: [one("a"), one("b")], people: [one("c")], work: [one("d")]};
    const places = (arePeopleLast: boolean, some = found) =>
        sectionsOf(some, arePeopleLast).map(({name, first}) => `${name} ${first}`);
    assert.deepEqual(places(false), ["commands 0", "people 2", "work 3"]);
    assert.deepEqual(places(true), ["commands 0", "work 2", "people 3"]);
    assert.deepEqual(places(false, {...found, commands: []}), ["people 0", "work 1"]);
});
