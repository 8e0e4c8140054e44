// What is written in a letter reaches the server, and never over something newer.

import assert from "node:assert/strict";
import {test} from "node:test";
import {Refused, Unanswered} from "../src/api/trouble.ts";
import {DraftKeeper} from "../src/conversation/drafts.ts";
import {LetterSaver, LetterSavers, type Written} from "../src/letters/saver.ts";
import {Time, turns} from "./state/stage.ts";

const LETTER: Written = {
    to: ["ann@x.example"], cc: [], bcc: [], subject: "Re: Delivery", html: "", text: "",
    quotation: null,
};

/** A draft whose saves end as `outcome` says. */
class Draft {
    readonly time = new Time();
    readonly savers = new LetterSavers();
    readonly emails: Record<string, unknown>[] = [];
    tries = 0;
    kept: Written | null = null;
    outcome: Error | null = null;
    /** How often it was said that nothing is saved any more. */
    ends = 0;

    /** A form opens. */
    open(): LetterSaver {
        return this.savers.open("draft", () => new LetterSaver(LETTER, null, {
            save: async (email) => {
                this.tries += 1;
                if (this.outcome !== null) {
                    throw this.outcome;
                }
                this.emails.push(email);
            },
            read: async () => null,
            keep: (written) => {
                this.kept = written;
            },
            now: () => this.time.now,
            after: (ms, run) => this.time.after(ms, run),
            over: () => {
                this.ends += 1;
            },
        }));
    }

    async write(saver: LetterSaver, written: Partial<Written>): Promise<void> {
        Object.assign(saver.written, written);
        saver.touch();
        this.time.pass(1_000);
        await turns();
    }
}

test("an address that is half typed stays in this browser alone, whatever is saved", async () => {
    const draft = new Draft();
    const saver = draft.open();
    saver.typing("to", "ben@");
    assert.deepEqual(draft.kept?.to, ["ann@x.example", "ben@"]);
    await draft.write(saver, {text: "Hello"});
    assert.deepEqual(draft.emails.map(({to}) => to), [["ann@x.example"]]);
    assert.deepEqual(draft.kept?.to, ["ann@x.example", "ben@"]);
    saver.typing("to", "");
    assert.equal(draft.kept, null);
});

test("a form that is gone does not put older text over newer", async () => {
    const draft = new Draft();
    const first = draft.open();
    draft.outcome = new Unanswered("unreachable", 0);
    await draft.write(first, {text: "older"});
    await draft.savers.release(first);
    draft.outcome = null;
    const second = draft.open();
    assert.equal(second.written.text, "older", "nothing is lost between two forms");
    await draft.write(second, {text: "newer"});
    draft.time.pass(10_000);
    await turns();
    assert.equal(draft.emails.at(-1)?.["bodyAsPlainText"], "newer");
    assert.equal(draft.kept, null);
});

test("what had no answer is tried until it has one, also without a form", async () => {
    const draft = new Draft();
    const saver = draft.open();
    draft.outcome = new Unanswered("unreachable", 0);
    await draft.write(saver, {text: "hello"});
    await draft.savers.release(saver);
    draft.outcome = null;
    draft.time.pass(3_000);
    await turns();
    assert.equal(draft.emails.at(-1)?.["bodyAsPlainText"], "hello");
    assert.equal(draft.ends, 1, "other tabs may save it from now on");
});

test("other tabs wait only as long as something is on its way", async () => {
    const draft = new Draft();
    const saved = draft.open();
    await draft.write(saved, {text: "hello"});
    assert.equal(draft.ends, 0, "a form shows it");
    await draft.savers.release(saved);
    await turns();
    assert.equal(draft.ends, 1);
    const refused = draft.open();
    draft.outcome = new Refused(2, "The draft is Sending.");
    await draft.write(refused, {text: "again"});
    await draft.savers.release(refused);
    await turns();
    assert.equal(draft.ends, 2);
    assert.equal(draft.kept?.text, "again");
});

test("a form that comes back in time goes on with what is on its way", async () => {
    const draft = new Draft();
    const saver = draft.open();
    draft.outcome = new Unanswered("unreachable", 0);
    await draft.write(saver, {text: "hello"});
    await draft.savers.release(saver);
    await turns();
    assert.equal(draft.open(), saver);
    draft.outcome = null;
    draft.time.pass(3_000);
    await turns();
    assert.equal(draft.emails.length, 1);
    assert.equal(draft.ends, 0, "it is shown again");
});

