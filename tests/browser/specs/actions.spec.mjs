// What an agent does with work as a whole: handing it over, asking for help, parking, and the menus that offer it.

import {chatting, Customer, goReady, take} from "../lib/at-work.mjs";
import {Colleague} from "../lib/colleague.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {writes} from "../lib/letters.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

test("a chat is handed over by keys, taken back, declined, and taken", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const ben = await Colleague.ready(program.origin, "ben");
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    const conversation = page.getByRole("region", {name: "Conversation"});
    const dialog = page.getByRole("dialog", {name: "Transfer"});
    const whom = dialog.getByRole("combobox", {name: "To whom"});

    await page.getByRole("log").focus();
    await page.keyboard.press("t");
    await expect(whom).toBeFocused();
    await expect(dialog.getByRole("group", {name: "Can take it now"}).getByRole("option", {name: /^Ben Ortiz/})).toContainText("Ready · 0 of 3");
    await expect(dialog.getByRole("group", {name: "Cannot take it now"}).getByRole("option", {name: /^Sam Baker/})).toContainText("Off work");
    await expect(dialog.getByRole("option", {name: /^support-chat/})).toContainText("waiting");
    await person.isAccessible();
    // Esc leaves, and nothing is done.
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await expect(page.getByRole("log")).toBeFocused();

    await page.keyboard.press("t");
    await expect(dialog.getByRole("button", {name: "Transfer"})).toHaveAttribute("aria-disabled", "true");
    await whom.fill("or");
    await expect(dialog.getByRole("option", {name: /^Sam/})).toHaveCount(0);
    await page.keyboard.press("ArrowDown");
    await expect(whom).toHaveValue("Ben Ortiz");
    await dialog.getByRole("textbox", {name: "Note for them"}).fill("They are upset");
    await dialog.getByRole("textbox", {name: "Last words to Ann"}).fill("Ben goes on");
    await page.keyboard.press("Control+Enter");
    await expect(dialog).toHaveCount(0);
    await expect(page.getByText(/^Offered to Ben Ortiz, 0:\d\d left\.$/)).toBeVisible();
    await person.isAccessible();
    expect((await ben.has(ann.chat)).offer).toMatchObject({kind: "Transfer", note: "They are upset"});
    expect(await ann.reads()).toEqual(["Ben goes on"]);
    await page.getByRole("button", {name: "Take back"}).click();
    await expect(page.getByText(/^Offered to/)).toHaveCount(0);
    expect(await ben.has(ann.chat)).toBeNull();

    const handOver = async () => {
        await page.getByRole("button", {name: "Transfer"}).click();
        await whom.fill("ben o");
        await dialog.getByRole("option", {name: /^Ben Ortiz/}).click();
        await dialog.getByRole("button", {name: "Transfer"}).click();
        await expect(page.getByText(/^Offered to/)).toBeVisible();
    };
    await handOver();
    await ben.does(ann.chat, "Reject");
    await expect(conversation.getByText("Ben Ortiz declined. It is still yours.")).toBeVisible();
    await person.isAccessible();
    await page.getByRole("button", {name: "Choose somebody else"}).click();
    await expect(whom).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(conversation.getByText("Ben Ortiz declined.")).toHaveCount(0);

    // Words that stand in the box are asked about first.
    await box.fill("one moment");
    await page.getByRole("button", {name: "Transfer"}).click();
    const question = page.getByRole("dialog", {name: "Words are not sent yet"});
    await question.getByRole("button", {name: "Send them first"}).click();
    await expect(whom).toBeFocused();
    await expect.poll(() => ann.reads()).toEqual(["Ben goes on", "one moment"]);
    await page.keyboard.press("Escape");

    await handOver();
    const row = page.getByRole("option", {name: /Ann/});
    await ben.does(ann.chat, "Accept");
    await expect(row).toContainText("went to Ben Ortiz");
    await expect(conversation.getByText("Ben Ortiz has it now.")).toBeVisible();
    await expect(row).toHaveCount(0);
    await ann.does("disconnect");
    await ben.does(ann.chat, "Complete");
    await ben.leaves();
});

