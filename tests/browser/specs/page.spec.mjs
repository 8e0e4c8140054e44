// The window on pages as they are: with style sheets of their own, on phones, in frames that forbid things, read from right to left.

import {createServer} from "node:http";

import {expect, test} from "../lib/widget.mjs";

/** Longer than any line, in scripts of different widths. */
const TEXTS = {
    Japanese: "返品できますか？葉っぱが折れていました。写真を送ります。どうすればいいですか",
    wide: "WWWWW MMMMM WWWWW MMMMM WWWWW MMMMM W",
    narrow: "iiiii lllll ".repeat(9),
    emoji: "🌿🪴🌵".repeat(16),
    "one word": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    lines: "one\ntwo\nthree\nfour",
};

/** What a page may say of everything on it. Each takes hold of another way in. */
const SHEETS = {
    "every element": "* {font: italic 22px/2.2 Georgia; letter-spacing: 2px; text-transform: uppercase; text-align: center; color: #f0f}",
    "every element, important": "* {font: 22px Georgia !important; letter-spacing: 2px !important; visibility: hidden !important; color: #f0f !important}",
    "what is inherited": "html, body {font: bold 30px serif; word-spacing: 9px; line-height: 3; white-space: nowrap; cursor: wait; pointer-events: none; text-indent: 40px}",
    "the root": ":root {font-size: 40px; --text: red; --accent: red; --surface: red; -webkit-text-fill-color: red}",
    "resets": "*, *::before, *::after {all: revert; box-sizing: content-box; margin: 7px; padding: 7px; border: 3px solid red; --hc-text: red; --hc-surface: red}",
    "the element": "handoff-chat {all: initial; display: block; position: static; transform: scale(2); filter: blur(2px); opacity: .2; direction: ltr; unicode-bidi: bidi-override}",
    "no selection": "body {user-select: none; -webkit-user-select: none}",
};

/** What counts of the looks: all that a style sheet says of the parts, and where they are. */
async function looks(page) {
    return page.evaluate(() => {
        const root = document.querySelector("handoff-chat").shadowRoot;
        const parts = [".launcher", ".panel", ".head h2", ".intro", ".field label", ".field input", ".field textarea", ".primary"];
        return parts.map((part) => {
            const element = root.querySelector(part);
            const style = getComputedStyle(element);
            const {x, y, width, height} = element.getBoundingClientRect();
            const said = [...style].filter((name) => !name.startsWith("--") && !/^(transition|animation)/.test(name));
            return {part, box: [x, y, width, height].map(Math.round), ...Object.fromEntries(said.map((name) => [name, style.getPropertyValue(name)]))};
        });
    });
}

