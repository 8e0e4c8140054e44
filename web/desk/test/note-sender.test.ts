// A note comes once after a lost answer, and what was changed in it meanwhile is another note.

import assert from "node:assert/strict";
import {test} from "node:test";
import type {Api} from "../src/api/http.ts";
import {Refused, Unanswered} from "../src/api/trouble.ts";
import {NoteSender} from "../src/details/note-sender.ts";

/** Fails in order with the given troubles, then never; tells under which keys it was asked. */
function failing(...troubles: Error[]) {
    const keys: (string | undefined)[] = [];
    const post: Api["post"] = async (_path, _body, options) => {
        keys.push(options?.key);
        const trouble = troubles.shift();
        if (trouble !== undefined) {
            throw trouble;
        }
        return {};
    };
    return {keys, sender: new NoteSender({post})};
}

test("the same note after a lost answer is the same request", async () => {
    const {keys, sender} = failing(new Unanswered("unreachable", 0));
    await assert.rejects(sender.add("a", "calls back"));
    await sender.add("a", "calls back");
    await sender.add("a", "calls back");
    assert.equal(keys[0], keys[1]);
    assert.notEqual(keys[1], keys[2]);
});

test("a note that was changed after a lost answer is another request", async () => {
    const {keys, sender} = failing(new Unanswered("unreachable", 0));
    await assert.rejects(sender.add("a", "calls back"));
    await sender.add("a", "calls back at two");
    assert.notEqual(keys[0], keys[1]);
});

test("a note that was refused is asked for anew", async () => {
    const {keys, sender} = failing(new Refused(2, "Not now."));
    await assert.rejects(sender.add("a", "calls back"));
    await sender.add("a", "calls back");
    assert.notEqual(keys[0], keys[1]);
});