test("a colleague is consulted, shown to the customer and taken out", async ({person, page, program}) => {
    const tom = await chatting({person, page, program}, "Tom", "Return label");
    const ben = await Colleague.ready(program.origin, "ben");
    await page.getByRole("log").focus();
    await page.keyboard.press("i");
    const dialog = page.getByRole("dialog", {name: "Invite"});
    await dialog.getByRole("radio", {name: "The customer does not see them"}).check();
    const consult = page.getByRole("dialog", {name: "Consult"});
    await consult.getByRole("option", {name: /^Ben Ortiz/}).click();
    await person.isAccessible();
    await consult.getByRole("button", {name: "Consult"}).click();
    await expect(page.getByText(/^Ben Ortiz is asked for advice/)).toBeVisible();
    await ben.does(tom.chat, "Accept");
    await expect(page.getByText("Ben is consulted. Tom does not see Ben.")).toBeVisible();
    await expect(page.getByRole("radio", {name: "To agents only"})).toBeChecked();
    await person.isAccessible();
    await page.getByRole("button", {name: "Show to the customer"}).click();
    await expect(page.getByText("Ben is in the chat.")).toBeVisible();
    await page.getByRole("button", {name: "Take Ben out"}).click();
    await expect(page.getByText("Ben is in the chat.")).toHaveCount(0);
    await ben.leaves();
    await tom.does("disconnect");
    await page.getByRole("button", {name: "Complete"}).click();
    await expect(page.getByRole("option", {name: /Tom/})).toHaveCount(0);
});

test("what a supervisor coaches by is told from notes, and Shift+F8 goes to whoever waits longest", async ({person, page, program}) => {
    const ida = await chatting({person, page, program}, "Ida", "Refund");
    const sam = await Colleague.ready(program.origin, "sam");
    const {user: kate} = await person.reads("/me");
    await sam.posts(`/users/${kate.id}/chats/${ida.chat}`, {operationName: "Intrude", supervisorVisibilityMode: "Coach"});
    await expect.poll(async () => (await sam.does(ida.chat, "Accept")).statusCode).toBe(0);
    await expect(page.getByText("Sam coaches you")).toBeVisible();
    await sam.does(ida.chat, "Send", {text: "Offer a refund"});
    await ida.says("Is anybody there?");
    const log = page.getByRole("log");
    await expect(log.getByText("Offer a refund")).toBeVisible();
    await expect(log.getByText("Only you see this")).toBeVisible();
    await person.isAccessible();
    await sam.does(ida.chat, "Leave");
    await sam.leaves();

    // Who is offered something and declines is told for how long they are left alone.
    const max = new Customer(program.origin, "Max");
    await max.begin("Later");
    await page.getByRole("article", {name: "Max"}).getByRole("button", {name: "Decline"}).click();
    await expect(page.getByText("Declined. You are not asked again for 30 s.")).toBeVisible();
    await max.does("disconnect");
    await person.state.focus();
    await page.keyboard.press("Shift+F8");
    await expect(page.getByRole("textbox", {name: "Message to Ida"})).toBeFocused();
    await ida.does("disconnect");
    // The keys of the composer complete what is over.
    await page.getByRole("button", {name: "Complete"}).focus();
    await page.keyboard.press("Control+Shift+Enter");
    await expect(page.getByRole("option", {name: /Ida/})).toHaveCount(0);
});

