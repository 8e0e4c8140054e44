// One visitor: several tabs, pages that come and go, a look elsewhere, and what is left when a chat has ended.

import {readFile} from "node:fs/promises";

import {Customer, expect, test} from "../lib/widget.mjs";

/** How many chats of the program are not over. */
async function openChats(program, desk, nickname) {
    const {interactions} = await desk.succeeds("GET", "/me/interactions?fields=*");
    return interactions.filter(({participants = [], state}) => state !== "LeftChat" && participants.some((one) => one.nickname === nickname)).length;
}

async function anotherTab(page) {
    const tab = new Customer(await page.context().newPage());
    await tab.visit();
    return tab;
}

/** Acts as if the visitor looked at another tab, or came back. */
async function looks(page, isHidden) {
    await page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
        Object.defineProperty(document, "visibilityState", {value: hidden ? "hidden" : "visible", configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
}

test("a chat is one in all tabs, and nothing is said twice", async ({page, customer, agent, program, desk}) => {
    await customer.visit();
    const early = await anotherTab(page);
    await early.launcher.click();
    await customer.start("Two Tabs", "Where is my fern?");
    // A tab that showed the form goes on with the chat; one that comes later as well, and shows it when asked.
    await expect(early.message).toBeVisible();
    const late = await anotherTab(page);
    await expect(late.dialog).toBeHidden();
    await late.launcher.click();
    await expect(late.message).toBeVisible();
    await agent.join();
    const tabs = [customer, early, late];
    for (const [at, tab] of tabs.entries()) {
        await tab.say(`from tab ${at}`);
        await expect.poll(agent.messages).toContain(`from tab ${at}`);
    }
    await agent.say("to all tabs");
    for (const tab of tabs) {
        await expect(tab.log).toContainText("to all tabs");
        await expect(tab.log).toContainText("Where is my fern?");
        await expect(tab.page.locator(".lines .bubble")).toHaveText(["from tab 0", "from tab 1", "from tab 2", "to all tabs"]);
    }
    expect(await openChats(program, desk, "Two Tabs")).toBe(1);
    // Typed without a network in a tab that is closed then: another one sends it.
    await page.context().setOffline(true);
    await late.say("typed in a tab that is gone");
    await expect(customer.page.getByText("typed in a tab that is gone")).toBeVisible();
    await late.page.close();
    await page.context().setOffline(false);
    await expect.poll(agent.messages, {timeout: 15_000}).toEqual(["from tab 0", "from tab 1", "from tab 2", "typed in a tab that is gone"]);
});

test("two tabs that ask at once have one chat", async ({page, customer, agent, desk, program}) => {
    await customer.visit();
    const other = await anotherTab(page);
    await Promise.all([customer, other].map(async (tab) => {
        await tab.launcher.click();
        await tab.page.getByRole("textbox", {name: "Name", exact: true}).fill("At Once");
    }));
    // Past the browser's own waiting for a button that can be pressed: the other tab's form goes as soon as it hears of the first.
    const press = () => document.querySelector("handoff-chat").shadowRoot.querySelector("button[type=submit]").click();
    await Promise.all([customer, other].map((tab) => tab.page.evaluate(press)));
    await expect(customer.message).toBeVisible();
    await expect(other.message).toBeVisible();
    await agent.join();
    await agent.say("one for both");
    await expect(customer.log).toContainText("one for both");
    await expect(other.log).toContainText("one for both");
    expect(await openChats(program, desk, "At Once")).toBe(1);
});

test("what the form asked stands first in the conversation, also in a transcript and after a reload", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.start("Cleo", "Is my fern\nsad?");
    await agent.join();
    await agent.say("Yes");
    for (const round of ["at first", "after a reload"]) {
        await expect(customer.log, round).toContainText("Yes");
        await expect(page.locator("handoff-chat .bubble").first(), round).toHaveText("Is my fern\nsad?");
        await page.reload();
    }
    const download = page.waitForEvent("download");
    await page.getByRole("button", {name: "Save transcript"}).click();
    const saved = await readFile(await (await download).path(), "utf8");
    expect(saved.indexOf("You: Is my fern\r\n    sad?")).toBeGreaterThan(0);
    expect(saved.indexOf("You: Is my fern")).toBeLessThan(saved.indexOf(": Yes"));
});

test("what is half written is there on the next page", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.launcher.click();
    await page.getByRole("textbox", {name: "Name", exact: true}).fill("Half");
    await page.getByRole("textbox", {name: /How can we help/}).fill("a question that");
    await page.reload();
    await customer.launcher.click();
    await expect(page.getByRole("textbox", {name: "Name", exact: true})).toHaveValue("Half");
    await expect(page.getByRole("textbox", {name: /How can we help/})).toHaveValue("a question that");
    await page.getByRole("button", {name: "Start chat"}).click();
    await agent.join();
    await customer.message.fill("half a message");
    await page.reload();
    await expect(customer.message).toHaveValue("half a message");
    await customer.message.press("Enter");
    await expect.poll(agent.messages).toEqual(["half a message"]);
    await page.reload();
    await expect(customer.message).toHaveValue("");
});

