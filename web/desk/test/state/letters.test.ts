// What belongs to a letter.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction} from "../../src/api/interaction.ts";
import {addressesIn, draftOf, isAddress} from "../../src/state/letters.ts";
import {EMPTY} from "../../src/state/model.ts";

function letter(id: string, state: string, parentId: string | null = null) {
    const interaction = readInteraction({id, channel: "email", state, parentId});
    assert.ok(interaction);
    return interaction;
}

test("a letter's draft is the one that answers it, and a draft is its own", () => {
    const original = letter("a", "Processing");
    const draft = letter("b", "Composing", "a");
    const others = [letter("c", "Sending", "a"), letter("d", "Composing", "x")];
    const all = [original, ...others];
    const work = (given: typeof all) => Object.fromEntries(given.map((one) => [one.id, one]));
    assert.equal(draftOf({...EMPTY, work: work(all)}, original), null);
    assert.equal(draftOf({...EMPTY, work: work([...all, draft])}, original)?.id, "b");
    assert.equal(draftOf(EMPTY, draft), draft);
});

test("addresses are read as people write them", () => {
    assert.deepEqual(addressesIn(" a@x.example, b@y.example;\nc@z.example ,"), [
        "a@x.example", "b@y.example", "c@z.example",
    ]);
    assert.deepEqual(addressesIn("  "), []);
});

test("a half written address is none", () => {
    const whole = ["a@x.example", "Ann <a@x.example>", "ä@x.example", "a@localhost"];
    const half = ["a", "a@", "a@x.", "Ann <a@x.example", "a b@x.example", "a@x@y"];
    assert.deepEqual(whole.filter(isAddress), whole);
    assert.deepEqual(half.filter(isAddress), []);
});
