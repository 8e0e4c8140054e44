// The admin pages about the contact center as a whole: webhooks, how long work is kept, who did what, and who is signed in.
// HANDOFF_PICTURES names a directory for a picture of each.

import {admining, expect, looksAt} from "../lib/admin.mjs";
import {Customer} from "../lib/at-work.mjs";
import {Person} from "../lib/desk.mjs";
import {Program} from "../lib/conversation-program.mjs";
import {Hook} from "../lib/hook.mjs";

/** By which variable an operator lets webhooks lead to this machine. */
const ALLOWED = "HANDOFF__WEBHOOKS__ALLOW_PRIVATE";

const hooking = admining.extend({
    hook: async ({}, use) => {
        const hook = await Hook.start();
        await use(hook);
        hook.stop();
    },
    program: async ({}, use) => {
        process.env[ALLOWED] = "127.0.0.0/8";
        const program = await Program.start();
        delete process.env[ALLOWED];
        await use(program);
        await program.remove();
    },
});

hooking("a webhook is made, tried, looked at, sent again what happened, and removed", async ({admin, hook, page, person, program}) => {
    await admin.opens("Webhooks", "New webhook");
    await page.getByRole("button", {name: "Create"}).press("Enter");
    await expect(admin.summary).toBeFocused();
    await expect(admin.summary.getByRole("link")).toHaveCount(2);
    await admin.field("Name").fill("crm");
    await admin.field("Address that is told").fill("ftp://127.0.0.1/hook");
    await page.getByRole("button", {name: "Create"}).press("Enter");
    await expect(admin.field("Address that is told")).toHaveAttribute("aria-invalid", "true");
    await admin.field("Address that is told").fill(hook.address);
    await page.getByRole("button", {name: "Create"}).press("Enter");
    const secret = page.getByLabel("Secret with which it is signed");
    await expect(secret).toBeFocused();
    await expect(secret).toHaveValue(/^whsec_/);
    const said = await person.hears("#say");

    await page.getByRole("button", {name: "Send a test"}).press("Enter");
    const deliveries = page.getByRole("table", {name: "Last deliveries"});
    await expect(deliveries.getByRole("row").filter({hasText: "webhook.test"})).toContainText("Delivered");
    await expect.poll(said).toContain("The test: Delivered.");
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived");
    await expect.poll(() => hook.times("interaction.opened")).toBe(1);
    const opened = deliveries.getByRole("row").filter({hasText: "interaction.opened"});
    // It is listed once its answer is known.
    const shows = (row, words) => expect(async () => {
        await page.getByRole("button", {name: "Read again"}).press("Enter");
        await expect(row).toContainText(words, {timeout: 1_000});
    }).toPass();
    await shows(opened, "204");
    await looksAt(page, person, "webhooks-form");

    // All of one delivery, and what happened from there on once more, under the same ids.
    const details = opened.getByRole("button", {name: "Details of interaction.opened"});
    await details.press("Enter");
    const dialog = page.getByRole("dialog", {name: "Details of interaction.opened"});
    const id = hook.told.find(({type}) => type === "interaction.opened").id;
    await expect(dialog).toContainText(id);
    await expect(dialog).toContainText(ann.chat);
    await looksAt(page, person, "webhooks-delivery");
    await dialog.getByRole("button", {name: "Send again from here on"}).press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(details).toBeFocused();
    await expect.poll(() => hook.told.filter((one) => one.id === id).length).toBe(2);
    const tested = deliveries.getByRole("button", {name: "Details of webhook.test"});
    await tested.press("Enter");
    await expect(page.getByRole("dialog").getByRole("button", {name: "Send again from here on"})).toHaveCount(0);
    await page.keyboard.press("Escape");

    // From a time on; one that the server refuses says why.
    await page.getByRole("button", {name: "Send again", exact: true}).press("Enter");
    const since = page.getByRole("dialog", {name: "Send again what happened?"});
    const again = since.getByRole("button", {name: "Send again"});
    await expect(again).toHaveAccessibleDescription("A day and a time are needed.");
    const refused = {statusCode: 2, statusMessage: "The log is kept from position 7 to 9; give one of these."};
    await page.route("**/api/v2/webhooks/*", (route) => route.fulfill({status: 409, contentType: "application/json", body: JSON.stringify(refused)}));
    await since.getByLabel("From this time on").fill("1999-01-01T00:00");
    await again.press("Enter");
    await expect(since.getByRole("alert")).toHaveText(refused.statusMessage);
    await page.unroute("**/api/v2/webhooks/*");
    await looksAt(page, person, "webhooks-replay");
    const anHourAgo = await page.evaluate(() => {
        const then = new Date(Date.now() - 3_600_000);
        return new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    });
    await since.getByLabel("From this time on").fill(anHourAgo);
    await again.press("Enter");
    await expect(since).toHaveCount(0);
    await expect.poll(() => hook.told.filter((one) => one.id === id).length).toBe(3);

    // Whoever answers wrongly is shown as failed.
    hook.status = 500;
    await ann.says("Where is it?");
    await expect.poll(() => hook.times("interaction.said")).toBeGreaterThan(0);
    const failed = deliveries.getByRole("row").filter({hasText: "Failed"}).first();
    await shows(failed, "500");
    await failed.getByRole("button").press("Enter");
    await expect(page.getByRole("dialog")).toContainText("Next attempt");
    await page.keyboard.press("Escape");

    // Two secrets are good at a time, and a third only in place of one that is lost.
    for (const isLost of [false, true]) {
        await page.getByRole("button", {name: "New secret"}).press("Enter");
        const asked = page.getByRole("dialog", {name: "Make a new secret?"});
        await asked.getByRole("button", {name: "New secret"}).press("Enter");
        if (isLost) {
            await asked.getByRole("checkbox").press("Space");
            await asked.getByRole("button", {name: "New secret"}).press("Enter");
        }
        await expect(asked).toHaveCount(0);
        await expect(secret).toBeFocused();
    }

    // Another admin was faster.
    const path = `/webhooks/${await admin.idOf("webhooks", "name", "crm")}`;
    await person.puts(path, {events: ["interaction.opened"]}, "ada");
    await admin.field("Name").fill("customers");
    await admin.save.press("Enter");
    await expect(page.getByRole("alert").filter({hasText: "ada"})).toBeFocused();
    await page.getByRole("button", {name: "See the difference"}).press("Enter");
    await expect(page.getByRole("row", {name: /Of what it is told/})).toContainText("interaction.opened");
    await page.getByRole("button", {name: "Save mine over it"}).press("Enter");
    await expect(page.getByRole("heading", {level: 1, name: "customers"})).toBeVisible();
    expect((await person.reads(path, "ada")).webhook).toMatchObject({name: "customers", events: ["interaction.opened"]});

    await page.getByRole("button", {name: "Delete"}).press("Enter");
    await page.getByRole("dialog", {name: "Delete customers?"}).getByRole("button", {name: "Delete"}).press("Enter");
    await expect(page).toHaveURL(/\/admin\/webhooks$/);
    await expect(page.getByRole("link", {name: "customers"})).toHaveCount(0);
    await looksAt(page, person, "webhooks-none");
    await ann.does("disconnect");
});

