// What the desk was built to, line by line: the connection (A32 to A34), and widths (A40; that
// nothing scrolls sideways, and A39, stand with the looks). Times with a limit are taken as often as
// HANDOFF_TIMES says, and printed.

import {chatting, over} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {measured, untilSo} from "../lib/times.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 600_000});
const expect = impatient.configure({timeout: 20_000});

const alertOf = (page) => page.getByRole("alert").filter({hasText: /No connection|offline|restarting/});
const boxOf = (page) => page.getByRole("textbox", {name: "Message to Ann"});

test("A32 a cut network is said soon, and Send stays usable", async ({context, person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const send = page.getByRole("region", {name: "Conversation"}).getByRole("button", {name: "Send"});
    await measured("A32 cut to the alert", 4_000, async () => {
        await context.setOffline(true);
        const took = await untilSo(() => alertOf(page).isVisible());
        await expect(send).toBeEnabled();
        await expect(send).not.toHaveAttribute("aria-disabled", "true");
        await context.setOffline(false);
        await expect(alertOf(page)).toHaveCount(0);
        return took;
    });
    await over({person, page}, ann);
});

test("A33 what is sent while cut goes out once when the network is back", async ({context, person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const all = [];
    await measured("A33 network back to the customer's messages", 3_000, async (round) => {
        const words = `It comes tomorrow ${round}`;
        all.push(words);
        await context.setOffline(true);
        await boxOf(page).fill(words);
        await boxOf(page).press("Enter");
        await expect(page.getByRole("log").getByText("Not sent yet.")).toBeVisible();
        await context.setOffline(false);
        const took = await untilSo(async () => (await ann.reads()).includes(words));
        await expect(page.getByRole("log").getByText("Not sent yet.")).toHaveCount(0);
        return took;
    });
    await expect(alertOf(page)).toHaveCount(0);
    expect(await ann.reads()).toEqual(all);
    await over({person, page}, ann);
});

test("A34 a server that was killed is back without a reload, and the log is as it was", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const log = page.getByRole("log");
    await ann.says("Where is it?");
    await boxOf(page).fill("It comes tomorrow.");
    await boxOf(page).press("Enter");
    await expect(log.getByText("Sent", {exact: true})).toBeVisible();
    await ann.says("Thank you.");
    await expect(log.getByText("Thank you.")).toBeVisible();
    const said = ["Where is it?", "It comes tomorrow.", "Thank you."];
    const shown = async () => {
        const text = await log.innerText();
        return said.map((words) => text.indexOf(words));
    };
    const before = await shown();
    expect(before).toEqual([...before].sort((one, other) => one - other));
    await page.evaluate(() => { window.isSamePage = true; });
    await measured("A34 ready again to the alert gone", 5_000, async () => {
        await program.end("SIGKILL");
        await expect(alertOf(page)).toBeVisible();
        await program.start();
        await untilSo(async () => (await fetch(`${program.origin}/readyz`)).ok);
        const took = await untilSo(async () => await alertOf(page).count() === 0);
        expect(await shown()).toEqual(before);
        return took;
    });
    expect(await page.evaluate(() => window.isSamePage)).toBe(true);
    await over({person, page}, ann);
});

test.describe("at 1024 px", () => {
    test.use({viewport: {width: 1024, height: 768}});

    test("A40 a button opens the details beside the conversation", async ({person, page, program}) => {
        const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
        const details = page.getByRole("complementary", {name: "Details"});
        await expect(details).toHaveCount(0);
        await page.getByRole("button", {name: "Details", exact: true}).click();
        await expect(details.getByRole("heading", {name: "Contact"})).toBeVisible();
        await page.keyboard.press("Escape");
        await expect(details).toHaveCount(0);
        await over({person, page}, ann);
    });
});

test.describe("at 390 px", () => {
    test.use({viewport: {width: 390, height: 844}});

    test("A40 links lead to the parts of the desk", async ({person, page, program}) => {
        const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
        const links = page.getByRole("navigation", {name: "Parts of the desk"}).getByRole("link");
        await expect(links).toHaveText(["List", "Conversation", "Details"]);
        await links.filter({hasText: "Details"}).click();
        await expect(page.getByRole("heading", {name: "Contact"})).toBeVisible();
        await links.filter({hasText: "List"}).click();
        await expect(page.getByRole("listbox", {name: "My interactions"})).toBeVisible();
        await over({person, page}, ann);
    });
});

/** The page's outbox hears of nothing any more: so it is for a page that ends in that moment. */
const deafen = (page) => page.evaluate(() => {
    for (const outcome of ["oncomplete", "onabort"]) {
        Object.defineProperty(IDBTransaction.prototype, outcome, {set() {}});
    }
});

test("words that were sent in the moment of a reload go once, and do not stand in the box again", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await deafen(page);
    await box.fill("It comes tomorrow.");
    await box.press("Enter");
    await expect(box).toHaveValue("");
    await page.reload();
    await expect(page.getByRole("log").getByText("It comes tomorrow.")).toHaveCount(1);
    await expect.poll(() => ann.reads()).toEqual(["It comes tomorrow."]);
    await expect(box).toHaveValue("");
    await box.fill("In the morning.");
    await box.press("Enter");
    await expect.poll(() => ann.reads()).toEqual(["It comes tomorrow.", "In the morning."]);
    await over({person, page}, ann);
});

test("words that the browser could not keep in the moment of a reload stand in the box", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await deafen(page);
    await page.evaluate(() => {
        const {transaction} = IDBDatabase.prototype;
        IDBDatabase.prototype.transaction = function (...asked) {
            const begun = transaction.apply(this, asked);
            queueMicrotask(() => {
                try {
                    begun.abort();
                } catch {
                    // It is over already, in one way or another.
                }
            });
            return begun;
        };
    });
    await box.fill("It comes tomorrow.");
    await box.press("Enter");
    await page.reload();
    await expect(box).toHaveValue("It comes tomorrow.");
    await box.press("Enter");
    await expect.poll(() => ann.reads()).toEqual(["It comes tomorrow."]);
    await expect(box).toHaveValue("");
    await over({person, page}, ann);
});

test("words that were sent while they were saved do not come back from the server", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    let saved;
    const isSaved = new Promise((resolve) => { saved = resolve; });
    await page.route(`**/me/interactions/${ann.chat}`, async (route) => {
        const isDraft = (route.request().postData() ?? "").includes("It comes");
        if (isDraft) {
            // The server has it, and the page does not hear of it.
            await route.fetch();
            saved();
        } else {
            await route.continue();
        }
    });
    await box.fill("It comes tomorrow.");
    await isSaved;
    await page.unrouteAll();
    await box.press("Enter");
    // The browser has kept them: a page that ends before has them in the box.
    await expect(page.getByRole("log").getByText("It comes tomorrow.")).toBeVisible();
    await page.reload();
    await expect.poll(() => ann.reads()).toEqual(["It comes tomorrow."]);
    await expect(page.getByRole("log").getByText("It comes tomorrow.")).toHaveCount(1);
    const draft = async () => {
        const {interactions} = await person.reads("/me/interactions?fields=*");
        return interactions.find(({id}) => id === ann.chat).draft?.text ?? "";
    };
    await expect.poll(draft).toBe("");
    await expect(box).toHaveValue("");
    await over({person, page}, ann);
});
