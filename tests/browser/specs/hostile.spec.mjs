// Whatever the other side sends stays text: no script runs, nothing is asked of another site, nothing else than known elements appears.

import {agentSays, answerFor} from "../lib/false-server.mjs";
import {families, hostileStrings} from "../lib/hostile-strings.mjs";
import {asksAs, expect, test, testOwnCenter} from "../lib/widget.mjs";

/** Fewer would not be what was agreed on. */
const STRINGS_MIN = 738;
/** The service of the program's own center that takes many files. */
const SERVICE = "open";
const SCRIPT = "<img src=x onerror=window.__hit=1>";
/** The only elements that lines are made of. */
const ELEMENTS = ["a", "bdi", "button", "div", "p", "path", "span", "svg", "time"];
/** The only attributes: none that runs or fetches anything by itself. */
const ATTRIBUTES = ["aria-hidden", "aria-label", "class", "d", "datetime", "dir", "href", "rel", "target", "type", "viewBox"];

// The page's policy would stop most of it; here the widget has to do without that help.
test.use({bypassCSP: true});

/** Watches a page for scripts that run and requests that leave. */
async function watch(page, baseURL) {
    const seen = {dialogs: 0, requests: [], popups: 0};
    page.on("dialog", (dialog) => (seen.dialogs++, dialog.dismiss()));
    page.on("popup", () => (seen.popups += 1));
    await page.route((url) => url.origin !== baseURL && url.protocol.startsWith("http"), (route) => {
        seen.requests.push(route.request().url());
        return route.abort();
    });
    return seen;
}

async function expectHarmless(page, seen, lines) {
    // Handlers of pictures and animations would run a little later than the line appears.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.mouse.move(1_100, 500);
    const found = await page.evaluate(
        ([elements, attributes]) => {
            const all = [...document.querySelector("handoff-chat").shadowRoot.querySelectorAll(".lines *")];
            return {
                hit: window.__hit,
                lines: all.filter((one) => one.classList.contains("line")).length,
                elements: all.map((one) => one.localName).filter((name) => !elements.includes(name)),
                attributes: all.flatMap((one) => one.getAttributeNames()).filter((name) => !attributes.includes(name)),
                links: all.filter((one) => one.localName === "a").map((one) => [one.protocol, one.rel, one.target].join(" ")),
            };
        },
        [ELEMENTS, ATTRIBUTES],
    );
    expect(found.lines).toBe(lines);
    expect(found.elements).toEqual([]);
    expect(found.attributes).toEqual([]);
    expect(found.links.filter((link) => !/^https?: noopener noreferrer nofollow _blank$/.test(link))).toEqual([]);
    expect({...seen, hit: found.hit}).toEqual({dialogs: 0, requests: [], popups: 0, hit: undefined});
}

test("there are enough strings, and no family is empty", () => {
    expect(hostileStrings().length).toBeGreaterThanOrEqual(STRINGS_MIN);
    for (const [name, strings] of Object.entries(families())) {
        expect(strings.length, name).toBeGreaterThanOrEqual(10);
    }
});

test("the watch sees a script that runs and a request that leaves", async ({page, customer, baseURL}) => {
    const seen = await watch(page, baseURL);
    await customer.visit();
    await page.evaluate(() => {
        document.body.insertAdjacentHTML("beforeend", "<img src=//outside.example/x onerror=window.__hit=1>");
    });
    await expect.poll(() => page.evaluate(() => window.__hit)).toBe(1);
    expect(seen.requests).toHaveLength(1);
});

const KINDS = {
    "messages and names": (text) => ({text, nickname: text}),
    "file names": (text) => ({type: "FileUploaded", text, userData: {"file-id": "none", "file-name": text, "file-size": "12"}}),
    "pushed addresses": (text) => ({type: "PushUrl", text, nickname: text}),
    notices: (text) => ({type: "CustomNotice", text: text === "" ? "nothing" : text, nickname: text}),
};

for (const [kind, entry] of Object.entries(KINDS)) {
    test(`hostile ${kind} stay text, whatever the server says`, async ({page, customer, baseURL}) => {
        const strings = hostileStrings();
        const typing = {type: "TypingStarted", index: undefined, nickname: "<img src=x onerror=window.__hit=1>"};
        await answerFor(page, agentSays(...strings.map(entry), {text: "the last line"}, typing));
        const seen = await watch(page, baseURL);
        await customer.visit();
        await customer.start();
        await expect(customer.log).toContainText("the last line");
        await expectHarmless(page, seen, strings.length + 1);
    });
}