test("what was not sent when the chat ended says so and is kept; the transcript is there after a reload", async ({page, context, customer, agent}) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await customer.visit();
    await customer.start("Cleo", "a question");
    await agent.join();
    await customer.say("this arrived");
    await expect.poll(agent.messages).toEqual(["this arrived"]);
    await context.setOffline(true);
    await customer.say("this did not");
    await customer.message.fill("this was half written");
    await agent.end();
    await context.setOffline(false);
    await expect(page.getByText("The chat has ended.")).toBeVisible();
    for (const round of ["at the end", "after a reload"]) {
        await expect(page.locator(".line.refused .bubble"), round).toHaveText(["this did not", "this was half written"]);
        await expect(page.locator(".line.refused .state"), round).toHaveText(["Not sent", "Not sent"]);
        await expect(customer.log.getByText("this arrived"), round).toBeVisible();
        await page.reload();
    }
    await expect(page.locator(".line.refused .bubble")).toHaveCount(2);
    await page.getByRole("button", {name: "Copy"}).first().click();
    await expect(page.getByRole("button", {name: "Copied"})).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("this did not");
    const download = page.waitForEvent("download");
    await page.getByRole("button", {name: "Save transcript"}).last().click();
    const saved = await readFile(await (await download).path(), "utf8");
    expect(saved).toMatch(/You: a question\r\n[^]*You: this arrived\r\n[^]*\[Not sent\] You: this did not\r\n\[Not sent\] You: this was half written\r\n$/);
    expect(await agent.messages()).toEqual(["this arrived"]);
    // What could not be said is where it can be asked again.
    await page.getByRole("button", {name: "New chat"}).click();
    await expect(page.getByRole("textbox", {name: /How can we help/})).toHaveValue("this did not\nthis was half written");
});

test("a reply to a tab in the background marks its title, is heard, and is told to the page", async ({page, customer, agent}) => {
    await page.addInitScript(() => {
        window.sounds = 0;
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...when) {
            window.sounds += 1;
            return start.apply(this, when);
        };
    });
    await customer.visit();
    const title = await page.title();
    await page.evaluate(() => {
        window.told = [];
        document.querySelector("handoff-chat").addEventListener("unread", ({detail}) => window.told.push(detail.count));
    });
    await customer.start();
    await agent.join();
    await agent.say("seen at once");
    await expect(customer.log).toContainText("seen at once");
    expect([await page.title(), await page.evaluate(() => [window.told, window.sounds])]).toEqual([title, [[], 0]]);
    await looks(page, true);
    await agent.say("are you there?");
    await expect.poll(() => page.title()).toBe(`(1) ${title}`);
    await agent.say("hello?");
    await expect.poll(() => page.title()).toBe(`(2) ${title}`);
    // The page may give itself another title meanwhile.
    await page.evaluate(() => (document.title = document.title.replace(/Fern.*/u, "Basket (3)")));
    await looks(page, false);
    await expect.poll(() => page.title()).toBe("(2) Basket (3)".slice(4));
    expect(await page.evaluate(() => window.told)).toEqual([1, 2, 0]);
    // Two notes; two messages in a row are one answer, unless this machine took its time between them.
    const sounds = await page.evaluate(() => window.sounds);
    expect([2, 4]).toContain(sounds);
    await page.locator("handoff-chat").evaluate((element) => element.setAttribute("notify", "off"));
    await looks(page, true);
    await agent.say("quietly");
    await expect.poll(() => page.evaluate(() => window.told.at(-1))).toBe(1);
    expect([await page.title(), await page.evaluate(() => window.sounds)]).toEqual(["Basket (3)", sounds]);
});

test("what was read is not new on the next page", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await agent.say("read");
    await expect(customer.log).toContainText("read");
    await page.keyboard.press("Escape");
    await page.reload();
    await agent.say("not read");
    await expect(page.getByRole("button", {name: "Open chat, new messages: 1"})).toBeVisible();
});