test("a letter is parked and taken again by the menu of its row", async ({person, page, program}) => {
    await goReady(person, page);
    await new Customer(program.origin, "").writesLetter("Invoice 2031", "I was charged twice.");
    await take(page, "Jonas Falk");
    const row = page.getByRole("option", {name: /Jonas Falk/});
    await row.focus();
    await page.keyboard.press("Shift+F10");
    const menu = page.getByRole("menu");
    await expect(menu.getByRole("menuitem", {name: /^Transfer/})).toBeFocused();
    await person.isAccessible();
    await page.keyboard.press("Escape");
    await expect(row).toBeFocused();
    await row.click({button: "right"});
    await menu.getByRole("menuitem", {name: /^Park/}).click();
    const dialog = page.getByRole("dialog", {name: "Park"});
    await expect(dialog.getByRole("radio", {name: "In Progress"})).toBeChecked();
    await person.isAccessible();
    await dialog.getByRole("button", {name: "Park"}).click();
    await expect(row).toHaveCount(0);
    await page.getByRole("tab", {name: /^Parked/}).click();
    await row.click();
    await page.getByRole("button", {name: "Take it"}).click();
    await expect(page).toHaveURL(/\/desk\/mine\//);
    await expect(page.getByRole("tab", {name: /^Mine/})).toHaveAttribute("aria-selected", "true");
    await expect(row).toBeVisible();
    await page.getByRole("button", {name: "Complete"}).click();
    await expect(row).toHaveCount(0);
});

test("a letter is joined to another one of its contact and split again, and its link is copied", async ({context, person, page, program}) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await goReady(person, page);
    const falk = new Customer(program.origin, "");
    for (const subject of ["First letter", "Second letter"]) {
        await falk.writesLetter(subject, "I was charged twice.");
        await take(page, "Jonas Falk");
        await expect(page.getByRole("heading", {level: 1, name: subject})).toBeVisible();
    }
    const letters = page.getByRole("group", {name: "Letters of this thread"}).getByRole("article");
    const more = page.getByRole("button", {name: "More actions"});
    await more.click();
    await expect(page.getByRole("menuitem", {name: "Begin a thread of its own"})).toHaveCount(0);
    await page.getByRole("menuitem", {name: "Join to…"}).click();
    const dialog = page.getByRole("dialog", {name: "Join to…"});
    await expect(dialog.getByRole("radio", {name: /^First letter/})).toBeChecked();
    await person.isAccessible();
    await dialog.getByRole("button", {name: "Join to…"}).click();
    await expect(letters).toHaveCount(2);
    await more.click();
    await page.getByRole("menuitem", {name: "Begin a thread of its own"}).click();
    await expect(letters).toHaveCount(1);
    await more.click();
    await page.getByRole("menuitem", {name: "Copy link"}).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
    for (const subject of ["First letter", "Second letter"]) {
        await page.getByRole("option", {name: new RegExp(subject)}).click();
        await page.getByRole("button", {name: "Complete"}).click();
        await expect(page.getByRole("option", {name: new RegExp(subject)})).toHaveCount(0);
    }
});

test("a letter to anybody begins as a draft, and one after a chat with what was not sent", async ({person, page, program}) => {
    const eve = await chatting({person, page, program}, "Eve", "Order 77");
    await page.getByRole("textbox", {name: "Message to Eve"}).fill("It left us today.");
    await eve.does("disconnect");
    await page.getByRole("button", {name: "Write an e-mail"}).click();
    const draft = page.getByRole("form", {name: /^Draft to/});
    await expect(draft.getByRole("textbox", {name: "Subject"})).toHaveValue("Order 77");
    await expect(draft.getByRole("textbox", {name: /^Letter to/})).toHaveText("It left us today.");
    await draft.getByRole("button", {name: "Discard"}).click();
    await page.getByRole("dialog").getByRole("button", {name: "Discard"}).click();
    await page.getByRole("option", {name: /Eve/}).click();
    await page.getByRole("button", {name: "Complete"}).click();
    await expect(page.getByRole("option", {name: /Eve/})).toHaveCount(0);
    await page.getByRole("tab", {name: /^Drafts/}).click();
    await page.getByRole("button", {name: "New e-mail"}).click();
    await expect(draft.getByRole("textbox", {name: "To", exact: true})).toBeFocused();
    await draft.getByRole("button", {name: "Discard"}).click();
    await expect(draft).toHaveCount(0);
});