test("a hostile file name is saved under a harmless one", async ({page, customer}) => {
    const names = [["../../etc/passwd", "passwd"], ["a\u202egpj.exe", "agpj.exe"], ["D:\\x\\y.svg", "y.svg"], ["<b>\"c\".html", "_b__c_.html"]];
    await answerFor(page, agentSays(...names.map(([name]) => KINDS["file names"](name))));
    await customer.visit();
    await customer.start();
    for (const [at, [, expected]] of names.entries()) {
        const download = page.waitForEvent("download");
        await page.locator("handoff-chat .file").nth(at).click();
        expect((await download).suggestedFilename()).toBe(expected);
    }
});

testOwnCenter.describe("on the way through the program", () => {
    testOwnCenter.use({bypassCSP: true});

    testOwnCenter("what an agent says, sends and is called stays text", async ({page, customer, agent, baseURL}) => {
        testOwnCenter.setTimeout(120_000);
        const seen = await watch(page, baseURL);
        await customer.visitShop(SERVICE);
        await customer.start();
        await agent.join(SCRIPT);
        await expect(customer.log).toContainText(`${SCRIPT} joined the chat`);
        // The joining, and what follows the loop.
        let lines = 2;
        await customer.whileAway(async () => {
            for (const text of hostileStrings()) {
                lines += (await agent.tries("Send", {text})) ? 1 : 0;
            }
        });
        for (const text of oneOfEach()) {
            await agent.attach(text, "a file");
            lines += 1 + ((await agent.tries("SendCustomNotice", {noticeText: text})) ? 1 : 0);
            lines += (await agent.tries("SendUrl", {url: `https://outside.example/${text}`})) ? 1 : 0;
        }
        await agent.say("the last line");
        await expect(customer.log).toContainText("the last line");
        expect(lines).toBeGreaterThan(STRINGS_MIN);
        await expectHarmless(page, seen, lines);
    });

    testOwnCenter("what the customer says, sends and is called stays text", async ({page, customer, agent, baseURL}) => {
        testOwnCenter.setTimeout(120_000);
        const seen = await watch(page, baseURL);
        await customer.visitShop(SERVICE);
        await customer.start(SCRIPT, SCRIPT);
        await agent.join();
        await expect(customer.log).toContainText("joined the chat");
        let lines = 2;
        const credentials = await customer.credentials();
        const asks = async (operation, fields) => {
            lines += (await asksAs(credentials, baseURL, SERVICE, operation, fields)).statusCode === 0 ? 1 : 0;
        };
        await customer.whileAway(async () => {
            for (const text of hostileStrings()) {
                await asks("send", {message: text});
            }
        });
        for (const text of oneOfEach()) {
            await asks("pushUrl", {pushUrl: `https://outside.example/${text}`});
            await asks("customNotice", {message: text});
            await asks("updateNickname", {nickname: text});
            await asks("file", {file: new File(["a file"], `${text}.txt`, {type: "text/plain"})});
        }
        await customer.say("the last line");
        await expect(customer.log).toContainText("the last line");
        await expect(page.getByText("Sending…")).toHaveCount(0);
        expect(lines).toBeGreaterThan(STRINGS_MIN);
        await expectHarmless(page, seen, lines);
    });

    testOwnCenter("what the customer types comes back as text, whatever they and the agent are called", async ({page, customer, agent, baseURL}) => {
        testOwnCenter.setTimeout(120_000);
        const seen = await watch(page, baseURL);
        await customer.visitShop(SERVICE);
        for (const nickname of oneOfEach().slice(0, 10)) {
            await customer.start(nickname, nickname);
            await agent.join(nickname);
            await customer.say(nickname);
            await expect.poll(async () => (await agent.messages()).length).toBe(1);
            await expect(page.locator("handoff-chat .pending")).toHaveCount(0);
            await expectHarmless(page, seen, 2);
            await agent.finish();
            await page.getByRole("button", {name: "New chat"}).click();
            await customer.launcher.click();
        }
    });
});

/** One string of each family that can be a name: not too long, and nothing that the head of a form's part cannot carry. */
function oneOfEach() {
    const isName = (text) => text.trim().length > 1 && text.length < 100 && text.isWellFormed() && !/\p{Cc}/u.test(text);
    return Object.values(families()).flatMap((family) => family.filter(isName).slice(0, 1));
}
