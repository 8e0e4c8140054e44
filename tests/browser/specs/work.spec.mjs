// An agent's work at the desk: offers, lists, chats and letters, and that nothing is lost or said twice.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";

// Kate is one person: what a test leaves behind, the next one finds. Each does much, and waits for a server that starts again.
test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

test("an offer is taken at any address, and one that ends gives the focus back", async ({person, page, program}) => {
    await goReady(person, page);
    await person.visit("/admin/users");
    const link = page.getByRole("main").getByRole("link");
    await link.focus();
    const gone = new Customer(program.origin, "Gone");
    await gone.begin("Never mind");
    await expect(page.getByRole("article", {name: "Gone"})).toBeVisible();
    await page.keyboard.press("F8");
    await expect(link).not.toBeFocused();
    await gone.does("disconnect");
    await expect(page.getByRole("article", {name: "Gone"})).toHaveCount(0);
    await expect(link).toBeFocused();
    await expect(page.getByRole("status").getByText("The customer left.")).toBeVisible();
    const eve = new Customer(program.origin, "Eve");
    await eve.begin("Is anybody there?");
    await take(page, "Eve");
    await expect(page.getByRole("textbox", {name: "Message to Eve"})).toBeFocused();
    await eve.does("disconnect");
    await page.getByRole("button", {name: "Complete"}).click();
    await expect(page.getByRole("option", {name: /Eve/})).toHaveCount(0);
});

test("what is written without a connection, to a dead server or in a killed tab goes out once", async ({context, person, page, program}) => {
    const tom = new Customer(program.origin, "Tom");
    await goReady(person, page);
    await tom.begin("Return label");
    await take(page, "Tom");
    await expect(page.getByRole("textbox", {name: "Message to Tom"})).toBeFocused();
    const say = async (where, text) => {
        const box = where.getByRole("textbox", {name: "Message to Tom"});
        await box.fill(text);
        await box.press("Enter");
    };
    await context.setOffline(true);
    await say(page, "offline");
    await expect(page.getByText("Not sent yet. It goes out by itself.")).toBeVisible();
    await expect(page.getByText("This computer is offline.")).toBeVisible();
    await tom.says("are you there?");
    await context.setOffline(false);
    await expect(page.getByRole("log").getByText("are you there?")).toBeVisible();
    await expect.poll(() => tom.reads()).toEqual(["are you there?", "offline"]);

    await program.end("SIGKILL");
    await say(page, "to the dead");
    await program.start();
    await expect.poll(() => tom.reads()).toEqual(["are you there?", "offline", "to the dead"]);

    // Whatever this tab sends from now on never arrives.
    await page.evaluate(() => {
        window.fetch = () => new Promise(() => {});
    });
    await say(page, "from the killed tab");
    await expect(page.getByRole("log").getByText("Sending…")).toBeVisible();
    const address = page.url();
    await page.close();
    const next = await context.newPage();
    await next.goto(address);
    await expect.poll(() => tom.reads()).toContain("from the killed tab");
    await next.getByRole("textbox", {name: "Message to Tom"}).fill("half written");
    await next.reload();
    await expect(next.getByRole("textbox", {name: "Message to Tom"})).toHaveValue("half written");
    const said = await tom.reads();
    expect(said).toEqual([...new Set(said)]);
    await tom.does("disconnect");
    await next.getByRole("button", {name: "Complete"}).click();
    await expect(next.getByRole("option", {name: /Tom/})).toHaveCount(0);
});

test("a letter is answered by keys, saved while it is written, and waits for nobody then", async ({person, page, program}) => {
    await goReady(person, page);
    await new Customer(program.origin, "").writesLetter("Invoice 2031", "I was charged twice.");
    await take(page, "Jonas Falk");
    const option = page.getByRole("option", {name: /Jonas Falk/});
    await expect(page.getByRole("article", {name: "Letter of Jonas Falk"})).toContainText("I was charged twice.");
    await option.focus();
    await page.keyboard.press("r");
    const draft = page.getByRole("form", {name: "Draft to Jonas Falk"});
    const box = draft.getByRole("textbox", {name: "Letter to Jonas Falk"});
    await expect(box).toBeFocused();
    await expect(draft.getByRole("textbox", {name: "Subject"})).toHaveValue("Re: Invoice 2031");
    await page.keyboard.type("You are right.");
    await expect(draft.getByText(/Draft saved \d/)).toBeVisible();
    const {interactions} = await person.reads("/me/interactions?fields=*");
    const saved = interactions.find(({state}) => state === "Composing");
    expect(saved.bodyAsPlainText).toMatch(/^You are right\.\n\nJonas Falk wrote on .*:\n> I was charged twice\.$/);
    expect(saved.body).toMatch(/^<p>You are right\.<\/p><p>Jonas Falk wrote .*:<\/p><blockquote>.*I was charged twice\.<\/blockquote>$/);
    await person.isAccessible();
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    await expect(page.getByRole("group", {name: "Answered"}).locator(option)).toBeVisible();
    await page.reload();
    await expect(page.getByRole("group", {name: "Answered"}).locator(option)).toBeVisible();
    await page.getByRole("button", {name: "Complete"}).click();
    // In a list that has the focus its row stays for a while, struck through.
    await expect(option.and(page.locator(":not([aria-disabled])"))).toHaveCount(0);
});

test("what could not be loaded ahead is there, as it should look, once there is a connection", async ({person, page, program}) => {
    const parts = "**/desk-assets/LetterThread*";
    const failed = [];
    await page.route(parts, (route) => failed.push(route.request().url()) && route.abort());
    await goReady(person, page);
    await expect.poll(() => failed.some((address) => address.endsWith(".css"))).toBe(true);
    await new Customer(program.origin, "Jonas").writesLetter("Invoice 2031", "I was charged twice.");
    await take(page, "Jonas Falk");
    await expect(page.getByRole("heading", {level: 1, name: "Invoice 2031"})).toBeVisible();
    await page.unroute(parts);
    const letter = page.getByRole("article", {name: "Letter of Jonas Falk"});
    await expect(letter).toBeVisible();
    const border = await letter.evaluate((one) => getComputedStyle(one).borderBottomWidth);
    expect(border).toBe("1px");
    const id = new URL(page.url()).pathname.split("/").at(-1);
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
});

test("F8 goes to what has no answer yet, and not to what is being accepted", async ({person, page, program}) => {
    await goReady(person, page);
    const [first, second] = ["First", "Second"].map((name) => new Customer(program.origin, name));
    await first.begin("Parcel not arrived");
    // Its answer does not come before it is let through.
    await page.route(`**/api/v2/me/interactions/${first.chat}`, () => {});
    await take(page, "First");
    await expect(page.getByRole("article", {name: "First"}).getByRole("button", {name: "Accepting…"})).toBeVisible();
    await second.begin("Invoice 2031");
    await take(page, "Second");
    await expect(page.getByRole("option", {name: /Second/})).toBeVisible();
    await page.unroute(`**/api/v2/me/interactions/${first.chat}`);
    await expect(page.getByRole("option", {name: /First/})).toBeVisible();
    for (const customer of [first, second]) {
        await customer.does("disconnect");
        await person.does(`/me/interactions/${customer.chat}`, {operationName: "Complete"});
    }
});
