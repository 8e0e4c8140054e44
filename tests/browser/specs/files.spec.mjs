// Files from the customer, by whatever way they come, and what is said of each.

import {expect, test} from "../lib/widget.mjs";

/** A picture as a clipboard has it: the smallest that is one. */
const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/** What a photo of a phone begins with, and as large as a large one is. */
const PHOTO_BYTES = 9_500_000;

const text = (name, content) => ({name, mimeType: "text/plain", buffer: Buffer.from(content)});

/** Pastes or drops files where they would land; tells whether the window took them, or left them to the browser. */
function gives(target, how, files, texts = {}) {
    return target.evaluate(
        (element, [kind, given, others]) => {
            const data = new DataTransfer();
            for (const {name, type, content} of given) {
                data.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name, {type}));
            }
            Object.entries(others).forEach(([type, value]) => data.setData(type, value));
            const common = {bubbles: true, cancelable: true, composed: true};
            const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: data, ...common}) : new DragEvent(kind, {dataTransfer: data, ...common});
            element.dispatchEvent(event);
            return event.defaultPrevented;
        },
        [how, files, texts],
    );
}

const picture = {name: "image.png", type: "image/png", content: PICTURE};
const note = {name: "note.txt", type: "text/plain", content: Buffer.from("a note").toString("base64")};