test("what was refused is not tried again by itself, and stays in this browser", async () => {
    const draft = new Draft();
    const saver = draft.open();
    draft.outcome = new Refused(2, "The draft is Sending.");
    await draft.write(saver, {text: "hello", subject: "Hi", cc: ["ben@x.example"]});
    const {tries} = draft;
    for (let time = 0; time < 5; time += 1) {
        draft.time.pass(5_000);
        await turns();
    }
    assert.equal(draft.tries, tries);
    const whole = {...LETTER, text: "hello", subject: "Hi", cc: ["ben@x.example"]};
    assert.deepEqual(draft.kept, whole);
    await assert.rejects(saver.flush(), Refused, "whoever sends it is told");
});

test("what is no address does not keep the text from the server", async () => {
    const draft = new Draft();
    const saver = draft.open();
    await draft.write(saver, {html: "<p>hello</p>", text: "hello", to: ["ann@x.example", "ben@"]});
    const saved = {
        cc: [], bcc: [], subject: "Re: Delivery", body: "<p>hello</p>", bodyAsPlainText: "hello",
    };
    assert.deepEqual(draft.emails[0], saved);
    assert.deepEqual(draft.kept?.to, ["ann@x.example", "ben@"]);
    assert.equal(saver.saved.value.kind, "failed", "nobody is told that all is saved");
    await draft.write(saver, {to: ["ann@x.example", "ben@x.example"]});
    assert.deepEqual(draft.emails.at(-1)?.["to"], ["ann@x.example", "ben@x.example"]);
    assert.equal(draft.kept, null);
});

test("a draft that another window took is saved from here no more, and stays kept", async () => {
    const draft = new Draft();
    const saver = draft.open();
    draft.outcome = new Unanswered("unreachable", 0);
    await draft.write(saver, {text: "hello"});
    draft.savers.abandon("draft", saver);
    draft.outcome = null;
    draft.time.pass(10_000);
    await turns();
    assert.deepEqual(draft.emails, []);
    assert.equal(draft.kept?.text, "hello", "the other window goes on with it");
    assert.notEqual(draft.open(), saver);
});

test("a draft that is sent is saved no more, and comes back as the server has it", async () => {
    const draft = new Draft();
    const saver = draft.open();
    draft.outcome = new Unanswered("unreachable", 0);
    await draft.write(saver, {text: "hello"});
    draft.savers.forget("draft", saver);
    draft.outcome = null;
    await draft.savers.release(saver);
    draft.time.pass(10_000);
    await turns();
    assert.deepEqual(draft.emails, []);
    assert.equal(draft.kept, null);
    assert.notEqual(draft.open(), saver);
});

test("all that a letter has beside its text is kept", () => {
    const kept = new Map<string, string>();
    const storage = {
        getItem: (name: string) => kept.get(name) ?? null,
        setItem: (name: string, value: string) => void kept.set(name, value),
        removeItem: (name: string) => void kept.delete(name),
    } as unknown as Storage;
    const head = {
        to: ["ann@x.example"], cc: ["be"], bcc: [], subject: "Hi", html: "<p>x</p>",
        isQuoting: true, known: {told: "a.b.c", sent: ["d.e.f"]},
    };
    new DraftKeeper(storage, "kate").save("a", {text: "", visibility: "All", head});
    assert.deepEqual(new DraftKeeper(storage, "kate").load("a").head, head);
    new DraftKeeper(storage, "kate").forget("a");
    assert.equal(kept.size, 0);
});

test("what was let go is saved no more until it stays, and goes as it is shown", async () => {
    const draft = new Draft();
    const saver = draft.open();
    await draft.write(saver, {text: "saved"});
    Object.assign(saver.written, {text: "shown"});
    saver.touch();
    assert.equal(saver.leave()["bodyAsPlainText"], "shown");
    draft.time.pass(10_000);
    await turns();
    assert.equal(draft.emails.length, 1);
    assert.equal(draft.kept?.text, "shown", "this browser has what the server may not have");
    // Its own echo is nobody else's words.
    saver.hear({...LETTER, text: "shown"});
    assert.equal(saver.other.value, null);
    saver.stay();
    draft.time.pass(1_000);
    await turns();
    assert.equal(draft.emails.at(-1)?.["bodyAsPlainText"], "shown");
    assert.equal(draft.kept, null);
});
