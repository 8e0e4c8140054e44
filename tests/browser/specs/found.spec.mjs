// What an agent looks for, and what the lists say of what could not be read: people in the box for
// commands, earlier contacts and how many they are, what is half typed, and why one was chosen.

import {chatting, Customer, goReady, over, take} from "../lib/at-work.mjs";
import {Colleague} from "../lib/colleague.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

const boxOf = (page) => page.getByRole("searchbox", {name: "Search work or type a command"});
const peopleOf = (page) => page.getByRole("group", {name: "People"}).getByRole("option");

test("the box finds colleagues by name, and one is asked", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const ben = await Colleague.ready(program.origin, "ben");
    await page.keyboard.press("F2");
    await page.keyboard.type("ort");
    const found = peopleOf(page).filter({hasText: "Ben Ortiz"});
    await expect(found).toContainText("Ready");
    await expect(page.locator("#say")).toHaveText(/^\d+ results?$/);
    await person.isAccessible();
    await page.keyboard.press("ArrowDown");
    await expect(found).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", {name: "Ask Ben Ortiz"});
    await dialog.getByRole("textbox", {name: "Your question"}).fill("Do you know this carrier?");
    await page.keyboard.press("Control+Enter");
    await expect(dialog).toHaveCount(0);
    // What was said just before may still stand there.
    await expect(page.locator("#say")).toHaveText(/Ben Ortiz was asked\.$/);
    // Whoever looked for them is where they were.
    await expect(page.getByRole("textbox", {name: "Message to Ann"})).toBeFocused();
    // Oneself is nobody to be found, and one letter is in too many names.
    for (const typed of ["lund", "o"]) {
        await page.keyboard.press("F2");
        await page.keyboard.type(typed);
        await page.waitForTimeout(500);
        await expect(peopleOf(page)).toHaveCount(0);
        await page.keyboard.press("Escape");
    }
    await ben.leaves();
    await over({person, page}, ann);
});

test("the box finds customers, shows what is known of them, and writes to them", async ({person, page, program}) => {
    await goReady(person, page);
    const {id} = await new Customer(program.origin, "Mia").writesLetter("Invoice 2031", "Twice.");
    await take(page, "Mia Falk");
    await expect(page.getByRole("heading", {level: 1, name: "Invoice 2031"})).toBeVisible();
    const search = async () => {
        await boxOf(page).fill("mia f");
        await peopleOf(page).filter({hasText: "mia@falk.example"}).click();
    };
    await person.visit("/desk/parked");
    await search();
    const dialog = page.getByRole("dialog", {name: "Mia Falk"});
    await expect(dialog.getByRole("definition")).toHaveText(["mia@falk.example"]);
    await person.isAccessible();
    await dialog.getByRole("button", {name: /Invoice 2031/}).click();
    await expect(page).toHaveURL(new RegExp(id));
    await expect(dialog).toHaveCount(0);
    await search();
    await dialog.getByRole("button", {name: "Write an e-mail"}).click();
    await expect(dialog).toHaveCount(0);
    const form = page.getByRole("form", {name: "Draft to Mia Falk"});
    await expect(form).toBeVisible();
    await expect(form).toContainText("mia@falk.example");
    const {interactions} = await person.reads("/me/interactions?fields=*");
    const draft = interactions.find(({state}) => state === "Composing");
    const letter = interactions.find((one) => one.id === id);
    expect(draft.contactId).toBe(letter.contactId);
    await form.getByRole("button", {name: "Discard"}).click();
    await expect(form).toHaveCount(0);
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
});

