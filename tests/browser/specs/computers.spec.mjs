// One agent at two computers, and two agents in one chat: what one does, the other sees.

import {chatting, Customer, goReady, over, take} from "../lib/at-work.mjs";
import {expect as impatient, Person, test} from "../lib/desk.mjs";
import {answers, writes} from "../lib/letters.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

const boxOf = (page, name) => page.getByRole("textbox", {name: `Message to ${name}`});
const articleOf = (page, name) => page.getByRole("article", {name, exact: true});

/** Another computer, with nothing in its browser, at which somebody signs in. */
async function elsewhere(browser, origin, name = "kate") {
    const context = await browser.newContext({locale: "en-GB"});
    const page = await context.newPage();
    const person = new Person(page, origin);
    await person.signIn(name);
    await expect(person.state).toHaveAccessibleName(/^Your state: (Not ready|Ready)/);
    return {context, page, person};
}

test("both computers show an offer, and once it is taken at one both have the chat", async ({browser, person, page, program}) => {
    await goReady(person, page);
    const other = await elsewhere(browser, program.origin);
    await expect(other.person.state).toHaveAccessibleName(/^Your state: Ready/);
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived");
    await expect(articleOf(other.page, "Ann")).toBeVisible();
    await take(page, "Ann");
    await expect(boxOf(page, "Ann")).toBeFocused();
    await expect(articleOf(other.page, "Ann")).toHaveCount(0);
    // Taken by oneself is not missed.
    await expect(other.page.getByRole("button", {name: "Dismiss"})).toHaveCount(0);
    await other.page.getByRole("option", {name: /Ann/}).click();
    await expect(boxOf(other.page, "Ann")).toBeVisible();
    await ann.says("Where is it?");
    await boxOf(page, "Ann").fill("I look for it.");
    await boxOf(page, "Ann").press("Enter");
    await boxOf(other.page, "Ann").fill("It comes tomorrow.");
    await boxOf(other.page, "Ann").press("Enter");
    for (const {page: one} of [{page}, other]) {
        for (const words of ["Where is it?", "I look for it.", "It comes tomorrow."]) {
            await expect(one.getByRole("log").getByText(words, {exact: true})).toHaveCount(1);
        }
    }
    expect(await ann.reads()).toEqual(["Where is it?", "I look for it.", "It comes tomorrow."]);
    await ann.does("disconnect");
    await expect(page.getByText("The chat is over.")).toBeVisible();
    await expect(other.page.getByText("The chat is over.")).toBeVisible();
    await page.getByRole("button", {name: "Complete"}).click();
    await expect(other.page.getByRole("option", {name: /Ann/})).toHaveCount(0);
    await other.context.close();
});

test("state, settings, how far one has read and what is half written are the same at both", async ({browser, person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const other = await elsewhere(browser, program.origin);
    await other.page.getByRole("option", {name: /Ann/}).click();
    await page.keyboard.type("half a sentence");
    await expect(boxOf(other.page, "Ann")).toHaveValue("half a sentence");
    await boxOf(other.page, "Ann").fill("");
    await expect(boxOf(page, "Ann")).toHaveValue("");

    await other.person.state.press("Enter");
    await other.page.getByRole("menuitem", {name: "Not ready", exact: true}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await other.person.state.press("Enter");
    await other.page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);

    await other.page.goto(`${program.origin}/settings`);
    await other.page.getByRole("radio", {name: "Compact"}).press("Space");
    await expect(page.locator("html")).toHaveAttribute("data-density", "compact");
    await other.page.getByRole("radio", {name: "Comfortable"}).press("Space");
    await expect(page.locator("html")).toHaveAttribute("data-density", "comfortable");

    // What was read here is not new there.
    await ann.says("read here");
    await expect(page.getByRole("log").getByText("read here")).toBeVisible();
    const read = async () => {
        const {interactions} = await person.reads("/me/interactions?fields=*");
        return interactions.find(({id}) => id === ann.chat).read?.unread;
    };
    await expect.poll(read).toBe(0);
    await page.goto(`${program.origin}/desk/parked`);
    await ann.says("not read anywhere");
    await expect.poll(read).toBe(1);
    await other.page.goto(`${program.origin}/desk/mine/${ann.chat}`);
    const log = other.page.getByRole("log");
    await expect(log.getByText("not read anywhere")).toBeVisible();
    const texts = await log.innerText();
    const places = ["read here", "New since", "not read anywhere"].map((one) => texts.indexOf(one));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((one, two) => one - two));
    await page.goto(`${program.origin}/desk/mine`);
    await other.context.close();
    await over({person, page}, ann);
});

