// Long lists and long chats, and how long things take, printed beside plain calls of the API in the
// same run. No time is a reason to fail: machines differ. HANDOFF_LONG=10000 makes the chat as long
// as one can be: 10,000 entries, of which 9,998 are messages.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {framesWhile, heapOf} from "../lib/frames.mjs";
import {figure} from "../lib/times.mjs";

const expect = impatient.configure({timeout: 30_000});

const ITEMS = 500;
/** As many entries as people can make in one chat (docs/bounds.md). */
const ENTRIES_MAX = 10_000;
/** That Ann and Kate came in are two of them, and "the end" is the last. */
const OTHERS = 3;
const LINES = Math.min(ENTRIES_MAX - OTHERS, Number(process.env.HANDOFF_LONG ?? 600));
// To fill a chat takes longer than all else.
test.describe.configure({mode: "default", timeout: 600_000 + 200 * LINES});

/** How often something is measured. */
const TIMES = 40;
/** How many requests are under way at once while a test is prepared. */
const AT_ONCE = 10;
const SLOW_MS = 3_000;
/** How far a wheel turns at once, in px, and how soon again, in ms. */
const WHEEL_PX = 400;
const WHEEL_MS = 30;

// More than a person types.
process.env.HANDOFF__CHAT__MESSAGES_PER_SECOND = "10000";

async function often(count, run) {
    let next = 0;
    const worker = async () => {
        while (next < count) {
            const number = next;
            next += 1;
            await run(number);
        }
    };
    await Promise.all(Array.from({length: AT_ONCE}, worker));
}

async function took(run) {
    const begun = performance.now();
    await run();
    return performance.now() - begun;
}

/** Turns the wheel over a part of the page, so far up or down at once, so often. */
async function turn(page, place, {by, times}) {
    await place.hover();
    for (let step = 0; step < times; step += 1) {
        await page.mouse.wheel(0, by);
        await page.waitForTimeout(WHEEL_MS);
    }
}

/** Measures in the page from each key to the frame after it. */
async function keysToPixels(page, keys) {
    await page.evaluate(() => {
        window.handoffKeys = [];
        window.handoffListener?.abort();
        window.handoffListener = new AbortController();
        addEventListener("keydown", ({timeStamp}) => requestAnimationFrame(() => {
            const {port1, port2} = new MessageChannel();
            port1.onmessage = () => window.handoffKeys.push(performance.now() - timeStamp);
            port2.postMessage(null);
        }), {capture: true, signal: window.handoffListener.signal});
    });
    for (const key of keys) {
        await page.keyboard.press(key);
    }
    await expect.poll(() => page.evaluate(() => window.handoffKeys.length)).toBe(keys.length);
    return page.evaluate(() => window.handoffKeys);
}

/** Has everything shown that was said, a piece at a time. */
async function readBack(page, log) {
    const earlier = page.getByRole("button", {name: "Earlier messages"});
    const pieces = [];
    while (await earlier.count() > 0) {
        pieces.push(await took(async () => {
            await earlier.press("Enter");
            await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
        }));
    }
    figure("earlier lines shown", pieces);
    await expect(log.getByText("line 0", {exact: true})).toBeAttached();
    await expect(log.getByText("the end")).toBeAttached();
    await page.getByRole("textbox", {name: "Message to Ann"}).focus();
}

