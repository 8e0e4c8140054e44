// Signing in by a provider: there and back, and what is said of whom it does not know.

import {expect as impatient, Person, test as base} from "../lib/desk.mjs";
import {startIssuer} from "../lib/issuer.mjs";
import {OwnCenter} from "../lib/own-center.mjs";

const expect = impatient.configure({timeout: 20_000});

const PEOPLE = {
    Nick: {email: "nick@shop.example", email_verified: true},
    Stranger: {email: "stranger@shop.example", email_verified: true},
};

const config = (issuer) => `
[[sign_in.provider]]
name = "shop"
label = "Shop login"
issuer = "${issuer}"
client_id = "handoff"
allow_private = ["127.0.0.1"]
`;

const test = base.extend({
    program: async ({}, use) => {
        const issuer = await startIssuer(PEOPLE);
        const center = await OwnCenter.start("", config(issuer.url));
        await use(center);
        await center.remove();
        issuer.close();
    },
});

test("somebody signs in by a provider, and is told when it names nobody here", async ({page, program}) => {
    // It is not this page alone that is asked, as it is elsewhere.
    const person = new Person(page, program.origin);
    const button = page.getByRole("link", {name: "Sign in with Shop login"});
    await person.visit();
    await expect(button).toBeVisible();
    await person.isAccessible();
    await button.click();
    await page.getByRole("link", {name: "Stranger"}).click();
    await expect(page).toHaveURL(/\/sign-in\?failed=no-account$/);
    await expect(page.getByRole("alert").filter({hasText: "You have no account here"})).toBeVisible();
    await person.isAccessible();
    await button.click();
    await page.getByRole("link", {name: "Nick"}).click();
    await expect(person.state).toHaveAccessibleName(/^Your state: /);
    await expect(page).not.toHaveURL(/sign-in/);
    await page.reload();
    await expect(person.state).toHaveAccessibleName(/^Your state: /);
});
