// The desk's campaigns in short: a shift with troubles, kills of the browser, races. Each has a
// control, which must be found out. The long forms are in ../shift/main.mjs.

import {expect, test} from "@playwright/test";

import {Program} from "../lib/conversation-program.mjs";
import {kills, lostMs} from "../shift/kills.mjs";
import {races} from "../shift/races.mjs";
import {shift} from "../shift/shift.mjs";

test.describe.configure({mode: "default", timeout: 300_000});

const SEED = 7;

/** Each has a program of its own: what one leaves behind is nobody's. */
async function onItsOwn(run) {
    const program = await Program.start();
    try {
        return await run(program);
    } finally {
        await program.remove();
    }
}

test("a shift with lost answers, cuts, restarts and reloads loses nothing and says nothing twice", async ({page, context}) => {
    const figures = await onItsOwn((program) => shift({program, page, context, count: 12, seed: SEED}));
    console.log(JSON.stringify(figures));
    expect(figures).toMatchObject({interactions: 12, lost: 0, doubled: 0, open: 0});
    for (const trouble of ["lostAnswers", "offline", "restarts", "reloads"]) {
        expect(figures[trouble], trouble).toBeGreaterThan(0);
    }
});

test("the control: without the keys of repetitions something is said twice", async ({page, context}) => {
    const figures = await onItsOwn((program) => shift({program, page, context, count: 6, seed: SEED, control: "twice"}));
    expect(figures.doubled).toBeGreaterThan(0);
});

test("a browser that is killed while somebody types has what was typed two seconds before", async ({launchOptions: launch}) => {
    const figures = await onItsOwn((program) => kills({program, count: 3, seed: SEED, launch}));
    console.log(JSON.stringify(figures));
    expect(figures).toMatchObject({kills: 3, tooMuch: 0});
});

test("the control: a browser that keeps nothing has lost it", async ({launchOptions: launch}) => {
    const figures = await onItsOwn((program) => kills({program, count: 1, seed: SEED, launch, control: "forget"}));
    expect(figures.tooMuch).toBeGreaterThan(0);
});

test("what is missing is counted in the time that it took to type", () => {
    const keys = ["a", "b", "c"].map((key, at) => ({key, at: at * 1_000}));
    const typing = {mark: "[1]", keys, killedAt: 3_000};
    expect(lostMs(typing, "before [1]abc\n\nquoted")).toBe(0);
    expect(lostMs(typing, "[1]ab")).toBe(1_000);
    expect(lostMs(typing, "[1]")).toBe(3_000);
    expect(lostMs(typing, "nothing of it")).toBe(3_000);
    expect(lostMs(typing, "[1]axc")).toBe(2_000);
});

test("two who act at the same moment give one answer", async ({browser}) => {
    const figures = await onItsOwn((program) => races({program, browser, count: 4}));
    expect(figures).toEqual({races: 4, double: 0, none: 0});
});

test("the control: an answer by another door is a second one", async ({browser}) => {
    const figures = await onItsOwn((program) => races({program, browser, count: 2, control: "besides"}));
    expect(figures).toEqual({races: 2, double: 2, none: 0});
});

test("the control: a chat in which nobody says anything has no answer", async ({browser}) => {
    const figures = await onItsOwn((program) => races({program, browser, count: 2, control: "silent"}));
    expect(figures).toEqual({races: 2, double: 0, none: 1});
});