test("a long chat opens at its end and is written in without a wait, also while the server is slow", async ({person, page, program}) => {
    const ann = new Customer(program.origin, "Ann");
    await goReady(person, page);
    await ann.begin("A long story");
    ann.stays();
    await take(page, "Ann");
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await expect(box).toBeFocused();
    const answer = (text) => person.does(`/me/interactions/${ann.chat}`, {operationName: "Send", text});
    await often(LINES, (number) => number % 2 === 0 ? ann.says(`line ${number}`) : answer(`line ${number}`));
    await ann.says("the end");
    if (LINES + OTHERS === ENTRIES_MAX) {
        // No chat is longer: what one sees here is the whole of what can be.
        expect(await answer("one too many")).toMatchObject({statusCode: 2});
    }
    await page.goto(`${program.origin}/desk/mine`);
    await expect(page.getByRole("option", {name: /Ann/})).toBeVisible();
    const read = await took(() => person.reads(`/me/chats/${ann.chat}/messages?index=1`));
    const log = page.getByRole("log", {name: "Conversation with Ann"});
    await page.getByRole("option", {name: /Ann/}).focus();
    const opened = await took(async () => {
        await page.keyboard.press("Enter");
        await expect(log.getByText("the end")).toBeInViewport();
    });
    await expect(box).toBeFocused();
    const quick = await keysToPixels(page, [..."the quick brown fox"].map((key) => (key === " " ? "Space" : key)));
    await page.route("**/api/**", async (route) => {
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
        await route.continue().catch(() => {});
    });
    const slow = await keysToPixels(page, [..."jumps over the dog"].map((key) => (key === " " ? "Space" : key)));
    await page.unrouteAll({behavior: "ignoreErrors"});
    figure(`${LINES} lines opened`, [opened], `a plain read of them ${read.toFixed(0)} ms`);
    figure("key to pixels", quick);
    figure(`key to pixels, each answer ${SLOW_MS} ms late`, slow);
    figure("frames while the chat is scrolled", await framesWhile(page, () =>
        turn(page, log, {by: -WHEEL_PX, times: TIMES})));
    const heap = await heapOf(page);
    await box.fill("");
    await readBack(page, log);
    figure("key to pixels, all lines shown", await keysToPixels(page, [..."overthelazyone"]));
    figure("frames while all lines are scrolled", await framesWhile(page, () =>
        turn(page, log, {by: -10 * WHEEL_PX, times: TIMES})));
    console.log(`figure | heap with ${LINES} lines, before and after all are shown | ${heap} KiB | ${await heapOf(page)} KiB`);
    await ann.does("disconnect");
    await person.does(`/me/interactions/${ann.chat}`, {operationName: "Complete"});
});

// The last: what waits then is in nobody's way.
test("five hundred open items are one list, of which only those in sight are there", async ({person, page}) => {
    // Whoever is Ready from before would be offered some of them.
    await person.does("/me", {operationName: "EndContactCenterSession"});
    await often(ITEMS, (number) => person.does("/interactions",
        {operationName: "Create", channel: "workitem", queueName: "tasks", subject: `Task ${number}`}, "intake"));
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/ready/i);
    const read = await took(() => person.reads("/interactions?fields=*&state=Queued&limit=1000"));
    await page.getByRole("tab", {name: /^Queues/}).focus();
    const opened = await took(async () => {
        await page.keyboard.press("Enter");
        await expect(page.getByRole("tab", {name: `Queues ${ITEMS}`})).toBeVisible();
        await expect(page.getByRole("option").first()).toBeVisible();
    });
    const options = page.getByRole("listbox", {name: "Queues"}).getByRole("option");
    expect(await options.count()).toBeLessThan(ITEMS / 4);
    await expect(options.first()).toHaveAttribute("aria-setsize", String(ITEMS));
    await options.first().focus();
    await page.keyboard.press("End");
    const focused = page.locator("[role=option]:focus");
    await expect(focused).toHaveAttribute("aria-posinset", String(ITEMS));
    await expect(focused).toBeInViewport();
    await page.keyboard.press("PageUp");
    await expect(focused).toHaveAttribute("aria-posinset", String(ITEMS - 10));
    await expect(focused).toBeInViewport();
    await page.keyboard.press("Home");
    await expect(focused).toHaveAttribute("aria-posinset", "1");
    await expect(focused).toBeInViewport();
    // Whoever turns the wheel keeps the row that they are on.
    await page.getByRole("listbox", {name: "Queues"}).evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await expect(page.locator(`[aria-posinset="${ITEMS}"]`)).toBeInViewport();
    await expect(focused).toHaveAttribute("aria-posinset", "1");
    const times = await keysToPixels(page, Array(TIMES).fill("ArrowDown"));
    figure(`${ITEMS} items opened`, [opened], `a plain read of them ${read.toFixed(0)} ms`);
    figure("arrow key to pixels", times);
    figure("frames while the list is scrolled", await framesWhile(page, () =>
        turn(page, page.getByRole("listbox", {name: "Queues"}), {by: WHEEL_PX, times: TIMES})));
    console.log(`figure | heap with ${ITEMS} items | ${await heapOf(page)} KiB`);
    await person.isAccessible();
});
