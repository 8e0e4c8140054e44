// What an agent notices in passing: names that were written down, sentences that hold, words that stay.

import {chatting, Customer, goReady, over, take} from "../lib/at-work.mjs";
import {Colleague} from "../lib/colleague.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

const QUESTION = "To which e-mail address may we write to you?";
const boxOf = (page, name) => page.getByRole("textbox", {name: `Message to ${name}`});

/** A letter of somebody's that Kate has taken. */
async function letterOf({page, program}, name, subject) {
    await new Customer(program.origin, name).writesLetter(subject, "I was charged twice.");
    await take(page, `${name} Falk`);
    await expect(page.getByRole("heading", {level: 1, name: subject})).toBeVisible();
}

test("rows, head and offers have the name that was written down", async ({person, page, program}) => {
    await goReady(person, page);
    await letterOf({page, program}, "Jonas", "Invoice 2031");
    const [{path}] = (await person.reads("/ucs/contacts?fields=*&search=jonas@falk")).contacts;
    await expect(page.getByRole("option", {name: /Jonas Falk/})).toBeVisible();

    const contact = page.getByRole("region", {name: "Contact"});
    await contact.getByRole("button", {name: "Edit"}).click();
    await contact.getByLabel("Last name").fill("Falk <b>Jensen</b>");
    await contact.getByRole("button", {name: "Save"}).click();
    const name = "Jonas Falk <b>Jensen</b>";
    await expect(page.getByRole("option", {name})).toBeVisible();
    await expect(page.locator(".conversation-head .meta")).toContainText(name);

    // What an agent calls them stays with agents: nobody reads it in a quotation.
    await page.getByRole("button", {name: "Reply R"}).or(page.getByRole("button", {name: "Reply", exact: true})).first().click();
    await expect(page.getByRole("form", {name: `Draft to ${name}`})).toBeVisible();
    await expect(page.locator(".quotation .start")).toContainText(/^Jonas Falk wrote on/);

    // An offer has it as well, and a colleague's change is there once it is looked at.
    await new Customer(program.origin, "Jonas").writesLetter("Invoice 2032", "Once more.");
    await expect(page.getByRole("article", {name, exact: true})).toBeVisible();
    const change = {version: 1, firstName: "Jon", lastName: "Falk"};
    expect((await person.puts(path, change, "sam")).statusCode).toBe(0);
    await take(page, name);
    await expect(page.locator(".conversation-head .meta")).toContainText("Jon Falk");
    await expect(page.getByRole("option", {name: /Jon Falk/})).toHaveCount(3);
    await person.isAccessible();
});

for (const [width, where] of [[1440, "column"], [1024, "drawer"], [390, "view of its own"]]) {
    test(`a guest is asked for an address out of the details in a ${where}`, async ({person, page, program}) => {
        await page.setViewportSize({width, height: 900});
        const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
        await boxOf(page, "Ann").fill("One moment.");
        if (width === 1024) {
            await page.getByRole("button", {name: "Details"}).click();
        } else if (width === 390) {
            await page.getByRole("link", {name: "Details"}).click();
        }
        const details = page.getByRole("complementary", {name: "Details"});
        await expect(details.getByText("A guest.")).toBeVisible();
        await person.isAccessible();
        await details.getByRole("button", {name: "Ask for an address"}).click();
        // It stands ready behind what was typed, and nothing is sent by itself.
        await expect(boxOf(page, "Ann")).toHaveValue(`One moment.\n${QUESTION}`);
        await expect(boxOf(page, "Ann")).toBeFocused();
        await page.keyboard.press("Enter");
        await expect.poll(() => ann.reads()).toEqual([`One moment.\n${QUESTION}`]);
        await over({person, page}, ann);
    });
}

test("what is half typed to agents is not turned into words for the customer", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    await page.getByRole("radio", {name: "To agents only"}).press("Space");
    await boxOf(page, "Ann").fill("They were rude yesterday.");
    await page.getByRole("button", {name: "Ask for an address"}).click();
    await expect(boxOf(page, "Ann")).toBeFocused();
    await expect(boxOf(page, "Ann")).toHaveValue("They were rude yesterday.");
    await expect(page.getByRole("radio", {name: "To agents only"})).toBeChecked();
    await boxOf(page, "Ann").fill("");
    await over({person, page}, ann);
});

