// What admins do when a customer asks to be erased, and before they change how a queue is served.
// HANDOFF_PICTURES names a directory for a picture of each.

import {admining, expect, looksAt} from "../lib/admin.mjs";
import {Customer} from "../lib/at-work.mjs";

admining("a customer is found, looked at and erased for good, and a queue is tried before it is saved", async ({admin, page, person, program}) => {
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived", {emailAddress: "ann.berg@falk.example"});
    await ann.says("Where is it?");

    // What would have come to what: the unsaved form counts, and nothing is saved.
    await admin.opens("Queues", "support-chat");
    await page.getByRole("button", {name: "Ask", exact: true}).press("Enter");
    const tried = page.getByRole("table", {name: "support-chat"});
    await expect(tried.getByRole("row", {name: /^Waited/})).toContainText("1");
    await admin.field("Asked again after, in seconds").fill("x");
    await expect(page.getByRole("button", {name: "Ask", exact: true})).toHaveAccessibleDescription("Something in the form is to be corrected first.");
    await admin.field("Asked again after, in seconds").fill("77");
    await expect(page.getByText("The form has changed since; ask again.")).toBeVisible();
    const asked = page.waitForRequest("**/system/routing/what-if");
    await page.getByRole("button", {name: "Ask", exact: true}).press("Enter");
    expect((await asked).postDataJSON().queues).toEqual([{id: expect.any(String), reofferAfter: 77}]);
    await expect(page.getByText("The form has changed since; ask again.")).toHaveCount(0);
    await looksAt(page, person, "what-if");
    await page.getByRole("button", {name: "Undo my changes"}).press("Enter");
    expect((await person.reads("/queues?fields=*&name=support-chat", "ada")).queues[0].reofferAfter).not.toBe(77);

    // Whoever is still in a chat is not erased.
    await page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Erasure"}).press("Enter");
    await page.getByRole("searchbox", {name: "Name, address or number"}).fill("nobody.at.all");
    await expect(page.getByText("Nothing has all of: nobody.at.all.")).toBeVisible();
    await page.getByRole("searchbox", {name: "Name, address or number"}).fill("ann.berg");
    await expect(page).toHaveURL(/search=ann\.berg/);
    const row = page.getByRole("main").getByRole("row").filter({hasText: "ann.berg@falk.example"});
    await looksAt(page, person, "erasure");
    await row.getByRole("link").press("Enter");
    await expect(page.getByText("1 interaction is not over. End them first:")).toBeVisible();
    await expect(page.getByRole("button", {name: "Erase…"})).toHaveCount(0);

    await ann.does("disconnect");
    await expect(async () => {
        await page.reload();
        await expect(page.getByRole("button", {name: "Erase…"})).toBeVisible({timeout: 1_000});
    }).toPass();
    const counts = page.getByRole("table", {name: "What there is"});
    await expect(counts.getByRole("row", {name: /^Interactions/})).toContainText("1");
    await page.getByRole("button", {name: "Erase…"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: /^Erase what is known of /});
    const erase = dialog.getByRole("button", {name: "Erase for good"});
    await expect(erase).toHaveAccessibleDescription("Say that you have checked who it is.");
    await looksAt(page, person, "erasure-asked");
    await dialog.getByRole("checkbox").press("Space");
    await erase.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(page.getByRole("main").getByRole("status")).toContainText("Nothing is known of them now.");
    await expect(page.getByText("This server made the receipt, and it was not changed.")).toBeVisible();
    await expect(page.getByLabel("Signature")).toHaveValue(/^[0-9a-f]{64}$/);
    await looksAt(page, person, "erasure-done");
    expect((await person.reads("/ucs/contacts?search=ann.berg&fields=*", "ada")).contacts).toEqual([]);
});
