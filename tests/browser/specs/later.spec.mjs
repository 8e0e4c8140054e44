// What waits for a time: a letter that can still be taken back, and work that comes back by itself.

import {goReady} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {answers, sent, writes} from "../lib/letters.mjs";

const expect = impatient.configure({timeout: 20_000});
const JONAS = "jonas@falk.example";

test("a letter is taken back by a key while it waits, and goes out once when nobody does", async ({person, page, program}) => {
    await goReady(person, page);
    const before = (await sent(program)).length;
    await writes(program.origin, {subject: "Invoice 9", text: "Hello"});
    const {option, draft, box} = await answers(page, JONAS);
    await page.keyboard.type("with a slip");
    await box.press("Control+Enter");
    const told = (words) => page.locator("[aria-live=polite]").getByText(words);
    const undo = page.getByRole("button", {name: "Undo"});
    // It is told for two seconds.
    await expect(told(/Undo: Shift\+F2\.$/)).toBeVisible();
    await expect(undo).toBeVisible();
    await expect(page.getByText(/^Goes out in \d+ s$/)).toBeVisible();
    await person.isAccessible();
    await page.keyboard.press("Shift+F2");
    await expect(told("It was taken back and is a draft again.")).toBeVisible();
    await expect(undo).toHaveCount(0);
    await expect(box).toHaveText(/with a slip/);
    await box.press("Control+End");
    await page.keyboard.type(", mended");
    await box.press("Control+Enter");
    await expect(undo).toBeVisible();
    await expect(draft).toHaveCount(0);
    // Nothing of the wait is the page's.
    await page.reload();
    await expect(undo).toBeVisible();
    expect((await sent(program)).length).toBe(before);
    await expect.poll(async () => (await sent(program)).length).toBe(before + 1);
    await expect(undo).toHaveCount(0);
    expect((await sent(program)).at(-1)).toContain("mended");

    // The letter that it answered is put aside until a time.
    await option.click({button: "right"});
    await page.getByRole("menu").getByRole("menuitem", {name: /^Park/}).click();
    const dialog = page.getByRole("dialog", {name: "Park"});
    await dialog.getByLabel("Comes back").selectOption("At a time of your own");
    await expect(dialog.getByRole("button", {name: "Park"})).toHaveAttribute("aria-disabled", "true");
    await person.isAccessible();
    await dialog.getByLabel("Comes back").selectOption("In an hour");
    await dialog.getByRole("button", {name: "Park"}).click();
    await expect(dialog).toHaveCount(0);
    await page.getByRole("tab", {name: /^Parked/}).click();
    await expect(option).toContainText(/back /);
});
