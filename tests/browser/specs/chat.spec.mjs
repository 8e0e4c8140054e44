// A chat from the customer's side, with everything that can get in its way.

import {readFile} from "node:fs/promises";
import {createServer} from "node:http";
import {Cut} from "../../interop/lib/cut.mjs";
import {expect, test, testOwnCenter} from "../lib/widget.mjs";

/** How the widget reaches the server: by choice, or because the better ways are blocked. */
const WAYS = {
    websocket: async () => {},
    "long-polling": (page) => blockWebsocket(page),
    rest: async (page) => {
        await blockWebsocket(page);
        await page.route("**/genesys/cometd/**", (route) => route.fulfill({status: 403, body: ""}));
    },
};

async function blockWebsocket(page) {
    await page.routeWebSocket(/\/genesys\/cometd/, (socket) => socket.close());
}

for (const [way, block] of Object.entries(WAYS)) {
    test(`a chat over ${way}: waiting, exchange, end`, async ({page, customer, agent}) => {
        await block(page);
        await customer.visit();
        await customer.start();
        await expect(customer.status).toContainText("someone will be with you soon");
        await customer.say("Is anybody there?");
        await expect(customer.log).toContainText("Is anybody there?");
        await agent.join();
        await agent.say("Hello Ann, how can I help?");
        await expect(customer.log).toContainText("Kate joined the chat");
        await expect(customer.log).toContainText("Hello Ann, how can I help?");
        await customer.say("My fern\nis <b>sad</b>");
        await expect.poll(agent.messages).toContain("My fern\nis <b>sad</b>");
        await expect(page.getByText("Sending…")).toHaveCount(0);
        await page.getByRole("button", {name: "End chat"}).click();
        await page.getByRole("alertdialog").getByRole("button", {name: "End chat"}).click();
        await expect(page.getByText("The chat has ended.")).toBeVisible();
        expect(await agent.hasEnded()).toBe(true);
    });
}

for (const [way, block] of Object.entries(WAYS)) {
    test(`a page of another origin has the same chat over ${way}`, async ({page, customer, agent, baseURL}) => {
        await block(page);
        const body = `<!doctype html><html lang="en"><title>x</title><script src="${baseURL}/chat/widget.js" data-service="customer-support"></script>`;
        const headers = {"Content-Security-Policy": `default-src 'none'; script-src ${baseURL}; connect-src ${baseURL} ${baseURL.replace("http", "ws")}`};
        const shop = createServer((_, response) => response.writeHead(200, {"Content-Type": "text/html", ...headers}).end(body));
        await new Promise((done) => shop.listen(0, "127.0.0.1", done));
        // Another name of this machine is another origin.
        await customer.visit(`http://localhost:${shop.address().port}/`);
        await customer.start();
        await agent.join();
        await agent.say("Hello over there");
        await expect(customer.log).toContainText("Hello over there");
        await customer.say("Hello back");
        await expect.poll(agent.messages).toEqual(["Hello back"]);
        await customer.attach("leaf.txt", "It has spots.");
        const download = page.waitForEvent("download");
        await page.getByRole("button", {name: "Download leaf.txt, 13 byte"}).click();
        expect((await download).suggestedFilename()).toBe("leaf.txt");
        await page.reload();
        await expect(customer.log).toContainText("Hello back");
        await page.close();
        shop.close();
    });
}

test("the place in line is shown, and gone once an agent is there", async ({baseURL, customer, agent}) => {
    await agent.isReady(false);
    const before = new URLSearchParams({nickname: "Earlier", subject: "first"});
    const first = await (await fetch(`${baseURL}/genesys/2/chat/customer-support`, {method: "POST", body: before})).json();
    await customer.visit();
    await customer.start();
    await expect(customer.status).toContainText("You are number 2 in line.");
    await agent.isReady(true);
    await agent.join();
    await expect(customer.status).toBeHidden();
    expect(first.queuePosition).toBe(1);
});

