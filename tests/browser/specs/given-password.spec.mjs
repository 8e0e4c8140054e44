// A password that an admin gave: it opens the desk once another one is chosen, on the page to sign in and over the desk.

import {expect as impatient, test} from "../lib/desk.mjs";

const expect = impatient.configure({timeout: 20_000});

const [GIVEN, OWN, AGAIN, LAST] = ["given by ada 1", "a word of my own", "given by ada 2", "another of my own"];

test("whoever was given a password chooses one of their own before anything else", async ({page, person, program}) => {
    const {id} = await person.does("/users", {userName: "lea", firstName: "Lea", password: GIVEN,
        changePasswordOnFirstLogin: true, roles: ["ROLE_AGENT"]}, "ada");
    const next = page.getByLabel("New password", {exact: true});
    const given = page.getByLabel("Password that you were given", {exact: true});
    const goOn = page.getByRole("button", {name: "Save and continue"});

    await person.signIn("lea", GIVEN);
    await expect(page.getByRole("heading", {name: "Choose a new password"})).toBeVisible();
    await expect(next).toBeFocused();
    await expect(given).toHaveCount(0);
    await person.isAccessible();
    await goOn.press("Enter");
    await expect(goOn).toHaveAccessibleDescription("A new password is needed.");
    await next.fill("short");
    await next.press("Enter");
    await expect(page.getByRole("alert").filter({hasText: "fewer than 10 characters"})).toBeVisible();
    await expect(next).toBeFocused();
    await expect(next).toHaveAttribute("aria-invalid", "true");
    await expect(next).toHaveValue("short");

    // Another tab or a reload knows nothing of what was typed.
    await page.goto(`${program.origin}/desk/queues`);
    await expect(given).toBeFocused();
    await given.fill(GIVEN);
    await next.fill(OWN);
    await next.press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await expect(page).toHaveURL(/\/desk\/queues$/);

    // While they are at work an admin gives them another one.
    await person.puts(`/users/${id}`, {password: AGAIN, changePasswordOnFirstLogin: true}, "ada");
    const dialog = page.getByRole("dialog", {name: "Please sign in again"});
    await dialog.getByLabel("Password", {exact: true}).fill(AGAIN);
    await page.keyboard.press("Enter");
    const choosing = page.getByRole("dialog", {name: "Choose a new password"});
    await expect(choosing).toBeVisible();
    await expect(next).toBeFocused();
    await person.isAccessible();
    await next.fill(LAST);
    await next.press("Enter");
    await expect(choosing).toHaveCount(0);
    await expect(person.state).toHaveAccessibleName(/^Your state: (Not ready|Ready)/);
    await page.reload();
    await expect(person.state).toHaveAccessibleName(/^Your state: (Not ready|Ready)/);
});

test("whoever does not want to choose can leave", async ({page, person}) => {
    await person.does("/users", {userName: "tom", password: GIVEN, changePasswordOnFirstLogin: true,
        roles: ["ROLE_AGENT"]}, "ada");
    await person.signIn("tom", GIVEN);
    await page.getByRole("button", {name: "Sign out"}).click();
    await expect(person.userName).toBeFocused();
});
