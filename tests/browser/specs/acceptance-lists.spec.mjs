// What the desk was built to, line by line: lists (A14 to A18). Times with a limit are taken as
// often as HANDOFF_TIMES says, and printed.

import {chatting, Customer, goReady, over, take} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {fromKey, measured, untilSo} from "../lib/times.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 300_000});
const expect = impatient.configure({timeout: 20_000});

const listOf = (page) => page.getByRole("listbox", {name: "My interactions"});

test("A14 who has an answer waits no more", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const optionIn = (group) =>
        listOf(page).getByRole("group", {name: group}).getByRole("option", {name: /Ann/});
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await measured("A14 Enter to the group Answered", 500, async (round) => {
        await ann.says(`Where is it? ${round}`);
        await expect(optionIn("Waiting for you")).toHaveAccessibleName(/waiting \d+:\d\d/);
        await box.fill("It comes tomorrow.");
        const isAnswered = () => optionIn("Answered").isVisible();
        const took = await fromKey(page, "Enter", isAnswered);
        await expect(optionIn("Answered")).not.toHaveAccessibleName(/waiting/);
        return took;
    });
    await over({person, page}, ann);
});

/** Keys, and the place in a list of three to which each leads from the one before. */
const WALK = [["End", 2], ["ArrowUp", 1], ["Home", 0], ["ArrowDown", 1]];

test("A15 keys choose in the list, and the conversation follows", async ({person, page, program}) => {
    await goReady(person, page);
    const subjects = ["Parcel", "Invoice", "Refund"];
    const heading = page.getByRole("heading", {level: 1});
    const customers = subjects.map((subject) => new Customer(program.origin, `Ann ${subject}`));
    for (const [at, customer] of customers.entries()) {
        await customer.begin(subjects[at]);
        await take(page, customer.nickname);
        await expect(heading).toHaveText(subjects[at]);
    }
    const options = listOf(page).getByRole("option");
    await options.first().focus();
    await expect(heading).toHaveText(/./);
    const names = await options.allInnerTexts();
    const order = names.map((name) => subjects.find((one) => name.includes(one)));
    await measured("A15 key to the heading", 400, async (round) => {
        const [key, place] = WALK[round % WALK.length];
        const chosen = listOf(page).getByRole("option", {selected: true});
        const isShown = async () => await heading.textContent() === order[place];
        const took = await fromKey(page, key, isShown);
        await expect(chosen).toHaveCount(1);
        await expect(options.nth(place)).toHaveAttribute("aria-selected", "true");
        return took;
    });
    for (const [key, place] of WALK) {
        await page.keyboard.press(key);
        await expect(options.nth(place)).toHaveAttribute("aria-selected", "true");
        await expect(listOf(page).getByRole("option", {selected: true})).toHaveCount(1);
        await expect(heading).toHaveText(order[place]);
    }
    // What is gone makes room once nothing is under the hand.
    await person.state.focus();
    for (const customer of customers) {
        await over({person, page}, customer);
    }
});

test("A16 a reload shows what was shown", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const chosen = listOf(page).getByRole("option", {selected: true});
    const heading = page.getByRole("heading", {level: 1});
    const isAsBefore = async () => {
        await expect(chosen).toHaveAttribute("data-id", ann.chat);
        await expect(page.getByRole("tab", {selected: true})).toHaveAccessibleName(/^Mine/);
        await expect(heading).toHaveText("Parcel not arrived");
        await expect(page).toHaveTitle("Parcel not arrived · Handoff");
        expect(page.url()).toContain(ann.chat);
    };
    await isAsBefore();
    await page.reload();
    await isAsBefore();
    await over({person, page}, ann);
});

test("A17 where nothing is, it says so, and what comes", async ({person, page}) => {
    await goReady(person, page);
    await expect(page.getByText("Nothing is yours yet.")).toBeVisible();
    const rest = "Work that you accept appears here, whoever has waited longest on top.";
    await expect(page.getByText(rest)).toBeVisible();
    await expect(listOf(page)).toHaveCount(0);
});

test("A18 the number of what waits is that of its rows, and the server's", async ({person, page, program}) => {
    const ARRIVALS = 5;
    await person.signIn();
    await expect(person.state).toHaveAccessibleName(/^Your state: (Not ready|Ready)/);
    await person.does("/me", {operationName: "NotReady"});
    await page.getByRole("tab", {name: /^Queues/}).press("Enter");
    const options = page.getByRole("listbox", {name: "Queues"}).getByRole("option");
    const customers = [];
    await measured("A18 arrival to number and rows", 2_000, async (round) => {
        const first = customers.length;
        let longest = 0;
        for (let arrival = 1; arrival <= ARRIVALS; arrival += 1) {
            const customer = new Customer(program.origin, `Ann${round}${arrival}`);
            customers.push(customer);
            await customer.begin("Parcel not arrived");
            const tab = page.getByRole("tab", {name: `Queues ${arrival}`, exact: true});
            longest = Math.max(longest, await untilSo(async () =>
                await tab.isVisible() && await options.count() === arrival));
            const {interactions} = await person.reads("/interactions?fields=id&state=Queued");
            expect(interactions).toHaveLength(arrival);
        }
        for (const customer of customers.slice(first)) {
            await customer.does("disconnect");
        }
        await expect(options).toHaveCount(0);
        return longest;
    });
});