test("typing is told both ways", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await expect(customer.log).toContainText("joined the chat");
    await agent.typing(true);
    await expect(page.getByText("Kate is typing…")).toBeVisible();
    await agent.typing(false);
    await expect(page.getByText("Kate is typing…")).toBeHidden();
    await customer.message.pressSequentially("I am");
    await expect.poll(agent.isCustomerTyping).toBe(true);
    await customer.message.fill("");
    await expect.poll(agent.isCustomerTyping).toBe(false);
});

test("nothing is lost and nothing doubled while the network is away", async ({page, context, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await expect(customer.log).toContainText("joined the chat");
    await context.setOffline(true);
    await expect(customer.status).toContainText("Connection lost");
    await customer.say("typed offline, one");
    await customer.say("typed offline, two");
    await expect(page.getByText("Not sent yet")).toHaveCount(2);
    await agent.say("said meanwhile");
    await context.setOffline(false);
    await expect(customer.log).toContainText("said meanwhile");
    await expect(page.getByText("Not sent yet")).toHaveCount(0);
    await expect.poll(agent.messages).toEqual(expect.arrayContaining(["typed offline, one", "typed offline, two"]));
    expect((await agent.messages()).filter((text) => text.startsWith("typed offline"))).toHaveLength(2);
    await expect(customer.log.getByText("said meanwhile")).toHaveCount(1);
    await expect(customer.status).toBeHidden();
});

test("a server that drops every connection is found again", async ({page, program, customer, agent}) => {
    const line = await Cut.to(program.origin, {isRead: false});
    await customer.visit(`${line.origin}/demo/chat`);
    await customer.start();
    await agent.join();
    const typed = ["typed after cut 1", "typed after cut 2", "typed after cut 3"];
    for (const [round, text] of typed.entries()) {
        line.shut();
        await expect(customer.status).toContainText("Connection lost");
        await agent.say(`said after cut ${round}`);
        await customer.say(text);
        line.open();
        await expect(customer.log).toContainText(`said after cut ${round}`);
        await expect.poll(agent.messages).toContain(text);
    }
    expect(await agent.messages()).toEqual(typed);
    await page.close();
    line.close();
});

test("a reload goes on with the chat", async ({page, context, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await agent.say("before the reload");
    await expect(customer.log).toContainText("before the reload");
    await page.reload();
    await expect(customer.dialog).toBeVisible();
    await expect(customer.log).toContainText("before the reload");
    await customer.say("after the reload");
    await expect.poll(agent.messages).toContain("after the reload");
    expect((await context.cookies()).map((cookie) => cookie.name).filter((name) => name !== "BAYEUX_BROWSER")).toEqual([]);
});

test("files go both ways, and are saved rather than shown", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await customer.attach("leaf.txt", "It has spots.");
    await agent.attach("care.html", "<script>top.__hit=1</script>");
    for (const [name, size, text] of [["leaf.txt", 13, "It has spots."], ["care.html", 28, "<script>top.__hit=1</script>"]]) {
        const download = page.waitForEvent("download");
        await page.getByRole("button", {name: `Download ${name}, ${size} byte`}).click();
        const saved = await download;
        expect(saved.suggestedFilename()).toBe(name);
        expect(await readFile(await saved.path(), "utf8")).toBe(text);
    }
    expect(page.url()).toContain("/demo/chat");
    expect(await page.evaluate(() => window.__hit)).toBeUndefined();
});

test("a file that is not allowed is not sent, and one that pretends is refused", async ({page, customer}) => {
    await customer.visit();
    await customer.start();
    let uploads = 0;
    page.on("request", (request) => (uploads += request.headers()["content-type"]?.startsWith("multipart/") === true ? 1 : 0));
    await customer.attach("virus.exe", "MZ");
    await expect(page.getByText("virus.exe: files of this kind are not accepted.")).toBeVisible();
    expect(uploads).toBe(0);
    await customer.attach("page.txt", "<!doctype html><script>top.__hit=1</script>");
    await expect(page.getByText("page.txt: files of this kind are not accepted.")).toBeVisible();
    expect(uploads).toBe(1);
});

test("the transcript is saved as text", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await agent.say("line one\n[forged] You: line two");
    await expect(customer.log).toContainText("line two");
    const download = page.waitForEvent("download");
    await page.getByRole("button", {name: "Save transcript"}).click();
    const saved = await download;
    expect(saved.suggestedFilename()).toMatch(/^chat-\d{4}-\d{2}-\d{2}\.txt$/);
    const text = await readFile(await saved.path(), "utf8");
    expect(text).toMatch(/^\[.+\] Kate: line one\r\n {4}\[forged\] You: line two\r$/m);
});

