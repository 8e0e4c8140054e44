// Words that somebody typed are always somewhere: in the box, in this browser, or in the outbox.

import assert from "node:assert/strict";
import {test} from "node:test";
import {DraftKeeper} from "../src/conversation/drafts.ts";
import {Writing, type Readers} from "../src/conversation/writing.ts";
import {Kept} from "./storage.ts";

let made = 0;

function writingIn(storage: Kept) {
    const outcomes: ((isKept: boolean) => void)[] = [];
    const names: string[] = [];
    const writing = new Writing({
        interactionId: "a",
        drafts: new DraftKeeper(storage as unknown as Storage, "kate"),
        newName: () => `words-${++made}`,
        say: ({name}) => new Promise<void>((resolve, reject) => {
            names.push(name);
            outcomes.push((isKept) => (isKept ? resolve() : reject(new Error("full"))));
        }),
    });
    const write = (text: string, to: Readers = "All"): void => {
        writing.text.value = text;
        writing.visibility.value = to;
        writing.keep();
    };
    /** What a page that is loaded now would show: of words, the outbox has taken those so named. */
    const stored = (taken: string[] = []) => {
        const next = new Kept();
        Object.assign(next, storage);
        const drafts = new DraftKeeper(next as unknown as Storage, "kate");
        drafts.settle(new Set(taken));
        const {name: _, ...kept} = drafts.load("a");
        return kept;
    };
    return {writing, write, stored, outcomes, names};
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

test("what went to the server when the page ended is known to the next one", () => {
    const {writing, write, stored, names} = writingIn(new Kept());
    const onWay = {text: "hello", visibility: "All"} as const;
    write("hello");
    writing.onWay.value = onWay;
    void writing.send();
    assert.deepEqual(stored(names), {text: "", visibility: "All", onWay});
});

test("a page that ends before the outbox has said so leaves its words in one place", () => {
    const {writing, write, stored, names} = writingIn(new Kept());
    write("hello");
    void writing.send();
    assert.deepEqual(stored(names), {text: "", visibility: "All"}, "the outbox has them");
    assert.deepEqual(stored(), {text: "hello", visibility: "All"}, "it does not");
    write("and more");
    assert.equal(stored(names).text, "and more");
    void writing.send();
    assert.equal(stored(names).text, "");
    assert.equal(stored(names.slice(1)).text, "hello");
    assert.equal(stored(names.slice(0, 1)).text, "and more");
});

test("a browser that was killed and has an old draft of what the outbox took drops it", () => {
    const storage = new Kept();
    const {writing, write, stored, names} = writingIn(storage);
    write("hello");
    const asOnDisk = {...storage};
    void writing.send();
    Object.assign(storage, asOnDisk);
    assert.equal(stored(names).text, "");
    assert.equal(stored().text, "hello");
});

test("a second box of this browser shows nothing of what the first gave to the outbox", () => {
    const storage = new Kept();
    const {writing, write} = writingIn(storage);
    write("hello");
    void writing.send();
    const second = writingIn(storage);
    assert.equal(second.writing.text.value, "");
    second.write("and more");
    assert.equal(second.stored().text, "hello\nand more", "nobody knows yet that it was taken");
});
