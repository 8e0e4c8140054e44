// The admin pages about the contact center as a whole: how long work is kept.
// HANDOFF_PICTURES names a directory for a picture of each.

import {admining, expect, looksAt} from "../lib/admin.mjs";

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