test.beforeEach(async ({customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await expect(customer.log).toContainText("joined the chat");
});

test("pictures are pasted and files dropped; a text stays a text", async ({page, customer}) => {
    expect(await gives(customer.message, "paste", [picture])).toBe(true);
    await expect(page.getByRole("button", {name: /^Download image.png/})).toBeVisible();
    expect(await gives(customer.log, "dragover", [note])).toBe(true);
    expect(await gives(customer.log, "drop", [note])).toBe(true);
    await expect(page.getByRole("button", {name: /^Download note.txt/})).toBeVisible();
    // A word processor puts a picture of the text beside it.
    expect(await gives(customer.message, "paste", [picture], {"text/plain": "a text", "text/html": "<b>a text</b>"})).toBe(false);
    await expect(page.getByRole("button", {name: /^Download image.png/})).toHaveCount(1);
});

test("each of several files has its own line, and one that is refused is named until it is put away", async ({page, customer}) => {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", {name: "Attach a file"}).click();
    await (await chooser).setFiles([
        {name: "fake.png", mimeType: "image/png", buffer: Buffer.from("<html>hello</html>")},
        text("good.txt", "fine"),
        text("empty.txt", ""),
        text("virus.exe", "MZ"),
        text("better.txt", "fine too"),
    ]);
    for (const name of ["good.txt", "better.txt"]) {
        await expect(page.getByRole("button", {name: `Download ${name}`})).toBeVisible();
    }
    const said = page.getByRole("alert");
    for (const words of ["fake.png: files of this kind", "empty.txt is empty", "virus.exe: files of this kind"]) {
        await expect(said).toContainText(words);
    }
    await customer.say("and now?");
    await expect(customer.log).toContainText("and now?");
    await expect(said).toContainText("fake.png");
    for (let left = 3; left > 0; left -= 1) {
        await expect(page.locator(".trouble-line")).toHaveCount(left);
        await page.getByRole("button", {name: "Dismiss"}).first().click();
    }
    await expect(said).toBeHidden();
});

test("an upload is a progress bar that is heard at its start, middle and end; it can be called off, and tried again", async ({page, context, customer}) => {
    const browser = await context.newCDPSession(page);
    await browser.send("Network.enable");
    const slow = (uploadThroughput) =>
        browser.send("Network.emulateNetworkConditions", {offline: false, latency: 20, downloadThroughput: 1e6, uploadThroughput});
    await slow(600_000);
    await page.evaluate(() => {
        const root = document.querySelector("handoff-chat").shadowRoot;
        window.heard = {said: [], values: [], alerts: 0};
        const watch = (element, note, options) => new MutationObserver(note).observe(element, {subtree: true, childList: true, characterData: true, ...options});
        watch(root.querySelector(".panel > .unseen"), () => window.heard.said.push(root.querySelector(".panel > .unseen").textContent));
        watch(root.querySelector(".trouble"), () => (window.heard.alerts += 1));
        watch(root.querySelector(".uploads"), () => window.heard.values.push(root.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")), {attributes: true});
    });
    const send = (name, bytes) => page.locator("input[type=file]").setInputFiles([{name, mimeType: "text/plain", buffer: Buffer.alloc(bytes, 97)}]);
    await send("big.txt", 1_900_000);
    await expect(page.getByRole("progressbar", {name: "Upload of big.txt"})).toBeVisible();
    await expect(page.getByRole("button", {name: /^Download big.txt/})).toBeVisible({timeout: 20_000});
    await expect(page.getByRole("progressbar")).toHaveCount(0);
    const {said, values, alerts} = await page.evaluate(() => window.heard);
    expect(alerts).toBe(0);
    expect([...new Set(said)].every((one) => /^Uploading big.txt: (0|50|100) %$/.test(one)), said.join()).toBe(true);
    expect(said.length).toBeLessThanOrEqual(3);
    expect([...new Set(values)].every((one) => [undefined, null, "0", "50", "100"].includes(one)), values.join()).toBe(true);
    // The control: it did move more often than it was heard.
    expect(values.length).toBeGreaterThan(5);

    await slow(20_000);
    await send("endless.txt", 1_000_000);
    await page.getByRole("button", {name: "Cancel the upload of endless.txt"}).click();
    await expect(page.getByRole("progressbar")).toHaveCount(0);
    await expect(page.locator(".trouble-line")).toHaveCount(0);
    await slow(-1);
    await page.route("**/genesys/2/chat-ntf", (route) => route.abort());
    await send("again.txt", 1_000);
    await expect(page.getByText("again.txt could not be uploaded.")).toBeVisible();
    await page.unroute("**/genesys/2/chat-ntf");
    await page.getByRole("button", {name: "Try again"}).click();
    await expect(page.getByRole("button", {name: /^Download again.txt/})).toBeVisible();
    await expect(page.getByRole("alert")).toBeHidden();
});

test("a file that is called off while the server is still asked what it takes is not sent", async ({page, customer}) => {
    let answer;
    const isAnswered = new Promise((resolve) => (answer = resolve));
    const uploads = [];
    await page.route("**/genesys/2/chat-ntf", async (route) => {
        if (route.request().headers()["content-type"].startsWith("multipart/")) {
            uploads.push(route.request().url());
        }
        await isAnswered;
        await route.continue();
    });
    await page.reload();
    await expect(customer.log).toContainText("joined the chat");
    expect(await gives(page.locator(".panel"), "drop", [note])).toBe(true);
    await page.getByRole("button", {name: "Cancel the upload of note.txt"}).click();
    answer();
    await expect(page.getByRole("progressbar")).toHaveCount(0);
    expect(uploads).toEqual([]);
    // The control: one that is not called off goes the same way.
    await gives(page.locator(".panel"), "drop", [{...note, name: "kept.txt"}]);
    await expect(page.getByRole("button", {name: /^Download kept.txt/})).toBeVisible();
    await expect(page.getByRole("button", {name: /^Download note.txt/})).toHaveCount(0);
    expect(uploads).toHaveLength(1);
});

test("a phone's photo is not too large", async ({page}) => {
    const buffer = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(PHOTO_BYTES)]);
    await page.locator("input[type=file]").setInputFiles([{name: "IMG_0042.jpg", mimeType: "image/jpeg", buffer}]);
    await expect(page.getByRole("button", {name: "Download IMG_0042.jpg, 9.1 MB"})).toBeVisible({timeout: 20_000});
});
