// Words that somebody typed are always somewhere: in the box, in this browser, or in the outbox.

import assert from "node:assert/strict";
import {test} from "node:test";
import {DraftKeeper} from "../src/conversation/drafts.ts";
import {Writing, type Readers} from "../src/conversation/writing.ts";
import {Kept} from "./storage.ts";

function writingIn(storage: Kept) {
    const outcomes: ((isKept: boolean) => void)[] = [];
    const writing = new Writing({
        interactionId: "a",
        drafts: new DraftKeeper(storage as unknown as Storage, "kate"),
        say: () => new Promise<void>((resolve, reject) => {
            outcomes.push((isKept) => (isKept ? resolve() : reject(new Error("full"))));
        }),
    });
    const write = (text: string, to: Readers = "All"): void => {
        writing.text.value = text;
        writing.visibility.value = to;
        writing.keep();
    };
    /** What a page that is loaded now would show. */
    const stored = () => new DraftKeeper(storage as unknown as Storage, "kate").load("a");
    return {writing, write, stored, outcomes};
}

test("words stay in this browser until the outbox has them", async () => {
    const {writing, write, stored, outcomes} = writingIn(new Kept());
    write("hello");
    const sent = writing.send();
    write("");
    assert.equal(stored().text, "hello");
    write("and more");
    assert.equal(stored().text, "hello\nand more");
    outcomes[0]?.(true);
    assert.equal(await sent, true);
    assert.equal(stored().text, "and more");
});

test("what the outbox did not take stands before what came since, and stays a note", async () => {
    const {writing, write, stored, outcomes} = writingIn(new Kept());
    write("a note", "Agents");
    const sent = writing.send();
    write("and more", "All");
    outcomes[0]?.(false);
    assert.equal(await sent, false);
    assert.equal(writing.text.value, "a note\nand more");
    assert.equal(writing.visibility.value, "Agents");
    assert.deepEqual(stored(), {text: "a note\nand more", visibility: "Agents"});
});

test("an empty draft from elsewhere leaves alone whom one is about to write to", () => {
    const {writing, write} = writingIn(new Kept());
    write("", "Agents");
    writing.take({text: "", visibility: "All"}, ["All", "Agents"]);
    assert.equal(writing.visibility.value, "Agents");
    writing.take({text: "hello", visibility: "All"}, ["All", "Agents"]);
    assert.equal(writing.visibility.value, "All");
    writing.take({text: "a note", visibility: "Agents"}, ["All", "Agents"]);
    assert.deepEqual(writing.present(), {text: "a note", visibility: "Agents"});
});

test("whoever said what the server still has as a draft knows it after a reload", async () => {
    const storage = new Kept();
    const {writing, write, stored, outcomes} = writingIn(storage);
    const onServer = {text: "hello", visibility: "All"} as const;
    writing.onServer.value = onServer;
    write("hello");
    const sent = writing.send();
    outcomes[0]?.(true);
    await sent;
    assert.deepEqual(stored(), {text: "", visibility: "All", onServer});
    writing.onServer.value = {text: "", visibility: "All"};
    writing.keep();
    assert.deepEqual({...storage}, {}, "nothing is left of it once the server has none");
});
