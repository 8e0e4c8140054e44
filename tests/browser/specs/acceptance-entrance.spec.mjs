// What the desk was built to, line by line: signing in, and the first minute (A01 to A06). Times
// with a limit are taken as often as HANDOFF_TIMES says, and printed.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {expect as impatient, Person, test} from "../lib/desk.mjs";
import {fromKey, measured} from "../lib/times.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

test("A01 before anybody is in, the name has the focus and there is one way on", async ({person, page}) => {
    await person.visit();
    await expect(person.userName).toBeFocused();
    const form = page.locator("form", {has: person.userName});
    await expect(form.getByRole("button")).toHaveText([/Show/, /^Sign in$/]);
});

test("A02 a wrong password is said once, and the name stays", async ({person, page}) => {
    await person.signIn("kate", "no");
    await expect(page.getByRole("alert")).toHaveText("User name or password is wrong.");
    await expect(person.userName).toHaveValue("kate");
    await expect(person.password).toHaveValue("");
    await expect(person.password).toBeFocused();
});

test("A03 an account of the demo is at its desk by one press", async ({browser, program}) => {
    await measured("A03 press on Kate to the desk", 1_000, async () => {
        const context = await browser.newContext({locale: "en-GB"});
        const page = await context.newPage();
        const person = new Person(page, program.origin);
        await person.visit();
        await page.getByRole("button", {name: "Kate Agent in Support"}).focus();
        const greeting = page.getByRole("heading", {name: /^Good \w+, Kate$/});
        const isNotReady = page.getByRole("button", {name: /^Your state: Not ready/});
        const took = await fromKey(page, "Enter", async () =>
            await isNotReady.isVisible() && await greeting.isVisible());
        await context.close();
        return took;
    });
});

test("A04 going Ready is shown at once, and true", async ({person, page}) => {
    await person.signIn();
    const button = page.getByRole("button", {name: "Go Ready"});
    const isReady = page.getByRole("button", {name: /^Your state: Ready/});
    await measured("A04 Go Ready to Ready", 300, async () => {
        await button.focus();
        const took = await fromKey(page, "Enter", () => isReady.isVisible());
        const {channels} = await person.reads("/me/channels?fields=*");
        const states = channels.map(({channel, userState}) => [channel, userState.state]).sort();
        const all = ["chat", "email", "workitem"];
        expect(states).toEqual(all.map((channel) => [channel, "Ready"]));
        await person.does("/me", {operationName: "NotReady"});
        await expect(button).toBeVisible();
        return took;
    });
});

// That Sam and Ada find the others there comes with those places.
test("A05 who has one place is shown no choice of places, and other places say for whom they are", async ({person, page}) => {
    await person.signIn();
    await expect(person.state).toBeVisible();
    await expect(page.getByRole("navigation", {name: "Places"})).toHaveCount(0);
    await person.visit("/admin/users");
    await expect(page.getByRole("heading", {name: "This is for administrators."})).toBeVisible();
    await expect(page.getByRole("table")).toHaveCount(0);
    await person.visit("/supervise/now");
    await expect(page.getByRole("heading", {name: "This is for supervisors."})).toBeVisible();
    await page.context().clearCookies();
    await person.signIn("ada");
    await expect(page.getByRole("navigation", {name: "Places"}).getByRole("link")).toHaveText("Admin");
    await person.visit("/admin");
    await expect(page.getByRole("table", {name: "Users"})).toBeVisible();
});

test("A06 whoever goes back after signing out sees nothing of a customer", async ({person, page, program}) => {
    const customer = new Customer(program.origin, "Annegret");
    await goReady(person, page);
    await customer.begin("Parcel not arrived");
    await customer.says("It should be here");
    await take(page, "Annegret");
    const body = page.locator("body");
    for (const text of ["Annegret", "Parcel not arrived", "It should be here"]) {
        await expect(body).toContainText(text);
    }
    await person.state.press("Enter");
    await page.getByRole("menuitem", {name: "Sign out"}).press("Enter");
    await expect(page).toHaveURL(/\/sign-in$/);
    await page.goBack();
    await expect(person.userName).toBeVisible();
    for (const text of ["Annegret", "Parcel not arrived", "It should be here", "Kate Lund"]) {
        await expect(body).not.toContainText(text);
    }
    await customer.does("disconnect");
    await person.does(`/me/interactions/${customer.chat}`, {operationName: "Complete"});
});