admining("how long work is kept is said by channel, and nothing goes unasked", async ({admin, page, person}) => {
    await page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Retention"}).press("Enter");
    await expect(page.getByRole("heading", {level: 1, name: "Retention"})).toBeVisible();
    const [chats, letters] = ["Chats are kept, in days", "E-mails are kept, in days"].map((name) => admin.field(name));
    const asked = page.getByRole("dialog", {name: "Keep work for a shorter time?"});
    const kept = async () => (await person.reads("/settings/retention", "ada")).retention;
    await expect(admin.save).toHaveAccessibleDescription("Nothing is changed.");
    await chats.fill("2");
    await chats.press("Enter");
    await expect(admin.summary).toBeFocused();
    await admin.summary.getByRole("link").press("Enter");
    await expect(chats).toBeFocused();
    await expect(chats).toHaveAccessibleDescription(/From 3 to 36500 days, or nothing\./);
    await looksAt(page, person, "retention-wrong");
    await chats.fill("365");
    await chats.press("Enter");
    // It was for good until now.
    await looksAt(page, person, "retention-shorter");
    await asked.getByRole("button", {name: "Cancel"}).press("Enter");
    expect(await kept()).toEqual({});
    await admin.save.press("Enter");
    await asked.getByRole("button", {name: "Save changes"}).press("Enter");
    await expect(admin.save).toHaveAccessibleDescription("Nothing is changed.");
    expect(await kept()).toEqual({chat: 31_536_000});

    // Another admin was faster; a longer time is saved without a question.
    await person.puts("/settings/retention", {retention: {chat: 31_536_000, workitem: 864_000}}, "ada");
    await chats.fill("400");
    await admin.save.press("Enter");
    await expect(page.getByRole("alert").filter({hasText: "Somebody else changed this"})).toBeFocused();
    await page.getByRole("button", {name: "See the difference"}).press("Enter");
    await expect(page.getByRole("row", {name: /Work items are kept/})).toContainText("10");
    await page.getByRole("button", {name: "Save mine over it"}).press("Enter");
    await expect(admin.field("Work items are kept, in days")).toHaveValue("10");
    expect(await kept()).toEqual({chat: 34_560_000, workitem: 864_000});

    // What is not saved is not left unasked.
    await letters.fill("90");
    await page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Changes"}).press("Enter");
    await page.getByRole("dialog").getByRole("button", {name: "Stay here"}).press("Enter");
    await page.getByRole("button", {name: "Undo my changes"}).press("Enter");
    await expect(letters).toHaveValue("");
    await page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Changes"}).press("Enter");
    await page.getByRole("row").filter({hasText: "Retention"}).first().getByRole("link").press("Enter");
    await expect(chats).toHaveValue("400");
});