test("a letter that is sent at one computer is sent at the other too, once", async ({browser, person, page, program}) => {
    const JONAS = "jonas@falk.example";
    await goReady(person, page);
    const id = await writes(program.origin, {subject: "Invoice 1", text: "I was charged twice."});
    const {draft, box} = await answers(page, JONAS);
    await page.keyboard.type("You are right.");
    await expect(draft.getByText(/Draft saved \d/)).toBeVisible();
    const other = await elsewhere(browser, program.origin);
    await other.page.goto(`${program.origin}/desk/mine/${id}`);
    const there = other.page.getByRole("textbox", {name: `Letter to ${JONAS}`});
    await expect(there).toContainText("You are right.");
    await box.press("Control+Enter");
    await expect(draft).toHaveCount(0);
    await expect(there).toHaveCount(0);
    const letters = async () => {
        const {interactions} = await person.reads(`/interactions/${id}/thread?fields=*`, "sam");
        return interactions.filter(({parentId}) => parentId === id).map(({state}) => state);
    };
    await expect.poll(letters).toEqual(["Sent"]);
    await expect(other.page.getByRole("article")).toHaveCount(2);
    await other.context.close();
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
    await expect(page.locator(`[role="option"][data-id="${id}"]`)).toHaveCount(0);
});

test("a letter that was let go without a connection asks before it goes over what was written since", async ({browser, context, person, page, program}) => {
    const JONAS = "jonas@falk.example";
    await goReady(person, page);
    const id = await writes(program.origin, {subject: "Invoice 2", text: "I was charged twice."});
    const {draft, box} = await answers(page, JONAS);
    await page.keyboard.type("Older words.");
    await expect(draft.getByText(/Draft saved \d/)).toBeVisible();
    const other = await elsewhere(browser, program.origin);
    await other.page.goto(`${program.origin}/desk/mine/${id}`);
    const there = other.page.getByRole("textbox", {name: `Letter to ${JONAS}`});
    await expect(there).toContainText("Older words.");

    await context.setOffline(true);
    await box.press("Control+Enter");
    await expect(draft.getByText("Not sent yet")).toBeVisible();
    await there.click();
    await other.page.keyboard.press("Control+A");
    await other.page.keyboard.type("Newer words.");
    await expect(other.page.getByText(/Draft saved \d/)).toBeVisible();
    await context.setOffline(false);
    const chosen = page.getByRole("button", {name: "Take the other"});
    await expect(chosen).toBeVisible();
    await expect(draft.getByRole("alert")).toHaveText("This letter was changed at another computer.");
    await expect(there).toContainText("Newer words.");
    const letters = async () => {
        const {interactions} = await person.reads(`/interactions/${id}/thread?fields=*`, "sam");
        return interactions.filter(({parentId}) => parentId === id).map(({state}) => state);
    };
    expect(await letters()).toEqual(["Composing"]);
    await chosen.click();
    await expect(box).toContainText("Newer words.");
    await box.press("Control+Enter");
    await expect.poll(letters).toEqual(["Sent"]);
    await expect(draft).toHaveCount(0);
    await other.context.close();
    await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
});

test("two who look at the same see each other, and can ask", async ({browser, person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const ben = await elsewhere(browser, program.origin, "ben");
    await person.does("/me", {operationName: "Ready"}, "ben");
    const consult = {operationName: "Consult", userName: "ben"};
    const {statusCode} = await person.does(`/me/interactions/${ann.chat}`, consult);
    expect(statusCode).toBe(0);
    await expect(page.getByText("Ben Ortiz is here too")).toHaveCount(0);
    await take(ben.page, "Ann");
    await expect(page.getByText("Ben Ortiz is here too")).toBeVisible();
    await expect(ben.page.getByText("Kate Lund is here too")).toBeVisible();
    await person.isAccessible();

    await page.getByRole("button", {name: "Ask Ben Ortiz"}).click();
    const dialog = page.getByRole("dialog", {name: "Ask Ben Ortiz"});
    await expect(dialog.getByRole("button", {name: "Ask"})).toHaveAttribute("aria-disabled", "true");
    await dialog.getByRole("textbox", {name: "Your question"}).fill("Do you <b>know</b> this carrier?");
    await person.isAccessible();
    // The answer is lost as often as the page tries: asked once more it is the same question.
    const lose = async (route) => {
        await route.fetch();
        await route.abort();
    };
    await page.route("**/api/v2/users/*", lose);
    await dialog.getByRole("button", {name: "Ask"}).click();
    await expect(dialog.getByRole("alert")).toBeVisible();
    await page.unroute("**/api/v2/users/*", lose);
    await dialog.getByRole("button", {name: "Ask"}).click();
    await expect(dialog).toHaveCount(0);
    const strip = ben.page.getByRole("region", {name: "Connection"});
    const asked = strip.getByText("Kate Lund asks:");
    await expect(asked).toBeVisible();
    await expect(strip.getByText("Do you <b>know</b> this carrier?")).toBeVisible();
    await ben.person.isAccessible();
    // It stays wherever they go, until they have seen it.
    await ben.page.getByRole("tab", {name: /^Parked/}).click();
    await expect(page.getByText("Ben Ortiz is here too")).toHaveCount(0);
    await expect(asked).toBeVisible();
    await ben.page.getByRole("button", {name: "Show"}).click();
    // It came once: no second one stands behind it.
    await expect(asked).toHaveCount(0);
    await expect(ben.page).toHaveURL(new RegExp(`${ann.chat}$`));
    await expect(page.getByText("Ben Ortiz is here too")).toBeVisible();

    // Who closes the page is not here any more.
    await ben.context.close();
    await expect(page.getByText("Ben Ortiz is here too")).toHaveCount(0);
    await person.does("/me", {operationName: "EndContactCenterSession"}, "ben");
    await over({person, page}, ann);
});
