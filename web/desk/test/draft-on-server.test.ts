// What is typed in a chat is on the server soon, and nothing that was typed is lost for it.

import assert from "node:assert/strict";
import {test} from "node:test";
import type {ChatDraft} from "../src/api/interaction.ts";
import {Refused} from "../src/api/trouble.ts";
import {DraftOnServer, type ToldDraft} from "../src/conversation/draft-on-server.ts";

const draft = (text: string): ChatDraft => ({text, visibility: "All"});
const told = (text: string | null, referenceId: number | null = null): ToldDraft =>
    ({draft: text === null ? null : draft(text), referenceId});
const turns = () => new Promise((resolve) => setImmediate(resolve));

function box(known: ChatDraft | null = null, unanswered: ChatDraft | null = null) {
    const it = {
        text: known?.text ?? "",
        onServer: known,
        onWay: unanswered,
        waits: [] as {ms: number; run: () => void}[],
        saves: [] as {draft: ChatDraft; done(referenceId: number): void; fail(why: Error): void}[],
    };
    const onServer = new DraftOnServer({
        present: () => draft(it.text),
        take: ({text}) => { it.text = text; },
        kept: (kept) => { it.onServer = kept; },
        onWay: (draft) => { it.onWay = draft; },
        save: (what) => new Promise((done, fail) => {
            it.saves.push({draft: what, done, fail});
        }),
        after(ms, run) {
            const wait = {ms, run};
            it.waits.push(wait);
            return () => { it.waits = it.waits.filter((one) => one !== wait); };
        },
    }, known, unanswered);
    return Object.assign(it, {
        onServer_: onServer,
        type(text: string) {
            it.text = text;
            onServer.changed();
        },
        pass() {
            it.waits.splice(0).forEach(({run}) => run());
        },
    });
}

test("what is typed is saved within two seconds of the first key, and once", async () => {
    const it = box();
    it.type("a");
    it.type("ab");
    assert.equal(it.waits.length, 1);
    assert.ok((it.waits[0]?.ms ?? 9_999) <= 1_000, "and not after the last key");
    it.pass();
    assert.deepEqual(it.saves.map((one) => one.draft.text), ["ab"]);
    it.saves[0]?.done(7);
    await turns();
    assert.equal(it.onServer?.text, "ab");
    it.pass();
    assert.equal(it.saves.length, 1);
});

test("what comes while one saves is saved behind it", async () => {
    const it = box();
    it.type("a");
    it.pass();
    it.type("ab");
    it.pass();
    assert.equal(it.saves.length, 1, "one at a time");
    it.saves[0]?.done(1);
    await turns();
    it.pass();
    assert.deepEqual(it.saves.map((one) => one.draft.text), ["a", "ab"]);
});

test("one's own echo takes nothing back, before the answer or after it", async () => {
    const it = box();
    it.type("a");
    it.pass();
    it.onServer_.told(told("a", 1));
    it.type("ab");
    it.saves[0]?.done(1);
    await turns();
    it.onServer_.told(told("a", 1));
    assert.equal(it.text, "ab");
    it.pass();
    it.saves[1]?.done(2);
    await turns();
    it.onServer_.told(told("a", 1));
    assert.equal(it.text, "ab", "an echo that comes late");
});

test("what another computer typed comes into a box that nobody touched", () => {
    const it = box();
    it.onServer_.told(told("from there"));
    assert.equal(it.text, "from there");
    it.onServer_.told(told(null, 9));
    assert.equal(it.text, "", "and goes as it was sent there");
    assert.equal(it.waits.length, 0, "nothing of it is saved again");
});

test("what was typed here stays, and goes to the server", () => {
    const it = box();
    it.text = "mine";
    it.onServer_.told(told("from there"));
    assert.equal(it.text, "mine");
    it.pass();
    assert.deepEqual(it.saves.map((one) => one.draft.text), ["mine"]);
});

