// The agent's own state and account: reasons, offers that passed by, the password, the help.

import {goReady} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";

/** A machine with two cores runs two programs and two browsers at once. */
const expect = impatient.configure({timeout: 20_000});

const NEW = "correct horse battery";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default"});

const statesOf = async (person) => {
    const {channels} = await person.reads("/me/channels?fields=*");
    return channels.map(({userState: {state, reason}}) => (reason === undefined ? state : `${state}: ${reason}`));
};

test("Not ready has a reason, by menu, by name and in one's own words", async ({person, page}) => {
    await goReady(person, page);
    await person.state.press("Enter");
    await page.getByRole("menuitem", {name: "Lunch", exact: true}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready: Lunch, for /);
    expect(await statesOf(person)).toEqual(Array(3).fill("NotReady: Lunch"));
    await page.keyboard.press("F2");
    await page.keyboard.type("training");
    await page.keyboard.press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready: Training/);
    await person.state.press("Enter");
    await person.isAccessible();
    await page.getByRole("menuitem", {name: "Another reason"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "Not ready"});
    await expect(dialog.getByRole("textbox", {name: "Reason"})).toBeFocused();
    await person.isAccessible();
    await page.keyboard.type("Fire drill");
    await page.keyboard.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready: Fire drill/);
    await page.reload();
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready: Fire drill/);
    // What one has done oneself is not told, and what somebody else did is.
    await expect(page.locator("#say-now")).not.toHaveText(/Your state/);
    await person.does("/me", {operationName: "NotReady", reason: "Meeting"});
    await expect(page.locator("#say-now")).toHaveText("Your state was changed: Not ready: Meeting.");
});

test("whoever is set Not ready by offers that passed by is told, and goes Ready from there", async ({person, page}) => {
    await goReady(person, page);
    const strip = page.getByRole("region", {name: "Connection"});
    await expect(strip).toHaveCount(0);
    const heard = await person.hears("#say-now");
    // Three times 30 s are not waited for: it is the reason that the server sets.
    for (const channel of ["chat", "email"]) {
        await person.does(`/me/channels/${channel}`, {operationName: "NotReady", reason: "MissedOffers"});
    }
    await person.does("/me/channels/workitem", {operationName: "NotReady", reason: "Meeting"});
    await expect(strip).toContainText("Offers passed you by, so you were set to Not ready.");
    await expect.poll(heard).toContainEqual(expect.stringContaining("Offers passed you by"));
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready, for /);
    await person.isAccessible();
    await strip.getByRole("button", {name: "Go Ready"}).press("Enter");
    await expect(strip).toHaveCount(0);
    const states = await statesOf(person);
    expect(states.sort()).toEqual(["NotReady: Meeting", "Ready", "Ready"]);
});

test("a new password is refused at its field, and counts from then on here and nowhere before", async ({person, page}) => {
    await person.signIn("mia");
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await page.getByRole("button", {name: /^Mia Novak: /}).press("Enter");
    await page.getByRole("menuitem", {name: "Change password"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "Change password"});
    const present = dialog.getByLabel("Present password");
    const next = dialog.getByLabel("New password");
    await expect(present).toBeFocused();
    await expect(next).toHaveAccessibleDescription(/At least 10 characters/);
    await person.isAccessible();
    const tries = async (old, fresh) => {
        await present.fill(old);
        await next.fill(fresh);
        await next.press("Enter");
    };
    await tries("handoff-demo", "short");
    await expect(next).toHaveAttribute("aria-invalid", "true");
    await expect(next).toHaveAccessibleDescription(/has fewer than 10 characters/);
    await expect(next).toBeFocused();
    await tries("handoff-demo", "Password2026!");
    await expect(next).toHaveAccessibleDescription(/tried first/);
    await tries("wrong one", NEW);
    await expect(present).toHaveAccessibleDescription(/is not your password/);
    await expect(present).toBeFocused();
    await person.isAccessible();
    await tries("handoff-demo", NEW);
    await expect(dialog).toContainText("Your password is changed.");
    await expect(dialog.getByRole("button", {name: "Close"}).first()).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(dialog).toHaveCount(0);
    // The page goes on: it can do something, and nobody is asked to sign in.
    await person.state.press("Enter");
    await page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);
    await page.waitForTimeout(3_000);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(page.getByRole("alert").filter({hasText: "No connection"})).toHaveCount(0);
    await page.reload();
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);
    const statusBy = async (word) => {
        const authorization = `Basic ${Buffer.from(`mia:${word}`).toString("base64")}`;
        return (await fetch(`${person.origin}/api/v2/me`, {headers: {authorization}})).status;
    };
    expect([await statusBy("handoff-demo"), await statusBy(NEW)]).toEqual([401, 200]);
});

test("the help is there before and after one is in", async ({person, page}) => {
    await person.visit();
    await page.getByRole("button", {name: "Help"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "Help"});
    await expect(dialog.getByRole("heading", {name: "Nothing is lost"})).toBeVisible();
    await person.isAccessible();
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/ready/i);
    await page.keyboard.press("F2");
    await page.keyboard.type("help");
    await page.keyboard.press("Enter");
    await expect(dialog.getByRole("heading", {name: "Getting work"})).toBeVisible();
});