admining("what admins did is found by who, what and when, and leads to what it was done to", async ({admin, page, person}) => {
    const group = await person.does("/groups", {name: "Nordic"}, "ada");
    await person.puts(`/groups/${group.id}`, {name: "Northern"}, "ada");
    await page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Changes"}).press("Enter");
    const table = page.getByRole("table", {name: "Changes"});
    const rows = table.getByRole("rowgroup").nth(1).getByRole("row");
    await expect(rows.first()).toBeVisible();
    const said = await person.hears("#say");
    await page.getByLabel("What", {exact: true}).selectOption({label: "Changed"});
    await expect(page).toHaveURL(/action=Changed/);
    await expect(rows.first()).toContainText("Northern");
    await expect(rows.first()).toContainText("Name");
    await expect.poll(() => said()).toContainEqual(expect.stringMatching(/^\d+ results?$/));
    await page.getByLabel("Who", {exact: true}).selectOption({label: "Kate Lund"});
    await expect(page.getByText("Nothing was found.")).toBeVisible();
    await looksAt(page, person, "changes-none");
    await page.getByLabel("Who", {exact: true}).selectOption({label: "Ada Weiss"});
    await expect(rows.first()).toContainText("ada");
    await page.getByLabel("What", {exact: true}).selectOption("");
    await expect(rows.filter({hasText: "Nordic"})).toContainText("Added");
    await looksAt(page, person, "changes");
    await page.reload();
    await expect(page.getByLabel("Who", {exact: true})).toHaveValue(/./);
    await rows.filter({hasText: "Northern"}).first().getByRole("link").press("Enter");
    await expect(page.getByRole("heading", {level: 1, name: "Northern"})).toBeVisible();
    await page.getByRole("link", {name: "Changes"}).last().press("Enter");
    await expect(rows).toHaveCount(2);

    // What cannot be read says so and keeps what is there.
    const address = "**/api/v2/audit?*";
    const refused = {statusCode: 4, statusMessage: "The store is away for a moment."};
    await page.route(address, (route) => route.fulfill({status: 503, contentType: "application/json", body: JSON.stringify(refused)}));
    await page.getByLabel("What", {exact: true}).selectOption({label: "Added"});
    const alert = page.getByRole("main").getByRole("alert");
    await expect(alert).toContainText("The store is away for a moment.");
    await expect(rows).toHaveCount(2);
    await page.unroute(address);
    await alert.getByRole("button", {name: "Try again"}).press("Enter");
    await expect(rows).toHaveCount(1);
    expect(await admin.idOf("groups", "name", "Northern")).toBe(group.id);
});

