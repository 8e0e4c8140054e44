// Long lists and long chats, and how long things take, printed beside plain calls of the API in the
// same run. No time is a reason to fail: machines differ. HANDOFF_LONG=10000 makes the chat as long
// as one can be.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {quantile} from "../shift/chance.mjs";

test.describe.configure({mode: "default", timeout: 600_000});
const expect = impatient.configure({timeout: 30_000});

const ITEMS = 500;
const LINES = Number(process.env.HANDOFF_LONG ?? 600);
/** How often something is measured. */
const TIMES = 20;
/** How many requests are under way at once while a test is prepared. */
const AT_ONCE = 10;
const SLOW_MS = 3_000;

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

/** Prints the half and the slowest twentieth, in ms. */
function print(name, times) {
    console.log(`${name}: p50 ${quantile(times, 0.5).toFixed(0)} ms, p95 ${quantile(times, 0.95).toFixed(0)} ms`);
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

test("a long chat opens at its end and is written in without a wait, also while the server is slow", async ({person, page, program}) => {
    const ann = new Customer(program.origin, "Ann");
    await goReady(person, page);
    await ann.begin("A long story");
    await take(page, "Ann");
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await expect(box).toBeFocused();
    await often(LINES, (number) => ann.says(`line ${number}`));
    await ann.says("the end");
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
    await page.getByRole("button", {name: /earlier/i}).click();
    await expect(log.getByText("the end")).toBeAttached();
    console.log(`${LINES} lines: opened in ${opened.toFixed(0)} ms, a plain read of them ${read.toFixed(0)} ms`);
    print("key to pixels", quick);
    print(`key to pixels, each answer ${SLOW_MS} ms late`, slow);
    await ann.does("disconnect");
    await person.does(`/me/interactions/${ann.chat}`, {operationName: "Complete"});
});

test("an offer is seen soon after the customer's request was answered", async ({person, page, program}) => {
    await goReady(person, page);
    const times = [];
    const told = [];
    for (let number = 0; number < TIMES; number += 1) {
        const name = `Bo${number}`;
        const customer = new Customer(program.origin, name);
        const seen = page.evaluate(async (text) => {
            for (;;) {
                if ([...document.querySelectorAll("article")].some((one) => one.textContent.includes(text))) {
                    return Date.now();
                }
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }
        }, name);
        told.push(await took(() => customer.begin("Soon?")));
        const committed = Date.now();
        times.push(await seen - committed);
        await customer.does("disconnect");
        await expect(page.getByRole("article", {name}).getByRole("button", {name: "Accept"})).toHaveCount(0);
    }
    print("request answered to offer visible", times);
    print("the request itself", told);
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
    console.log(`${ITEMS} items: opened in ${opened.toFixed(0)} ms, a plain read of them ${read.toFixed(0)} ms`);
    print("arrow key to pixels", times);
    await person.isAccessible();
});
