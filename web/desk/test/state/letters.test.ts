// What belongs to a letter.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction} from "../../src/api/interaction.ts";
import {
    addressesIn, addressesOf, draftOf, isAddress, isInReview, newerThan,
} from "../../src/state/letters.ts";
import {heldLetter} from "../../src/letters/taking-back.ts";
import {EMPTY, type DeskState} from "../../src/state/model.ts";
import {reduce} from "../../src/state/reduce.ts";

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
    assert.deepEqual(addressesIn('"Falk, Jonas" <j@x.example>, b@y.example, "c'), [
        '"Falk, Jonas" <j@x.example>', "b@y.example", '"c',
    ]);
    assert.deepEqual(addressesIn("  "), []);
});

test("a half written address is none", () => {
    const whole = [
        "a@x.example", "Ann <a@x.example>", '"<b>, c" <a@x.example>', "ä@x.example", "a@localhost",
    ];
    const half = ["a", "a@", "a@x.", "Ann <a@x.example", "a b@x.example", "a@x@y"];
    assert.deepEqual(whole.filter(isAddress), whole);
    assert.deepEqual(half.filter(isAddress), []);
});

test("what a customer wrote after the letter that is answered is newer, and nothing else", () => {
    const inbound = (id: string) => ({...letter(id, "Processing"), direction: "Inbound"});
    const ours = {...letter("b", "Sent"), direction: "Outbound"};
    const thread = [inbound("a"), ours, inbound("c"), inbound("d")];
    assert.equal(newerThan(thread, "a")?.id, "d");
    assert.equal(newerThan(thread, "d"), null);
    assert.equal(newerThan(thread.slice(0, 2), "a"), null);
    assert.equal(newerThan(thread, null), null, "nobody knows what was read");
    const named = readInteraction({
        id: "e", channel: "email", direction: "Inbound", from: "ann@x.example",
        userData: {FirstName: "Ann"},
    });
    assert.ok(named);
    assert.deepEqual(addressesOf([named, ...thread]), {"ann@x.example": "Ann"});
});

/** A state to which it was told that a draft is so now. */
function told(state: DeskState, sequence: number, is: string, error: string | null): DeskState {
    const interaction = letter("draft", is);
    const about = {interaction, lines: [], typing: [], error, referenceId: null};
    const notification = {kind: "interaction", sequence, ...about} as const;
    return reduce(state, {type: "told", topic: "/v2/me/interactions", notification, at: 1});
}

test("a draft that came back says why until it goes out again, also after a read", () => {
    const id = "draft";
    let state = told({...EMPTY, isStale: false}, 1, "Composing", null);
    assert.equal(state.undelivered[id], undefined, "nobody knows yet");
    state = told(state, 2, "Sending", null);
    state = told(state, 3, "Composing", "no such user");
    assert.equal(state.undelivered[id], "no such user");
    state = told(state, 4, "Composing", null);
    assert.equal(state.undelivered[id], "no such user", "a save changes nothing about it");
    state = reduce(state, {type: "deliveryRead", interactionId: id, reason: "old", since: 0});
    assert.equal(state.undelivered[id], "no such user", "what was told is newer");
    state = told(state, 5, "Sending", null);
    assert.equal(state.undelivered[id], undefined);
    state = told(state, 6, "Composing", null);
    const read = {type: "deliveryRead", interactionId: id, reason: "no such user", since: 0} as const;
    assert.equal(reduce(state, read).undelivered[id], "no such user");
    assert.equal(reduce(state, {...read, since: 7}).undelivered[id], undefined, "another read");
});

test("an answer that waits in a queue is looked at first, and what came in is not", () => {
    const answer = {...letter("b", "Queued", "a"), direction: "Outbound"};
    assert.ok(isInReview(answer));
    assert.ok(!isInReview({...answer, direction: "Inbound"}));
    assert.ok(!isInReview({...answer, state: "Sending"}));
});

test("of letters that wait the last can be taken back, until it goes out", () => {
    const held = (id: string, seconds: number, operations = ["CancelSend"]) => {
        const one = readInteraction({
            id, channel: "email", state: "Sending", operations,
            sendsAt: `2026-12-01 10:00:${String(seconds).padStart(2, "0")}.000+0000`,
        });
        assert.ok(one);
        return one;
    };
    const at = (seconds: number): number => Date.UTC(2026, 11, 1, 10, 0, seconds);
    const work = {a: held("a", 5), b: held("b", 9), c: held("c", 20, []), d: letter("d", "Sending")};
    assert.equal(heldLetter({work}, at(4))?.id, "b");
    assert.equal(heldLetter({work}, at(9)), null);
    assert.equal(heldLetter({work: {d: work.d}}, at(0)), null);
});