test("how often somebody wrote before is said, and all of it is shown", async ({person, page, program}) => {
    const EARLIER = 12;
    await goReady(person, page);
    const lea = new Customer(program.origin, "Lea");
    for (let letter = 1; letter <= EARLIER; letter += 1) {
        const {id} = await lea.writesLetter(`Letter ${letter}`, `Words ${letter}`);
        const does = (operationName) => person.does(`/me/interactions/${id}`, {operationName});
        await expect.poll(async () => (await does("Accept")).statusCode).toBe(0);
        expect((await does("Complete")).statusCode).toBe(0);
    }
    await lea.writesLetter("The last one", "And now?");
    const offer = page.getByRole("article", {name: "Lea Falk"});
    await expect(offer).toContainText(`${EARLIER} · `);
    await take(page, "Lea Falk");
    const before = page.getByRole("region", {name: "Before"});
    await expect(before).toContainText(new RegExp(`Before\\s*${EARLIER}`));
    const rows = before.getByRole("listitem");
    await expect(rows).toHaveCount(10);
    await before.getByRole("button", {name: `All ${EARLIER}`}).click();
    await expect(rows).toHaveCount(EARLIER);
    await expect(before.getByRole("button", {name: /^(All|Older)/})).toHaveCount(0);
    await rows.last().getByRole("button").click();
    const dialog = page.getByRole("dialog", {name: "Letter 1"});
    await expect(dialog).toContainText("Words 1");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("region", {name: "Why you"})).toContainText("Nobody else could take it.");
    const option = page.getByRole("option", {name: /Lea Falk/});
    await person.state.focus();
    const {interactions} = await person.reads("/me/interactions?fields=id");
    for (const {id} of interactions) {
        await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
    }
    await expect(option).toHaveCount(0);
});

test("of how many one was chosen is said", async ({person, page, program}) => {
    const ben = await Colleague.ready(program.origin, "ben");
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived");
    await expect.poll(async () => (await ben.does(ann.chat, "Accept")).statusCode).toBe(0);
    // Ben has one in hand, and Kate none.
    const tom = await chatting({person, page, program}, "Tom", "Return label");
    const why = page.getByRole("region", {name: "Why you"});
    await expect(why).toContainText("Of 2 agents who could take it you had the least in hand.");
    await ann.does("disconnect");
    await ben.does(ann.chat, "Complete");
    await ben.leaves();
    await over({person, page}, tom);
});

test("what is half typed stands in the row once the customer has their answer", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const row = page.getByRole("option", {name: /Ann/});
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await ann.says("Where is it?");
    await expect(row).toContainText("Where is it?");
    await box.fill("I look");
    await expect(page.getByText(/^Draft saved/)).toBeVisible();
    await expect(row).toContainText("Where is it?");
    await box.fill("It comes tomorrow.");
    await box.press("Enter");
    await expect(row).toContainText("You: It comes tomorrow.");
    await box.fill("And one more thing");
    await expect(row).toContainText("Draft: And one more thing");
    await page.reload();
    await expect(row).toContainText("Draft: And one more thing");
    await box.fill("");
    await expect(row).toContainText("You: It comes tomorrow.");
    await over({person, page}, ann);
});

const LISTS = [
    ["mine", "**/api/v2/me/interactions?*"],
    ["queues", "**/api/v2/interactions?*"],
];

for (const [list, address] of LISTS) {
    test(`a list that cannot be read says so and keeps its rows: ${list}`, async ({person, page, program}) => {
        const tom = await chatting({person, page, program}, "Tom", "Return label");
        await person.does("/me", {operationName: "NotReady"});
        const ann = new Customer(program.origin, "Ann");
        await ann.begin("Parcel not arrived");
        ann.stays();
        await page.getByRole("tab", {name: list === "mine" ? /^Mine/ : /^Queues/}).press("Enter");
        const row = page.getByRole("option", {name: list === "mine" ? /Tom/ : /Ann/});
        await expect(row).toBeVisible();
        const refused = {statusCode: 4, statusMessage: "The store is away for a moment."};
        await page.route(address, (route) =>
            route.fulfill({status: 503, contentType: "application/json", body: JSON.stringify(refused)}));
        if (list === "mine") {
            // What was told needs no read; a page that is loaded anew reads everything.
            await page.reload();
        }
        const alert = page.getByRole("tabpanel").getByRole("alert");
        await expect(alert).toContainText("The list could not be read. The store is away for a moment.");
        if (list === "queues") {
            await expect(row).toBeVisible();
        }
        await person.isAccessible();
        await page.unroute(address);
        await alert.getByRole("button", {name: "Try again"}).click();
        await expect(alert).toHaveCount(0, {timeout: 3_000});
        await expect(row).toBeVisible();
        await ann.does("disconnect");
        await over({person, page}, tom);
    });
}
