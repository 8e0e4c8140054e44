// The widget for those who use a keyboard or a screen reader, and how it looks in the light, in the dark and on a small screen.

import {RULES, violations} from "../lib/axe.mjs";
import {expect, test} from "../lib/widget.mjs";

/** Finds nothing wrong, by all rules of WCAG 2.2 A and AA that a program can check. */
async function check(page) {
    expect(await violations(page, {tags: RULES})).toEqual([]);
}

async function picture(page, info, name) {
    await info.attach(name, {body: await page.screenshot({path: info.outputPath(`${name}.png`)}), contentType: "image/png"});
}

async function exchange(customer, agent) {
    await agent.join();
    await agent.say("Hello Ann! Sorry to hear that. How often do you water it?");
    await expect(customer.log).toContainText("How often");
    await customer.say("Every day, a lot.");
    await expect(customer.log.locator("time").nth(1)).toBeVisible();
    await agent.say("That may be too much for a Boston fern. This page has a plan: https://example.com/ferns/watering");
    await agent.say("Would you like me to send a replacement?");
    await expect(customer.log).toContainText("replacement");
}

/** What a picture begins with is enough to be taken for one. */
const PICTURE = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1"), Buffer.alloc(47_984)]);

const SCREENS = {
    light: {colorScheme: "light", viewport: {width: 1280, height: 800}},
    dark: {colorScheme: "dark", viewport: {width: 1280, height: 800}},
    narrow: {colorScheme: "light", viewport: {width: 320, height: 568}},
    "narrow-dark": {colorScheme: "dark", viewport: {width: 320, height: 568}},
};

for (const [name, screen] of Object.entries(SCREENS)) {
    test.describe(name, () => {
        test.use({...screen, contextOptions: {reducedMotion: "reduce"}});

        test(`every screen of the dialog, ${name}`, async ({page, customer, agent}, info) => {
            await customer.visit();
            await check(page);
            await customer.launcher.click();
            await page.getByRole("button", {name: "Start chat"}).click();
            await expect(page.getByText("Please fill in this field.")).toBeVisible();
            await check(page);
            await picture(page, info, `form-${name}`);
            await page.keyboard.press("Escape");
            await customer.start();
            await expect(customer.status).toContainText("soon");
            await check(page);
            await picture(page, info, `waiting-${name}`);
            await exchange(customer, agent);
            await page.locator("handoff-chat input[type=file]").setInputFiles({name: "fern before and after the bath.png", mimeType: "image/png", buffer: PICTURE});
            await expect(page.getByRole("button", {name: /^Download fern/})).toBeVisible();
            await agent.typing(true);
            await expect(page.getByText("is typing…")).toBeVisible();
            await check(page);
            await picture(page, info, `chatting-${name}`);
            const width = await page.evaluate(() => document.documentElement.scrollWidth);
            expect(width).toBeLessThanOrEqual(screen.viewport.width);
            await page.getByRole("button", {name: "End chat"}).click();
            await check(page);
            await picture(page, info, `question-${name}`);
            await page.getByRole("alertdialog").getByRole("button", {name: "End chat"}).click();
            await expect(page.getByText("The chat has ended.")).toBeVisible();
            await check(page);
            await picture(page, info, `ended-${name}`);
        });
    });
}

test("a whole chat by keyboard alone", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.launcher.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("textbox", {name: "Name", exact: true})).toBeFocused();
    await page.keyboard.type("Ann");
    await page.keyboard.press("Enter");
    await expect(customer.message).toBeFocused();
    await agent.join();
    await page.keyboard.type("two");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("lines");
    await page.keyboard.press("Enter");
    await expect.poll(agent.messages).toContain("two\nlines");
    await page.keyboard.press("Escape");
    await expect(customer.dialog).toBeHidden();
    await expect(customer.launcher).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(customer.message).toBeFocused();
    await page.getByRole("button", {name: "End chat"}).focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", {name: "Keep chatting"})).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("alertdialog")).toBeHidden();
    await expect(customer.message).toBeFocused();
    await page.getByRole("button", {name: "End chat"}).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", {name: "New chat"})).toBeFocused();
});

test.describe("a small screen", () => {
    test.use({viewport: {width: 320, height: 568}});

    test("keeps the keyboard in the dialog that covers the page", async ({page, customer}) => {
        await customer.visit();
        await customer.launcher.click();
        await expect(customer.dialog).toHaveAttribute("aria-modal", "true");
        for (let presses = 0; presses < 12; presses += 1) {
            await page.keyboard.press(presses < 6 ? "Tab" : "Shift+Tab");
            expect(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.closest(".panel") !== null)).toBe(true);
            expect(await page.evaluate(() => document.activeElement?.localName)).toBe("handoff-chat");
        }
    });
});

test("the control: what is wrong with a page is found, also once it was looked at before", async ({page}) => {
    await page.setContent("<html lang=en><title>A page</title><main><h1>A page</h1></main>");
    expect(await violations(page, {tags: RULES})).toEqual([]);
    await page.locator("h1").evaluate((heading) => heading.insertAdjacentHTML("afterend", "<img src='data:,'>"));
    const [found, ...others] = await violations(page, {tags: RULES});
    expect(found).toMatch(/^image-alt: <img/);
    expect(others).toEqual([]);
});