/** Opens the window on a page of this style sheet. Somebody has to be at the desk: else the window says so in place of its introduction. */
async function openOn(page, sheet) {
    const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title><style>${sheet}</style><script src="/chat/widget.js" data-service="customer-support" defer></script><p>A shop</p></html>`;
    await page.route("**/styled", (route) => route.fulfill({contentType: "text/html", body}));
    await page.goto("/styled");
    await page.locator("handoff-chat").evaluate((element) => element.open());
    await page.locator(".intro").waitFor();
    await page.locator(".panel").evaluate((panel) => Promise.all(panel.getAnimations().map((one) => one.finished)));
    return looks(page);
}

test("no style sheet of a page changes how the window looks", async ({page, desk: _}) => {
    const plain = await openOn(page, "");
    for (const [name, sheet] of Object.entries(SHEETS)) {
        const styled = await openOn(page, sheet);
        for (const [at, part] of styled.entries()) {
            const other = Object.keys(part).filter((key) => JSON.stringify(part[key]) !== JSON.stringify(plain[at][key]));
            expect(other.map((key) => `${key}: ${part[key]} instead of ${plain[at][key]}`), `${part.part} under ${name}`).toEqual([]);
        }
    }
});

test("a page can still hide the window, and choose its color", async ({page, desk: _}) => {
    await openOn(page, "handoff-chat {--handoff-accent: rgb(1, 2, 3)}");
    await expect(page.locator(".launcher")).toHaveCSS("background-color", "rgb(1, 2, 3)");
    await page.locator("handoff-chat").evaluate((element) => (element.hidden = true));
    await expect(page.locator(".launcher")).toBeHidden();
});

test("a window that its page moves keeps its title", async ({page, customer}) => {
    await customer.visit();
    const titles = await page.evaluate(() => {
        const element = document.createElement("handoff-chat");
        element.setAttribute("service", "customer-support");
        element.title = "Ask the shop";
        const shown = () => element.shadowRoot.querySelector(".head h2").textContent;
        document.body.append(element);
        const before = shown();
        document.body.prepend(element);
        return [before, shown(), element.title];
    });
    expect(titles).toEqual(["Ask the shop", "Ask the shop", ""]);
});

test.describe("a field", () => {
    test.use({viewport: {width: 390, height: 844}});

    test("shows all that is in it, up to five lines, whatever the letters", async ({page, customer}) => {
        await customer.visit();
        await customer.start();
        const heights = {};
        for (const [name, text] of Object.entries(TEXTS)) {
            await customer.message.fill(text);
            const {all, shown} = await customer.message.evaluate((field) => ({all: field.scrollHeight, shown: field.clientHeight}));
            expect(all, name).toBeLessThanOrEqual(shown + 1);
            heights[name] = shown;
        }
        await customer.message.fill("x\n".repeat(40));
        expect(await customer.message.evaluate((field) => field.clientHeight)).toBeLessThan(150);
        await customer.message.fill("x");
        expect(await customer.message.evaluate((field) => field.clientHeight)).toBeLessThan(heights.Japanese);
        // Narrower: the same text has more lines.
        await customer.message.fill(TEXTS.wide);
        await page.setViewportSize({width: 320, height: 568});
        await expect.poll(() => customer.message.evaluate((field) => field.scrollHeight - field.clientHeight)).toBeLessThanOrEqual(1);
    });

    test("keeps a text that is too long, counts it and does not send it", async ({page, customer, agent}) => {
        await customer.visit();
        await customer.start();
        await agent.join();
        // As many as fit by the server's count, which takes an emoji for one.
        await customer.message.fill("🌿".repeat(4_096));
        await expect(page.locator(".count")).toBeHidden();
        const text = `${"word ".repeat(900)}end`;
        await customer.message.fill("");
        await customer.message.evaluate((field, pasted) => {
            field.focus();
            document.execCommand("insertText", false, pasted);
        }, text);
        await expect(page.getByText("4,503 of at most 4,096 characters: 407 too many.").first()).toBeVisible();
        await customer.message.press("Enter");
        await expect(page.getByRole("alert").filter({hasText: "407 too many"})).toBeVisible();
        await expect(customer.message).toHaveValue(text);
        await expect(page.locator(".line.pending")).toHaveCount(0);
        await customer.say("short enough");
        await expect.poll(agent.messages).toEqual(["short enough"]);
        await expect(page.getByRole("alert")).toHaveCount(0);
    });

    test("of the form keeps what is too long as well", async ({page, customer}) => {
        await customer.visit();
        await customer.launcher.click();
        const name = "A".repeat(300);
        await page.getByRole("textbox", {name: "Name", exact: true}).fill(name);
        await page.getByRole("textbox", {name: /How can we help/}).fill("Q".repeat(1_001));
        await page.getByRole("button", {name: "Start chat"}).click();
        await expect(page.getByText("300 of at most 255 characters: 45 too many.")).toBeVisible();
        await expect(page.getByText("1,001 of at most 1,000 characters: 1 too many.")).toBeVisible();
        await expect(page.getByRole("textbox", {name: "Name", exact: true})).toHaveValue(name);
    });

    test("does not send on the Enter that ends a composition, as Safari tells it", async ({page, customer}) => {
        await customer.visit();
        await customer.start();
        const press = (keyCode) =>
            customer.message.evaluate((field, code) => {
                field.value = "にほんご";
                field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", keyCode: code, bubbles: true, cancelable: true, composed: true}));
                return field.value;
            }, keyCode);
        expect(await press(229)).toBe("にほんご");
        // The control: the same key without a composition sends.
        expect(await press(13)).toBe("");
    });
});

const PHONES = {upright: [390, 844], "upright and small": [320, 568], "on its side": [844, 390], "on its side and small": [667, 375], tablet: [820, 1180]};

for (const [name, [width, height]] of Object.entries(PHONES)) {
    test.describe(`a touch screen, ${name}`, () => {
        test.use({viewport: {width, height}, isMobile: true, hasTouch: true});

        test(`has fields that are not zoomed into, and room for everything, ${name}`, async ({page, customer, agent}) => {
            await customer.visit();
            await customer.launcher.click();
            const sizes = await page.locator(".field input, .field textarea").evaluateAll((all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize)));
            expect(Math.min(...sizes)).toBeGreaterThanOrEqual(16);
            const start = page.getByRole("button", {name: "Start chat"});
            await start.scrollIntoViewIfNeeded();
            await expect(start).toBeInViewport({ratio: 0.99});
            await customer.launcher.evaluate((button) => button.click());
            await customer.start();
            expect(await customer.message.evaluate((field) => parseFloat(getComputedStyle(field).fontSize))).toBeGreaterThanOrEqual(16);
            await agent.join();
            await agent.say("Hello");
            await expect(customer.log.getByText("Hello")).toBeInViewport({ratio: 0.99});
            await customer.message.fill("x\n".repeat(30));
            for (const seen of [customer.message, page.getByRole("button", {name: "Send message"}), page.getByRole("button", {name: "Minimize chat"}).last()]) {
                await expect(seen).toBeInViewport({ratio: 0.99});
            }
            // However much is typed, there is room to read what it answers.
            expect((await customer.log.boundingBox()).height).toBeGreaterThan(120);
        });
    });
}

test.describe("a keyboard over a phone's page", () => {
    test.use({viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true});

    test("covers neither the field nor the last line", async ({page, customer, agent}) => {
        await customer.visit();
        await customer.start();
        await agent.join();
        await agent.say("the last line");
        await expect(customer.log.getByText("the last line")).toBeVisible();
        // A keyboard makes the visual viewport smaller and leaves the layout as it is.
        await page.evaluate(() => {
            Object.defineProperties(visualViewport, {height: {value: 420, configurable: true}, offsetTop: {value: 60, configurable: true}});
            visualViewport.dispatchEvent(new Event("resize"));
        });
        for (const element of [customer.message, customer.log.getByText("the last line")]) {
            await expect.poll(async () => {
                const box = await element.boundingBox();
                return box.y >= 60 && box.y + box.height <= 480;
            }).toBe(true);
        }
    });
});

test("times and sizes are not turned around on a page that is read from right to left", async ({page, customer, agent, baseURL}) => {
    const body = `<!doctype html><html lang="ar" dir="rtl"><meta charset="utf-8"><title>x</title><script src="/chat/widget.js"></script>
        <handoff-chat service="customer-support" server="${baseURL}" lang="en-US"></handoff-chat></html>`;
    await page.route("**/rtl", (route) => route.fulfill({contentType: "text/html", body}));
    await customer.visit("/rtl");
    await customer.start();
    await agent.join();
    await agent.attach("leaf.txt", "It has spots.");
    await agent.say("hello");
    await expect(customer.log.locator("time").nth(1)).toBeVisible();
    // In the order in which they are read: each later character is further right.
    const isOrdered = (selector) =>
        page.locator(selector).last().evaluate((element) => {
            const text = element.firstChild;
            const left = [...text.data].map((_, at) => {
                const range = document.createRange();
                range.setStart(text, at);
                range.setEnd(text, at + 1);
                return range.getBoundingClientRect().left;
            });
            return left.every((x, at) => at === 0 || x >= left[at - 1] - 0.5);
        });
    expect(await page.locator("handoff-chat time").last().textContent()).toMatch(/[AP]M$/);
    expect(await isOrdered("handoff-chat time")).toBe(true);
    expect(await isOrdered("handoff-chat .file-size")).toBe(true);
});

/** What site builders allow their frames. */
const SANDBOXES = {"scripts alone": "allow-scripts", "scripts and the origin, no forms": "allow-scripts allow-same-origin"};

for (const [name, sandbox] of Object.entries(SANDBOXES)) {
    test(`a frame that allows ${name} has a whole chat`, async ({page, customer, agent, baseURL}) => {
        const frame = `<!doctype html><html lang="en"><title>x</title><script src="${baseURL}/chat/widget.js" data-service="customer-support"></script></html>`;
        const pages = {"/frame": frame, "/": `<!doctype html><html lang="en"><title>x</title><iframe sandbox="${sandbox}" src="/frame" width="500" height="700"></iframe></html>`};
        const shop = createServer((request, response) => response.writeHead(200, {"Content-Type": "text/html"}).end(pages[request.url] ?? ""));
        await new Promise((done) => shop.listen(0, "127.0.0.1", done));
        await page.goto(`http://localhost:${shop.address().port}/`);
        const inside = page.frameLocator("iframe");
        await inside.locator(".launcher").click();
        await inside.getByRole("textbox", {name: "Name", exact: true}).fill("Framed");
        await inside.getByRole("textbox", {name: "Name", exact: true}).press("Enter");
        await expect(inside.getByRole("textbox", {name: "Message", exact: true})).toBeVisible();
        await agent.joinNext();
        await inside.getByRole("textbox", {name: "Message", exact: true}).fill("by the button");
        await inside.getByRole("button", {name: "Send message"}).click();
        await inside.getByRole("textbox", {name: "Message", exact: true}).fill("by the key");
        await inside.getByRole("textbox", {name: "Message", exact: true}).press("Enter");
        await expect.poll(agent.messages).toEqual(["by the button", "by the key"]);
        await agent.say("heard");
        await expect(inside.getByRole("log")).toContainText("heard");
        await page.close();
        shop.close();
    });
}

test("a websocket that is opened and swallowed is given up within five seconds", async ({page, customer, agent}) => {
    const opened = new Promise((done) => void page.routeWebSocket(/\/genesys\/cometd/, () => done(Date.now())));
    const polls = page.waitForRequest(/\/genesys\/cometd/).then(() => Date.now());
    await customer.visit();
    await customer.start();
    expect((await polls) - (await opened)).toBeLessThan(5_000);
    await agent.join();
    await agent.say("over polls");
    await expect(customer.log).toContainText("over polls");
});