admining("an admin sees where somebody is signed in and by which tokens, and ends them", async ({admin, browser, page, person, program}) => {
    const context = await browser.newContext();
    const kate = new Person(await context.newPage(), program.origin);
    await kate.signIn("kate");
    await expect(kate.state).toHaveAccessibleName(/^Your state: /);
    const {token} = await person.does("/me/tokens", {name: "crm", scopes: ["read"]}, "kate");
    const reads = async () => (await fetch(`${program.origin}/api/v2/me`, {headers: {authorization: `Bearer ${token}`}})).status;
    expect(await reads()).toBe(200);

    await admin.opens("Users", "Kate Lund");
    await page.getByRole("button", {name: "Sign-ins and tokens"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "Sign-ins and tokens of Kate Lund"});
    const tokens = dialog.getByRole("region", {name: "Tokens"});
    await expect(tokens.getByRole("listitem")).toContainText("crm");
    await expect(dialog.getByRole("region", {name: "Second factor"})).toContainText("It is off.");
    await looksAt(page, person, "access");
    await tokens.getByRole("button", {name: "Remove the token crm"}).press("Enter");
    await page.getByRole("dialog", {name: "Remove the token crm"}).getByRole("button", {name: "Remove"}).press("Enter");
    await expect(tokens.getByRole("listitem")).toHaveCount(0);
    expect(await reads()).toBe(401);

    // A new one is shown this once, by keys alone; another of its name is refused.
    for (const isOther of [false, true]) {
        await tokens.getByRole("button", {name: "New token"}).press("Enter");
        await expect(tokens.getByLabel("What it is for")).toBeFocused();
        await page.keyboard.type("reports");
        await tokens.getByRole("checkbox", {name: "Read"}).press("Space");
        await expect(tokens.getByRole("button", {name: "Make the token"})).toHaveAccessibleDescription("Choose what it may do.");
        await tokens.getByRole("checkbox", {name: "Read"}).press("Space");
        await tokens.getByRole("button", {name: "Make the token"}).press("Enter");
        if (isOther) {
            await expect(tokens.getByRole("alert")).not.toBeEmpty();
            await tokens.getByRole("button", {name: "Cancel"}).press("Enter");
        } else {
            await expect(tokens.getByLabel("The new token")).toBeFocused();
            await expect(tokens.getByLabel("The new token")).toHaveValue(/^hnd_/);
        }
    }
    await looksAt(page, person, "access-token");

    const sessions = dialog.getByRole("region", {name: "Signed in with"});
    await sessions.getByRole("button", {name: /^Sign out/}).first().press("Enter");
    await page.getByRole("dialog", {name: /^Sign out/}).getByRole("button", {name: "Sign out"}).press("Enter");
    await expect(sessions.getByRole("listitem")).toHaveCount(0);
    await expect(kate.page.getByRole("dialog", {name: "Please sign in again"})).toBeVisible();
    await context.close();
});
