// A letter that is open at two computers: no words are lost, and none go out unseen.

import assert from "node:assert/strict";
import {test} from "node:test";
import {Unanswered} from "../src/api/trouble.ts";
import {LetterSaver, type Written} from "../src/letters/saver.ts";
import {isKnown, type Known} from "../src/letters/told.ts";
import {Time, turns} from "./state/stage.ts";

const QUOTATION = {html: "<blockquote>Where is it?</blockquote>", text: "> Where is it?"};
const letter = (text: string, fields: Partial<Written> = {}): Written => ({
    to: ["ann@x.example"], cc: [], bcc: [], subject: "Re: Delivery", html: `<p>${text}</p>`, text,
    quotation: QUOTATION, ...fields,
});

/** A computer at which a letter is open. */
class Computer {
    readonly time = new Time();
    readonly saver: LetterSaver;
    readonly saves: unknown[] = [];
    kept: {written: Written; known: Known} | null = null;
    /** Saves have no answer while it is there. */
    outcome: Error | null = null;
    answer: Promise<void> = Promise.resolve();
    /** What a read brings; `null` is no draft any more. */
    server: Written | null = null;

    constructor(told: Written, kept: Computer["kept"] = null) {
        this.saver = new LetterSaver(told, kept, {
            save: async (email) => {
                this.saves.push(email["bodyAsPlainText"]);
                await this.answer;
                if (this.outcome !== null) {
                    throw this.outcome;
                }
            },
            read: async () => {
                if (this.outcome !== null) {
                    throw this.outcome;
                }
                return this.server;
            },
            keep: (written, known) => {
                this.kept = written === null ? null : {written, known};
            },
            now: () => this.time.now,
            after: (ms, run) => this.time.after(ms, run),
            over: () => {},
        });
    }

    type(text: string): void {
        Object.assign(this.saver.written, letter(text));
        this.saver.touch();
    }

    async pass(ms = 1_000): Promise<void> {
        this.time.pass(ms);
        await turns();
    }

    get last(): unknown {
        return this.saves.at(-1);
    }
}

const whole = (text: string) => `${text}\n\n${QUOTATION.text}`;

test("what is written elsewhere is shown where nothing was, and one goes on there", async () => {
    const here = new Computer(letter("old"));
    here.saver.hear(letter("new"));
    assert.equal(here.saver.written.text, "new");
    assert.equal(here.saver.written.html, "<p>new</p>");
    here.saver.hear(letter("new", {html: "<p><strong>new</strong></p>"}));
    assert.equal(here.saver.written.html, "<p><strong>new</strong></p>", "also how it looks");
    await here.pass();
    assert.deepEqual(here.saves, []);
    here.type("new, and more");
    await here.pass();
    assert.equal(here.last, whole("new, and more"));
});

test("what is written at two computers is saved once somebody has chosen", async () => {
    for (const which of ["own", "other"] as const) {
        const here = new Computer(letter(""));
        here.type("mine");
        here.saver.hear(letter("theirs"));
        assert.equal(here.saver.other.value?.text, "theirs");
        assert.equal(here.saver.saved.value.kind, "failed", "nobody is told that it is saved");
        here.type("mine, and more");
        await here.pass();
        await here.saver.flush();
        assert.deepEqual(here.saves, [], "also not to send it");
        assert.equal(here.kept?.written.text, "mine, and more");
        here.saver.choose(which);
        assert.equal(here.saver.other.value, null);
        await here.pass();
        assert.equal(here.last, whole(which === "own" ? "mine, and more" : "theirs"));
        here.saver.hear(letter(which === "own" ? "mine, and more" : "theirs"));
        assert.equal(here.saver.other.value, null);
        assert.equal(here.kept, null);
    }
});

test("who saves at the moment in which somebody else does is asked, too", async () => {
    const here = new Computer(letter(""));
    let arrive = () => {};
    here.answer = new Promise((resolve) => {
        arrive = resolve;
    });
    here.type("mine");
    await here.pass();
    here.saver.hear(letter("theirs"));
    here.saver.hear(letter("mine"));
    arrive();
    await turns();
    assert.equal(here.saver.other.value?.text, "theirs");
    assert.equal(here.saver.written.text, "mine");
    assert.equal(here.kept?.written.text, "mine");
});

