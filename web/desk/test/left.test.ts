// What did not go out is not lost from sight.

import assert from "node:assert/strict";
import {test} from "node:test";
import {DraftKeeper} from "../src/conversation/drafts.ts";
import {leftOf} from "../src/conversation/left.ts";
import {EMPTY, type Pending} from "../src/state/model.ts";
import {Kept} from "./storage.ts";

test("what did not go out of a chat that is gone is shown until it is removed", () => {
    const storage = new Kept() as unknown as Storage;
    const keeper = new DraftKeeper(storage, "kate");
    keeper.save("gone", {text: "half", visibility: "All"});
    new DraftKeeper(storage, "ben").save("gone", {text: "Ben's", visibility: "All"});
    const refused: Pending = {
        key: "k", interactionId: "gone", operationName: "Send", text: "late", visibility: "All",
        at: 0, stage: {kind: "refused", code: 2, sentence: "It is over."},
    };
    const state = {...EMPTY, pending: [refused]};
    assert.deepEqual(leftOf(state, keeper.all()), {refused: [], drafts: []}, "nothing is read yet");
    const {refused: shown, drafts} = leftOf({...state, lastRead: 1}, keeper.all());
    assert.deepEqual([shown.map(({text}) => text), drafts.map(({text}) => text)], [
        ["late"], ["half"],
    ]);
    keeper.forget("gone");
    assert.deepEqual(keeper.all(), []);
});

test("a letter that was let go is not left until it is known that it did not go", () => {
    const keeper = new DraftKeeper(new Kept() as unknown as Storage, "kate");
    keeper.save("letter", {text: "Dear Ann", visibility: "All"});
    const send: Pending = {
        key: "k", interactionId: "letter", operationName: "Send", text: "", visibility: "All", at: 0,
        stage: {kind: "sending"},
    };
    const left = (stage: Pending["stage"]) =>
        leftOf({...EMPTY, lastRead: 1, pending: [{...send, stage}]}, keeper.all()).drafts.length;
    assert.equal(left({kind: "sending"}), 0);
    assert.equal(left({kind: "waiting", attempts: 3}), 0);
    assert.equal(left({kind: "refused", code: 2, sentence: "It is gone."}), 1);
});
