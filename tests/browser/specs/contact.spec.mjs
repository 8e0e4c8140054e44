// What is known of a customer: shown beside what was said, written down, and never written over unread.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

/** A letter of somebody who has not written before is Kate's; gives what is known of them. */
async function opened({person, page, program}, name) {
    await goReady(person, page);
    await new Customer(program.origin, name).writesLetter("Invoice 2031", "I was charged twice.");
    await take(page, `${name} Falk`);
    const details = page.getByRole("complementary", {name: "Details"});
    const contact = details.getByRole("region", {name: "Contact"});
    await expect(contact.getByRole("button", {name: "Edit"})).toBeVisible();
    const found = await person.reads(`/ucs/contacts?fields=*&search=${name.toLowerCase()}@falk`);
    return {contact, path: found.contacts[0].path};
}

test("what is known is written down, and told with the time there", async ({person, page, program}) => {
    const {contact, path} = await opened({person, page, program}, "Jonas");
    await expect(contact).toContainText("Jonas Falk");
    await expect(contact.getByRole("definition")).toHaveText(["jonas@falk.example"]);

    await contact.getByRole("button", {name: "Edit"}).press("Enter");
    await expect(contact.getByLabel("First name")).toBeFocused();
    await expect(contact.getByLabel("First name")).toHaveValue("Jonas");
    await expect(contact.getByLabel("Last name")).toHaveValue("Falk");
    await contact.getByLabel("Telephone").fill("+45 12 34\n77");
    await contact.getByLabel("Language").selectOption({label: "Danish"});
    await contact.getByLabel("Time zone").selectOption("Asia/Tokyo");
    await person.isAccessible();
    // Esc closes it, and keeps what was typed: over another row, a fold and a reload.
    await page.keyboard.press("Escape");
    await expect(contact.getByLabel("Telephone")).toHaveCount(0);
    await expect(contact.getByRole("button", {name: "Edit"})).toBeFocused();
    expect((await person.reads(path)).contact.version).toBe(0);
    const kept = async () => {
        await expect(contact.getByLabel("Telephone")).toHaveValue("+45 12 34\n77");
        await expect(contact.getByLabel("Time zone")).toHaveValue("Asia/Tokyo");
    };
    await contact.getByRole("button", {name: "Edit"}).press("Enter");
    await kept();
    const address = page.url();
    await page.goto(`${program.origin}/desk/parked`);
    await expect(contact).toHaveCount(0);
    await page.goto(address);
    await kept();
    await page.reload();
    await kept();
    await contact.getByRole("button", {name: "Contact"}).click();
    await expect(contact.getByLabel("Telephone")).toHaveCount(0);
    await contact.getByRole("button", {name: "Contact"}).click();
    await kept();
    await contact.getByRole("button", {name: "Cancel"}).click();
    await contact.getByRole("button", {name: "Edit"}).press("Enter");
    await expect(contact.getByLabel("Telephone")).toHaveValue("");

    // The network is gone at first: what was typed stays.
    await contact.getByLabel("Last name").fill("Falk Jensen");
    await contact.getByLabel("Telephone").fill("+45 12 34\n77");
    await contact.getByLabel("Language").selectOption({label: "Danish"});
    await contact.getByLabel("Time zone").selectOption("Asia/Tokyo");
    await page.route(`**/api/v2${path}`, (route) => route.abort());
    await contact.getByRole("button", {name: "Save"}).click();
    await expect(contact.getByRole("alert")).toHaveText("the server did not answer.");
    await expect(contact.getByLabel("Telephone")).toHaveValue("+45 12 34\n77");
    await page.unroute(`**/api/v2${path}`);
    await contact.getByRole("button", {name: "Save"}).click();

    await expect(contact.getByRole("button", {name: "Edit"})).toBeFocused();
    await expect(contact).toContainText("Jonas Falk Jensen");
    const told = contact.getByRole("definition");
    await expect(told).toHaveText(["jonas@falk.example", "+45 12 34", "77", "Danish", /^\d\d:\d\d, Tokyo$/]);
    const there = new Intl.DateTimeFormat("en-GB", {hour: "2-digit", timeZone: "Asia/Tokyo"}).format();
    await expect(told.last()).toHaveText(new RegExp(`^${there}:`));
    await person.isAccessible();
    await page.reload();
    await expect(contact).toContainText("Jonas Falk Jensen");
    await expect(told.nth(3)).toHaveText("Danish");
});

test("whoever is slower sees what the other wrote, and neither loses anything", async ({person, page, program}) => {
    const {contact, path} = await opened({person, page, program}, "Mia");
    await contact.getByRole("button", {name: "Edit"}).click();
    await contact.getByLabel("Telephone").fill("12 34");
    const sams = {version: 0, firstName: "Maria", lastName: "Falk", language: "de"};
    expect((await person.puts(path, sams, "sam")).statusCode).toBe(0);
    await contact.getByRole("button", {name: "Save"}).click();

    const alert = contact.getByRole("alert");
    await expect(alert).toContainText("Sam Baker changed this contact just now.");
    await expect(alert.getByRole("definition")).toHaveText(["Maria", "German"]);
    await expect(contact.getByLabel("Telephone")).toHaveValue("12 34");
    await person.isAccessible();
    await contact.getByRole("button", {name: "Keep mine"}).click();
    await expect(alert).toHaveCount(0);
    await expect(contact).toContainText("Maria Falk");
    await expect(contact.getByRole("definition")).toHaveText(["mia@falk.example", "12 34", "German"]);

    await contact.getByRole("button", {name: "Edit"}).click();
    await contact.getByLabel("First name").fill("Mimi");
    await contact.getByLabel("Telephone").fill("12 34\n56");
    await person.puts(path, {version: 2, firstName: "Mary"}, "sam");
    await contact.getByRole("button", {name: "Save"}).click();
    await contact.getByRole("button", {name: "Take theirs"}).click();
    await expect(contact.getByLabel("First name")).toHaveValue("Mary");
    await expect(contact.getByLabel("Telephone")).toHaveValue("12 34\n56");
    await contact.getByRole("button", {name: "Save"}).click();
    await expect(contact).toContainText("Mary Falk");
    expect((await person.reads(path)).contact).toMatchObject({version: 4, firstName: "Mary", phoneNumbers: ["12 34", "56"]});
});

/** What a finger needs, in px. */
const FINGER_PX = 44;

test.describe("on a phone", () => {
    test.use({viewport: {width: 390, height: 844}});

    test("what is pressed in the details is as high as a finger needs", async ({person, page, program}) => {
        await goReady(person, page);
        await new Customer(program.origin, "Pia").writesLetter("Invoice 2032", "And again.");
        await take(page, "Pia Falk");
        await page.getByRole("navigation", {name: "Parts of the desk"}).getByRole("link", {name: "Details"}).click();
        const contact = page.getByRole("region", {name: "Contact"});
        const heights = async () => {
            const found = page.locator("#details .button:visible, #details .field:visible");
            return found.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
        };
        const isHigh = async () => {
            const all = await heights();
            expect(all.length).toBeGreaterThan(2);
            expect(Math.min(...all)).toBeGreaterThanOrEqual(FINGER_PX);
        };
        await expect(contact.getByRole("button", {name: "Edit"})).toBeVisible();
        await isHigh();
        await contact.getByRole("button", {name: "Edit"}).click();
        await expect(contact.getByRole("button", {name: "Save"})).toBeVisible();
        await isHigh();
        await person.isAccessible();
    });
});