test("one's own saves are known, cleaned by the server and late as they may be", async () => {
    const here = new Computer(letter(""));
    here.type("a");
    await here.pass();
    here.type("a b");
    await here.pass();
    here.type("a b c");
    here.saver.hear(letter("a", {html: "<p>a</p> "}));
    here.saver.hear(letter("a b", {html: "<p>a b</p> "}));
    here.saver.hear(letter("a b", {html: "<p>a b</p> "}));
    assert.equal(here.saver.other.value, null);
    assert.equal(here.saver.written.text, "a b c");
    await here.pass();
    assert.equal(here.last, whole("a b c"));
});

test("what is no address is no word from elsewhere", async () => {
    const here = new Computer(letter(""));
    Object.assign(here.saver.written, letter("a", {to: ["ann@x.example", "ben@"]}));
    here.saver.touch();
    await here.pass();
    here.saver.hear(letter("a"));
    assert.equal(here.saver.other.value, null);
    assert.deepEqual(here.saver.written.to, ["ann@x.example", "ben@"]);
});

test("older words that a browser kept do not go over newer ones unasked", async () => {
    const before = new Computer(letter("start"));
    before.outcome = new Unanswered("unreachable", 0);
    before.type("older");
    await before.pass();
    const {kept} = before;
    const changed = new Computer(letter("newer"), kept);
    await changed.pass();
    assert.deepEqual(changed.saves, []);
    assert.equal(changed.saver.other.value?.text, "newer");
    assert.equal(changed.saver.written.text, "older");
    const again = new Computer(letter("newer"), changed.kept);
    assert.equal(again.saver.other.value?.text, "newer", "a reload does not answer");
    for (const told of [letter("start"), letter("older", {html: "<p>older</p> "})]) {
        const unchanged = new Computer(told, kept);
        await unchanged.pass();
        assert.equal(unchanged.saver.other.value, null, "only what was there, or came from here");
        assert.equal(unchanged.last, whole("older"));
    }
});

test("there is nothing to choose when what was written elsewhere is gone again", async () => {
    const here = new Computer(letter("start"));
    here.type("mine");
    here.saver.hear(letter("theirs"));
    here.saver.hear(letter("start"));
    assert.equal(here.saver.other.value, null);
    await here.pass();
    assert.equal(here.last, whole("mine"));
});

test("after a lost link nothing is saved over words that nobody told", async () => {
    for (const words of ["theirs", "start"]) {
        const here = new Computer(letter("start"));
        here.outcome = new Unanswered("unreachable", 0);
        here.type("mine");
        await here.pass();
        const {length} = here.saves;
        await here.pass(3_000);
        assert.equal(here.saves.length, length, "without an answer nobody knows");
        here.outcome = null;
        here.server = letter(words);
        await here.pass(3_000);
        assert.equal(here.saver.other.value?.text, words === "start" ? undefined : words);
        assert.equal(here.saves.length, words === "start" ? length + 1 : length);
        assert.equal(here.kept?.written.text, words === "start" ? undefined : "mine");
    }
});

test("a letter that did not go looks first whether it was changed elsewhere", async () => {
    const here = new Computer(letter("start"));
    here.type("mine");
    here.saver.leave();
    here.server = letter("theirs");
    here.saver.stay();
    await here.pass();
    assert.deepEqual(here.saves, []);
    assert.equal(here.saver.other.value?.text, "theirs");
});

test("known are what was told last and what was sent from here, and nothing else", async () => {
    const here = new Computer(letter("start"));
    here.type("mine");
    here.saver.leave();
    const {known} = here.saver;
    assert.ok(isKnown(letter("start"), known));
    assert.ok(isKnown(letter("mine", {html: "<p>mine</p> "}), known), "cleaned by the server");
    assert.ok(!isKnown(letter("theirs"), known));
    assert.ok(!isKnown(letter("start", {cc: ["ben@x.example"]}), known));
});
