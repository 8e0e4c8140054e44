// Search of all work: by the box and in its own place, what is finished read again, and what is said while nothing comes.
// HANDOFF_PICTURES names a directory for pictures.

import {join} from "node:path";

import {chatting, Customer, goReady, over} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {hostileStrings} from "../lib/hostile-strings.mjs";

// What the first one leaves behind, the second one finds.
test.describe.configure({mode: "serial", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

const PICTURES = process.env.HANDOFF_PICTURES;

/** Kate in front of the search. */
class Searcher {
    constructor(page) {
        this.page = page;
        this.list = page.getByRole("region", {name: "Work list"});
        this.field = page.getByRole("searchbox", {name: "Search all work"});
        this.rows = page.getByRole("listbox", {name: "Results"}).getByRole("option");
        this.alert = page.getByRole("alert").filter({hasText: "could not be read"});
    }

    wider(name) {
        return this.page.getByRole("group", {name: "Search also in"}).getByRole("button", {name});
    }

    /** By the box for commands, without a mouse. */
    async begins(words) {
        await this.page.keyboard.press("F2");
        await this.page.keyboard.type(words);
        const option = this.page.getByRole("option", {name: `Search all work: ${words}`});
        await expect(option).toBeVisible();
        while (await option.getAttribute("aria-selected") !== "true") {
            await this.page.keyboard.press("ArrowUp");
        }
        await this.page.keyboard.press("Enter");
        await expect(this.field).toBeFocused();
        await expect(this.field).toHaveValue(words);
    }
}

async function pictured(page, name) {
    for (const theme of PICTURES ? ["light", "dark"] : []) {
        await page.emulateMedia({colorScheme: theme});
        await page.screenshot({path: join(PICTURES, `search-${name}-${theme}.png`)});
    }
}

test("what is finished is found by its words and read again, and one comes back to where one was", async ({page, person, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    await ann.says("My umbrella has polka dots & <b>stripes</b>");
    await expect(page.getByRole("log")).toContainText("polka dots");
    await over({person, page}, ann);
    const jonas = new Customer(program.origin, "Jonas");
    const {id} = await jonas.writesLetter("A polka dancer", "I dance at noon.");
    await expect.poll(async () => (await person.does(`/me/interactions/${id}`, {operationName: "Accept"})).statusCode).toBe(0);
    await page.getByRole("option", {name: /A polka dancer/}).click();
    await expect(page.getByRole("heading", {name: "A polka dancer"})).toBeVisible();

    const it = new Searcher(page);
    const said = await person.hears("#say");
    await it.begins("polka");
    await expect(page).toHaveURL(/\/desk\/search\?q=polka$/);
    await expect(it.rows).toHaveCount(1);
    await expect(it.rows).toContainText("A polka dancer");
    await expect(it.rows.locator("mark")).toHaveText("polka");
    await expect.poll(async () => (await said()).join(" ")).toContain("1 result");
    await it.wider("Finished").press("Enter");
    await expect(it.rows).toHaveCount(2);
    await expect(page).toHaveURL(/in=finished/);
    const chat = it.rows.filter({hasText: "Parcel not arrived"});
    await expect(chat).toContainText("done");
    await expect(chat).toContainText("polka dots & <b>stripes</b>");
    await person.isAccessible();

    // The address is all: a reload and another computer show the same.
    await page.reload();
    await expect(it.rows).toHaveCount(2);
    await it.field.focus();
    await page.keyboard.press("Enter");
    await expect(it.rows.first()).toBeFocused();
    await page.keyboard.press("ArrowDown");
    await expect(chat).toBeFocused();
    await page.keyboard.press("Enter");
    const words = page.getByRole("region", {name: "Conversation"});
    await expect(words).toContainText("This is finished. It can only be read.");
    await expect(words.getByRole("listitem").filter({hasText: "polka dots & <b>stripes</b>"})).toBeVisible();
    await expect(words.getByRole("region", {name: "What happened"})).toContainText("Was completed, kate");
    await expect(words.getByRole("textbox")).toHaveCount(0);
    await expect(it.rows).toHaveCount(2);
    await person.isAccessible();
    await pictured(page, "finished");

    // Two words, of which one is nowhere; and what is open is worked on where it was found.
    await it.field.fill("polka nowhere");
    await expect(it.list.getByText("Nothing has all of: polka nowhere.")).toBeVisible();
    await it.field.fill("polka dancer");
    await expect(it.rows).toHaveCount(1);
    await it.rows.click();
    await expect(page.getByRole("button", {name: "Reply", exact: true})).toBeVisible();
    await it.field.focus();
    await page.keyboard.press("Escape");
    await expect(page).toHaveURL(/\/desk\/mine/);
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
});

test("while nothing comes it is said, what was found stays, and what strangers wrote is text", async ({page, person, program}) => {
    await goReady(person, page);
    const it = new Searcher(page);
    await it.begins("umbrella");
    await it.wider("Finished").click();
    await expect(it.rows).toHaveCount(1);
    const address = "**/api/v2/interactions?*";
    const refused = {statusCode: 4, statusMessage: "The store is away for a moment."};
    await page.route(address, (route) => route.fulfill({status: 503, contentType: "application/json", body: JSON.stringify(refused)}));
    await it.field.fill("umbrella dots");
    await expect(it.alert).toContainText("The list could not be read. The store is away for a moment.");
    await expect(it.rows).toHaveCount(1);
    await person.isAccessible();
    await page.unroute(address);
    await it.alert.getByRole("button", {name: "Try again"}).press("Enter");
    await expect(it.alert).toHaveCount(0);
    await expect(it.rows).toHaveCount(1);

    // An answer that comes late is that of words that nobody asks for any more.
    let late = null;
    await page.route(address, async (route) => {
        if (route.request().url().includes("polka")) {
            late = route;
        } else {
            await route.continue();
        }
    });
    await it.field.fill("polka");
    await expect.poll(() => late).not.toBe(null);
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(1);
    await it.field.fill("zebra");
    await expect(it.list.getByText("Nothing has all of: zebra.")).toBeVisible();
    await late.continue().catch(() => {});
    await page.unroute(address);
    await expect(it.list.getByText("Nothing has all of: zebra.")).toBeVisible();

    for (const hostile of hostileStrings().slice(0, 5)) {
        const words = hostile.replace(/\s+/g, " ").trim().slice(0, 100).trim();
        await it.field.fill(words);
        // Where they are no words at all the server says so.
        const said = it.list.getByText(`Nothing has all of: ${words}.`, {exact: true}).or(it.alert);
        await expect(said).toBeVisible();
        await it.field.fill("");
        await expect(it.list.getByText("By words of what was said or written")).toBeVisible();
    }
    await pictured(page, "nothing");
    await page.setViewportSize({width: 390, height: 844});
    await it.field.fill("umbrella");
    await expect(it.rows).toHaveCount(1);
    await person.isAccessible();
    await pictured(page, "phone");
    await it.rows.click();
    await expect(page.getByText("This is finished. It can only be read.")).toBeVisible();
    await page.getByRole("navigation", {name: "Parts of the desk"}).getByRole("link", {name: "List"}).click();
    await expect(it.rows).toHaveCount(1);
});