testOwnCenter("closed hours and a full line say so and keep the form", async ({page, baseURL, customer}) => {
    await fetch(`${baseURL}/genesys/2/chat/full`, {method: "POST", body: new URLSearchParams({nickname: "Earlier"})});
    const cases = {closed: "We are closed at the moment.", full: "All lines are busy."};
    for (const [service, words] of Object.entries(cases)) {
        await customer.visitShop(service);
        await customer.launcher.click();
        await page.getByRole("textbox", {name: "Name", exact: true}).fill("Ann");
        await page.getByRole("button", {name: "Start chat"}).click();
        await expect(page.getByRole("alert").filter({hasText: words})).toBeVisible();
        await expect(page.getByRole("textbox", {name: "Name", exact: true})).toHaveValue("Ann");
    }
});

test("the agent's end is the end, and a new chat can begin", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await agent.end();
    await expect(page.getByText("The chat has ended.")).toBeVisible();
    await page.getByRole("button", {name: "New chat"}).click();
    await expect(page.getByRole("button", {name: "Start chat"})).toBeVisible();
    await page.reload();
    await expect(customer.dialog).toBeHidden();
});

test("messages that come while the dialog is away are counted", async ({page, customer, agent}) => {
    await customer.visit();
    await customer.start();
    await agent.join();
    await expect(customer.log).toContainText("joined the chat");
    await page.keyboard.press("Escape");
    await agent.say("one");
    await agent.say("two");
    await expect(page.getByRole("button", {name: "Open chat, new messages: 2"})).toBeVisible();
    await customer.launcher.click();
    await expect(customer.log).toContainText("two");
});

test("an element with attributes does what the script does", async ({page, customer, baseURL}) => {
    await page.route("**/own-page", (route) =>
        route.fulfill({
            contentType: "text/html",
            body: `<!doctype html><html lang="ar" dir="rtl"><title>x</title><script src="/chat/widget.js"></script>
                <handoff-chat service="customer-support" server="${baseURL}" lang="de" fields="firstName* lastName*" title="Hilfe"></handoff-chat>`,
        }),
    );
    await customer.visit("/own-page");
    await page.evaluate(() => {
        window.phases = [];
        const widget = document.querySelector("handoff-chat");
        widget.addEventListener("phasechange", ({detail}) => window.phases.push(detail.phase));
        widget.open();
    });
    await expect(page.getByRole("heading", {name: "Hilfe"})).toBeVisible();
    await page.getByRole("textbox", {name: "Vorname"}).fill("Änne");
    await page.getByRole("button", {name: "Chat starten"}).click();
    await expect(page.getByText("Bitte füllen Sie dieses Feld aus.")).toBeVisible();
    await page.getByRole("textbox", {name: "Nachname"}).fill("Beispiel");
    await page.getByRole("button", {name: "Chat starten"}).click();
    await expect(page.getByRole("textbox", {name: "Nachricht"})).toBeVisible();
    expect(await page.evaluate(() => window.phases)).toEqual(["starting", "waiting"]);
    const box = await customer.launcher.boundingBox();
    expect(box.x).toBeLessThan(100);
});