test("what a colleague has can be read, and they can be asked", async ({person, page, program}) => {
    await goReady(person, page);
    const id = await writes(program.origin, {subject: "Order 12", text: "Where is it?"});
    await take(page, "jonas@falk.example");
    await expect(page.getByRole("option", {name: /Order 12/})).toBeVisible();
    const ben = await Colleague.ready(program.origin, "ben");
    const {user} = await person.reads("/me", "ben");
    await person.does(`/me/interactions/${id}`, {operationName: "Transfer", userId: user.id});
    await expect.poll(async () => (await ben.has(id))?.state).toBe("Invited");
    await ben.does(id, "Accept");
    await person.visit(`/desk/mine/${id}`);
    const conversation = page.getByRole("region", {name: "Conversation"});
    await expect(conversation.getByText("Ben Ortiz has this.")).toBeVisible();
    await expect(conversation.getByRole("heading", {name: "Order 12"})).toBeVisible();
    await expect(conversation.getByText("Where is it?")).toBeVisible();
    await expect(conversation.getByRole("button", {name: "Reply"})).toHaveCount(0);
    await person.isAccessible();
    // Nor is it offered where commands are.
    await page.keyboard.press("F2");
    await page.keyboard.type("reply all");
    await expect(page.getByRole("search").getByText(/^Nothing/)).toBeVisible();
    await page.keyboard.press("Escape");
    await conversation.getByRole("button", {name: "Ask Ben Ortiz"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "Ask Ben Ortiz"});
    await expect(dialog.getByRole("textbox", {name: "Your question"})).toBeFocused();
    await person.isAccessible();
    await page.keyboard.type("Did you find");
    // What becomes of it meanwhile changes neither whom one asks nor what one has typed.
    const read = `**/api/v2/interactions/${id}`;
    await page.route(read, async (route) => {
        const response = await route.fetch();
        const json = await response.json();
        await route.fulfill({response, json: {...json, interaction: {...json.interaction, assignedTo: null}}});
    });
    await expect(conversation.getByText("Ben Ortiz has this.")).toHaveCount(0);
    await expect(dialog.getByRole("textbox")).toHaveValue("Did you find");
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await page.unroute(read);
    await conversation.getByRole("button", {name: "Ask Ben Ortiz"}).press("Enter");
    await expect(dialog.getByRole("textbox")).toHaveValue("Did you find");
    await page.keyboard.press("End");
    await page.keyboard.type(" it?");
    await page.keyboard.press("Control+Enter");
    await expect(dialog).toHaveCount(0);
    // Beside whatever else is to be said just then.
    await expect(page.locator("#say")).toContainText("Ben Ortiz was asked.");
    await ben.does(id, "Complete");
    await ben.leaves();
});

test("what is said in a colleague's chat comes while one reads it", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const ben = await Colleague.ready(program.origin, "ben");
    const {user} = await person.reads("/me", "ben");
    await person.does(`/me/interactions/${ann.chat}`, {operationName: "Transfer", userId: user.id});
    await expect.poll(async () => (await ben.has(ann.chat))?.state).toBe("Invited");
    await ben.does(ann.chat, "Accept");
    await person.visit(`/desk/mine/${ann.chat}`);
    const conversation = page.getByRole("region", {name: "Conversation"});
    await expect(conversation.getByText("Ben Ortiz has this.")).toBeVisible();
    await ann.says("Is anybody there?");
    await expect(conversation.getByText("Is anybody there?")).toBeVisible();
    await ann.does("disconnect");
    await ben.does(ann.chat, "Complete");
    await ben.leaves();
});

test("the box finds work by words, and letters bring to what is beside it", async ({person, page, program}) => {
    const zoe = await chatting({person, page, program}, "Zoe", "A lost umbrella");
    const box = page.getByRole("textbox", {name: "Message to Zoe"});
    await person.visit("/desk/parked");
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await expect(page.getByRole("tab", {name: /^Mine 1/})).toBeVisible();
    await page.keyboard.press("F2");
    await page.keyboard.type("gloves");
    const found = page.getByRole("group", {name: "Work"}).getByRole("option", {name: /Zoe/});
    await expect(page.getByRole("search").getByText("Nothing has all of: gloves.")).toBeVisible();
    // Also what is found after the last letter.
    await zoe.says("And my gloves are gone.");
    await expect(found).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("umbrella zoe");
    await expect(found).toHaveAttribute("aria-selected", "true");
    await person.isAccessible();
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(new RegExp(`/desk/mine/${zoe.chat}$`));
    await expect(box).toBeFocused();
    const log = page.getByRole("log");
    await log.focus();
    await page.keyboard.press("n");
    await expect(page.getByRole("textbox", {name: "Note", exact: true})).toBeFocused();
    await page.keyboard.press("Escape");
    await log.focus();
    await page.keyboard.press("o");
    await expect(page.getByRole("combobox", {name: "Outcome"})).toBeFocused();
    await log.focus();
    await page.keyboard.press("w");
    await expect(page.getByRole("button", {name: "Why you"})).toBeFocused();
    await zoe.does("disconnect");
    await person.does(`/me/interactions/${zoe.chat}`, {operationName: "Complete"});
});