test("a page that is loaded again knows what it had saved", () => {
    const it = box(draft("saved"));
    it.onServer_.told(told(null));
    assert.equal(it.text, "", "it was sent on another computer");
    const other = box(draft("saved"));
    other.text = "saved and more";
    other.onServer_.told(told("saved"));
    assert.equal(other.text, "saved and more", "the last keys before the kill");
});

test("without an answer it is tried again, after a refusal at the next key", async () => {
    const it = box();
    it.type("a");
    it.pass();
    it.saves[0]?.fail(new Error("no answer"));
    await turns();
    assert.equal(it.waits.length, 1);
    it.pass();
    it.saves[1]?.fail(new Refused(2, "It is over."));
    await turns();
    assert.equal(it.waits.length, 0);
    it.type("ab");
    assert.equal(it.waits.length, 1);
});

test("what is not saved yet is saved when the box goes", () => {
    const it = box();
    it.type("last");
    it.onServer_.stop();
    assert.deepEqual(it.saves.map((one) => one.draft.text), ["last"]);
    assert.equal(it.waits.length, 0);
});

test("what was said does not come back into the box, and goes from the server", async () => {
    const it = box(draft("said"));
    it.text = "";
    it.onServer_.told(told("said"));
    assert.equal(it.text, "");
    it.pass();
    assert.deepEqual(it.saves.map((one) => one.draft.text), [""]);
    it.saves[0]?.fail(new Error("no answer"));
    await turns();
    it.onServer_.told(told("said"));
    assert.equal(it.text, "", "offline it is tried again");
    assert.equal(it.waits.length, 1);
});

test("an emptied box takes nothing of what is typed at another computer since", () => {
    const it = box(draft("said"));
    it.text = "";
    it.onServer_.changed();
    it.onServer_.told(told("from there", 9));
    assert.equal(it.text, "from there");
    it.pass();
    assert.deepEqual(it.saves, []);
});

test("what may have been saved does not come back either", async () => {
    const it = box();
    it.type("said");
    it.pass();
    it.saves[0]?.fail(new Error("no answer"));
    await turns();
    it.text = "";
    it.onServer_.changed();
    it.onServer_.told(told("said"));
    assert.equal(it.text, "");
    it.pass();
    assert.deepEqual(it.saves.map((one) => one.draft.text), ["said", ""]);
});

test("what was on its way when the page was loaded anew does not come back", async () => {
    const before = box();
    before.type("said");
    before.pass();
    assert.deepEqual(before.onWay, draft("said"));
    const after = box(null, before.onWay);
    after.onServer_.told(told("said", 7));
    assert.equal(after.text, "");
    after.pass();
    assert.deepEqual(after.saves.map((one) => one.draft.text), [""]);
    after.saves[0]?.done(8);
    await turns();
    assert.equal(after.onWay, null);
});

test("what is told late of a box that was emptied since does not come back", async () => {
    const it = box(null, draft("said"));
    it.onServer_.told(told("said", 7));
    it.pass();
    it.onServer_.told(told("said", 7));
    it.saves[0]?.done(8);
    await turns();
    assert.equal(it.text, "", "told while it was saved");
    it.onServer_.told(told("said"));
    assert.equal(it.text, "", "read before, and told afterwards");
    it.onServer_.told(told("from there", 9));
    assert.equal(it.text, "from there");
});

test("words that are said are told as no draft, and do not come back by a read from before", async () => {
    const it = box(draft("said"));
    it.text = "";
    it.onServer_.told(told(null));
    it.onServer_.told(told("said"));
    assert.equal(it.text, "");
    it.pass();
    assert.deepEqual(it.saves.map((one) => one.draft.text), [""]);
    it.saves[0]?.done(8);
    await turns();
    it.onServer_.told(told("said"));
    assert.equal(it.text, "");
});

test("an emptied box in a chat that is over leaves nothing in this browser", async () => {
    const it = box(draft("said"));
    it.text = "";
    it.onServer_.stop();
    it.onServer_.told(told("from there", 9));
    it.saves[0]?.fail(new Refused(2, "It is over."));
    await turns();
    assert.equal(it.onServer?.text, "");
    assert.equal(it.text, "", "and takes nothing once it is gone");
});