test("the state menu says how much one has, and why nothing comes", async ({person, page, program}) => {
    await page.setViewportSize({width: 768, height: 900});
    await goReady(person, page);
    const chats = ["Ann", "Bo", "Cy"].map((name) => new Customer(program.origin, name));
    for (const chat of chats) {
        await chat.begin("Parcel");
        chat.stays();
        await take(page, chat.nickname);
        await expect(boxOf(page, chat.nickname)).toBeFocused();
    }
    await person.state.press("Enter");
    const menu = page.getByRole("menu");
    await expect(menu).toContainText("Chats 3 of 3");
    await expect(menu).toContainText("No room: Chats. More comes once something is done.");
    await person.isAccessible();
    await menu.getByRole("menuitemcheckbox", {name: "Do not disturb"}).press("Enter");
    await expect(menu).toContainText("Do not disturb: nothing is offered to you.");
    await menu.getByRole("menuitemcheckbox", {name: "Do not disturb"}).press("Enter");
    await menu.getByRole("menuitemcheckbox", {name: "E-mail"}).press("Enter");
    await menu.getByRole("menuitemcheckbox", {name: "Work items"}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready: chat/);
    await menu.getByRole("menuitem", {name: "End work"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "End work?"});
    await expect(dialog).toContainText("3 chats go back to the queue, or to a colleague in it.");
    await expect(dialog).toContainText("You are signed out as well.");
    await page.keyboard.press("Escape");
    for (const chat of chats) {
        await over({person, page}, chat);
    }
});

test("of an offer that is gone it is said why", async ({person, page, program}) => {
    await goReady(person, page);
    const tom = new Customer(program.origin, "Tom");
    await tom.begin("Payment declined");
    await expect(page.getByRole("article", {name: "Tom", exact: true})).toBeVisible();
    await tom.does("disconnect");
    await expect(page.locator("#say")).toContainText("The offer of Tom is gone: the customer left.");
    await page.getByRole("button", {name: "Dismiss"}).click();
});

test("advice is asked for from the menu, and a note stays over Escape", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const ben = await Colleague.ready(program.origin, "ben");
    await page.getByRole("button", {name: "More actions"}).press("Enter");
    await page.getByRole("menuitem", {name: "Consult"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "Consult"});
    await expect(dialog.getByRole("radio", {name: "The customer does not see them"})).toBeChecked();
    await dialog.getByLabel("Note for them").fill("Third case today.");
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await page.getByRole("button", {name: "Transfer"}).press("Enter");
    const transfer = page.getByRole("dialog", {name: "Transfer"});
    await expect(transfer.getByLabel("Note for them")).toHaveValue("Third case today.");
    await transfer.getByLabel("Last words to Ann").fill("Ben goes on.");
    await page.keyboard.press("Escape");
    await page.getByRole("button", {name: "Transfer"}).press("Enter");
    await expect(transfer.getByLabel("Last words to Ann")).toHaveValue("Ben goes on.");
    await page.keyboard.press("Escape");
    await ben.leaves();
    await over({person, page}, ann);
});

test("what came is above the list and comes after it, and Escape leaves a letter for its thread", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const row = page.getByRole("option", {name: /Ann/});
    await row.press("Home");
    const intake = {operationName: "Create", channel: "workitem", queueName: "tasks", subject: "Refund"};
    const {id} = await person.does("/interactions", intake, "intake");
    await expect.poll(async () => (await person.does(`/me/interactions/${id}`, {operationName: "Accept"})).statusCode).toBe(0);
    const arrived = page.getByRole("button", {name: "1 new, show"});
    await expect(arrived).toBeVisible();
    const top = async (one) => (await one.boundingBox()).y;
    expect(await top(arrived)).toBeLessThan(await top(row));
    await page.keyboard.press("Tab");
    await expect(arrived).toBeFocused();
    await arrived.press("Enter");
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
    await over({person, page}, ann);

    await letterOf({page, program}, "Mia", "Invoice 7");
    await page.getByRole("heading", {level: 1}).click();
    await page.locator(".letters .letter h2 button").last().focus();
    await page.keyboard.press("r");
    const box = page.getByRole("textbox", {name: "Letter to Mia Falk"});
    await expect(box).toBeFocused();
    await page.keyboard.type("Dear Mia");
    await page.keyboard.press("Escape");
    await expect(box).toContainText("Dear Mia");
    await expect(page.locator(".letters .letter h2 button").last()).toBeFocused();
});

test("a chat that is over says from when to when it was, and that nobody reads on", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    await ann.does("disconnect");
    await expect(page.locator(".conversation-head .meta")).toContainText(/\d\d:\d\d to \d\d:\d\d/);
    await expect(page.getByRole("log")).toContainText("Ann left. The customer sees nothing that is written from here on.");
    await over({person, page}, ann);
});
