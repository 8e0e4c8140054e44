// What the desk was built to, line by line: offers (A07 to A13). Times with a limit are taken as
// often as HANDOFF_TIMES says, and printed.

import {chatting, Customer, goReady, leaves, over, take} from "../lib/at-work.mjs";
import {expect as impatient, Person, test} from "../lib/desk.mjs";
import {figure, fromKey, measured, untilSo} from "../lib/times.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 300_000});
const expect = impatient.configure({timeout: 20_000});

/** An offer stands for so long in the demo, in ms; some more for what follows. */
const OFFER_MS = 45_000;

const offers = (page) => page.getByRole("region", {name: "Offers"});
const offerOf = (page, name) => offers(page).getByRole("article", {name, exact: true});
const acceptOf = (page, name) => offerOf(page, name).getByRole("button", {name: "Accept"});

test("A07 a chat is offered soon after the customer's request is answered", async ({person, page, program}) => {
    await goReady(person, page);
    const requests = [];
    await measured("A07 request answered to offer visible", 250, async (round) => {
        const customer = new Customer(program.origin, `Ann${round}`);
        requests.push(await untilSo(async () => {
            await customer.begin("Parcel not arrived");
            return true;
        }));
        const offer = offerOf(page, customer.nickname);
        const took = await untilSo(() => offer.isVisible());
        await expect(offer).toContainText("Parcel not arrived");
        await leaves(page, customer);
        return took;
    });
    figure("the request itself", requests);
});

test("A08 title and pill tell of an offer as long as it stands", async ({person, page, program}) => {
    await goReady(person, page);
    const pill = page.getByRole("button", {name: /^1 offer, \d+ seconds left$/});
    await measured("A08 end of the offer to title and pill", 500, async (round) => {
        const customer = new Customer(program.origin, `Ann${round}`);
        await customer.begin("Parcel not arrived");
        await expect(page).toHaveTitle(/^\(1\) /);
        await expect(pill).toBeVisible();
        await customer.does("disconnect");
        const took = await untilSo(async () =>
            !(await page.title()).startsWith("(") && !await pill.isVisible());
        await leaves(page, customer);
        return took;
    });
});

test("A09 F8 and Enter take an offer while one writes to somebody else", async ({person, page, program}) => {
    const tom = await chatting({person, page, program}, "Tom", "Return label");
    const list = page.getByRole("listbox", {name: "My interactions"});
    await measured("A09 Enter to option and composer", 500, async (round) => {
        const ann = new Customer(program.origin, `Ann${round}`);
        await page.getByRole("textbox", {name: "Message to Tom"}).focus();
        await ann.begin("Parcel not arrived");
        await expect(acceptOf(page, ann.nickname)).toBeVisible();
        await page.keyboard.press("F8");
        await expect(acceptOf(page, ann.nickname)).toBeFocused();
        const option = list.getByRole("option", {name: new RegExp(ann.nickname)});
        const box = page.getByRole("textbox", {name: `Message to ${ann.nickname}`});
        const focused = box.and(page.locator(":focus"));
        const took = await fromKey(page, "Enter", async () =>
            await option.isVisible() && await focused.count() === 1);
        await over({person, page}, ann);
        await list.getByRole("option", {name: /Tom/}).click();
        return took;
    });
    await over({person, page}, tom);
});

test("A10 Escape leaves an offer as it is, and gives focus and selection back", async ({person, page, program}) => {
    const tom = await chatting({person, page, program}, "Tom", "Return label");
    const box = page.getByRole("textbox", {name: "Message to Tom"});
    await box.fill("one two three");
    await box.evaluate((element) => element.setSelectionRange(4, 7));
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived");
    await expect(acceptOf(page, "Ann")).toBeVisible();
    await page.keyboard.press("F8");
    await expect(acceptOf(page, "Ann")).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(box).toBeFocused();
    const selected = await box.evaluate((one) => [one.selectionStart, one.selectionEnd]);
    expect(selected).toEqual([4, 7]);
    await expect(acceptOf(page, "Ann")).toBeVisible();
    const {interactions} = await person.reads("/me/interactions?fields=id,state");
    expect(interactions.find(({id}) => id === ann.chat)?.state).toBe("Invited");
    await leaves(page, ann);
    await box.fill("");
    await over({person, page}, tom);
});

test("A11 what is declined is gone, and offered to a colleague", async ({browser, person, page, program}) => {
    const context = await browser.newContext({locale: "en-GB"});
    const ben = {page: await context.newPage()};
    ben.person = new Person(ben.page, program.origin);
    await ben.person.signIn("ben");
    await expect(ben.person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await goReady(person, page);
    const isBens = (operationName) => person.does("/me", {operationName}, "ben");
    const toBen = [];
    await measured("A11 Decline to the article gone", 300, async (round) => {
        const ann = new Customer(program.origin, `Ann${round}`);
        await ann.begin("Parcel not arrived");
        const offer = offerOf(page, ann.nickname);
        await expect(offer).toBeVisible();
        await isBens("Ready");
        await offer.getByRole("button", {name: "Decline"}).focus();
        const shown = untilSo(() => offerOf(ben.page, ann.nickname).isVisible());
        const took = await fromKey(page, "Enter", async () => !await offer.isVisible());
        toBen.push(await shown);
        await leaves(ben.page, ann);
        await isBens("NotReady");
        return took;
    });
    figure("A11 Decline to the colleague's offer", toBen, "at most 1000 ms");
    await context.close();
});

test("A12 what nobody answers is told of until that is seen", async ({person, page, program}) => {
    await goReady(person, page);
    const tomas = new Customer(program.origin, "Tomás");
    await tomas.begin("Parcel not arrived");
    await expect(offerOf(page, "Tomás")).toBeVisible();
    const said = offers(page).getByRole("status").filter({hasText: /went to a colleague|waits again/});
    await expect(said).toBeVisible({timeout: OFFER_MS});
    // A customer who says nothing for that long has left, which is told as well.
    await page.waitForTimeout(2_000);
    await expect(said).toBeVisible();
    await offers(page).getByRole("button", {name: "Dismiss"}).first().click();
    await expect(said).toHaveCount(0);
    await tomas.does("disconnect");
});

test("A13 an offer of somebody who leaves says so, and cannot be taken", async ({person, page, program}) => {
    await goReady(person, page);
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived");
    await expect(acceptOf(page, "Ann")).toBeVisible();
    await ann.does("disconnect");
    await expect(offers(page).getByRole("status").filter({hasText: "The customer left."})).toBeVisible();
    await expect(page.getByRole("button", {name: "Accept"})).toHaveCount(0);
});
