// What the desk was built to, line by line: chats (A19 to A25; prepared texts, A23, come with the
// places where they are made). Times with a limit are taken as often as HANDOFF_TIMES says, and
// printed.

import {chatting, Customer, over, take} from "../lib/at-work.mjs";
import {Colleague} from "../lib/colleague.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";
import {fromKey, measured, untilSo} from "../lib/times.mjs";

// Kate is one person: what a test leaves behind, the next one finds.
test.describe.configure({mode: "default", timeout: 300_000});
const expect = impatient.configure({timeout: 20_000});

const logOf = (page, name) => page.getByRole("log", {name: `Conversation with ${name}`});
const boxOf = (page, name) => page.getByRole("textbox", {name: `Message to ${name}`});

test("A19 what is said is shown once, and reaches the customer as it was typed", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const log = logOf(page, "Ann");
    await measured("A19 customer's words to the log", 300, async (round) => {
        const words = `Where is it? ${round}`;
        await ann.says(words);
        const took = await untilSo(() => log.getByText(words, {exact: true}).isVisible());
        await expect(log.getByText(words, {exact: true})).toHaveCount(1);
        return took;
    });
    const said = [`<b>&"'`, "🪴 👩🏽‍💻 é", "first line\nsecond line"];
    for (const words of said) {
        const [first, second] = words.split("\n");
        await page.keyboard.insertText(first);
        if (second !== undefined) {
            await page.keyboard.press("Shift+Enter");
            await page.keyboard.insertText(second);
        }
        await page.keyboard.press("Enter");
        await expect(log.getByText(words, {exact: true})).toHaveCount(1);
        await expect(log.getByText("Sent", {exact: true})).toHaveCount(1);
    }
    expect((await ann.reads()).slice(-said.length)).toEqual(said);
    await over({person, page}, ann);
});

test("A20 Enter sends, and Shift+Enter begins a line", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const box = boxOf(page, "Ann");
    await page.keyboard.type("one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two");
    await expect(box).toHaveValue("one\ntwo");
    expect(await ann.reads()).toEqual([]);
    await page.keyboard.press("Enter");
    await expect(box).toHaveValue("");
    await expect.poll(() => ann.reads()).toEqual(["one\ntwo"]);
    await over({person, page}, ann);
});

test("A21 what is for agents only never reaches the customer", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const log = logOf(page, "Ann");
    await page.getByRole("radio", {name: "To agents only"}).check();
    await boxOf(page, "Ann").fill("They are upset");
    await boxOf(page, "Ann").press("Enter");
    await expect(log.getByText("They are upset")).toBeVisible();
    await expect(log.getByText("Only agents see this")).toBeVisible();
    await page.getByRole("radio", {name: "To Ann"}).check();
    await boxOf(page, "Ann").fill("I look for it");
    await boxOf(page, "Ann").press("Enter");
    await expect.poll(() => ann.reads()).toEqual(["I look for it"]);
    const {messages} = await ann.does("refresh", {transcriptPosition: 1});
    expect(JSON.stringify(messages)).not.toContain("upset");
    await over({person, page}, ann);
});

test("A22 that the customer writes is shown, and nothing moves for it", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    await ann.says("Where is it?");
    await expect(logOf(page, "Ann").getByText("Where is it?")).toBeVisible();
    const writing = page.getByText("Ann is writing…");
    const region = page.getByRole("region", {name: "Conversation"});
    const places = () => region.evaluate((all) => [...all.querySelectorAll("*")].map((one) =>
        [one.localName, ...Object.values(one.getBoundingClientRect().toJSON())].join()));
    await measured("A22 customer types to the line that says so", 500, async () => {
        const before = await places();
        await ann.does("startTyping");
        const took = await untilSo(() => writing.isVisible());
        expect(await places()).toEqual(expect.arrayContaining(before));
        await ann.does("stopTyping");
        await expect(writing).toHaveCount(0);
        expect(await places()).toEqual(before);
        return took;
    });
    await over({person, page}, ann);
});

test("A24 a chat that is over is completed where one wrote", async ({person, page, program}) => {
    const tom = await chatting({person, page, program}, "Tom", "Return label");
    await measured("A24 Complete to the option gone", 500, async (round) => {
        const ann = new Customer(program.origin, `Ann${round}`);
        await ann.begin("Parcel not arrived");
        await take(page, ann.nickname);
        await expect(boxOf(page, ann.nickname)).toBeFocused();
        const option = page.getByRole("option", {name: new RegExp(ann.nickname)});
        await ann.does("disconnect");
        await expect(page.getByText("The chat is over.")).toBeVisible();
        await expect(boxOf(page, ann.nickname)).toHaveCount(0);
        await expect(page.getByRole("combobox", {name: "Outcome"})).toBeVisible();
        await page.getByRole("button", {name: "Complete"}).focus();
        return fromKey(page, "Enter", async () => await option.count() === 0);
    });
    await over({person, page}, tom);
});

test("an outcome that is only typed counts when the chat is completed", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    await ann.does("disconnect");
    await expect(page.getByText("The chat is over.")).toBeVisible();
    const outcome = page.getByRole("combobox", {name: "Outcome"});
    await outcome.fill("Solved");
    await outcome.press("Control+Shift+Enter");
    await expect(page.getByRole("option", {name: /Ann/})).toHaveCount(0);
    const {interaction} = await person.reads(`/interactions/${ann.chat}`, "sam");
    expect(interaction.state).toBe("Completed");
    expect(Object.values(interaction.userData)).toContain("solved");
});

test("A25 what is refused is said in the server's words, and what was typed stays", async ({person, page, program}) => {
    const ann = await chatting({person, page, program}, "Ann", "Parcel not arrived");
    const ben = await Colleague.ready(program.origin, "ben");
    await boxOf(page, "Ann").fill("half a sentence");
    await page.getByRole("button", {name: "Transfer"}).click();
    const question = page.getByRole("dialog", {name: "Words are not sent yet"});
    await question.getByRole("button", {name: "Go on without them"}).click();
    const dialog = page.getByRole("dialog", {name: "Transfer"});
    await dialog.getByRole("option", {name: /^Ben Ortiz/}).click();
    // The list was read before.
    await ben.posts("/me", {operationName: "NotReady"});
    const isTransfer = (answer) => answer.request().postData()?.includes('"Transfer"') === true;
    const answered = page.waitForResponse(isTransfer);
    await dialog.getByRole("button", {name: "Transfer"}).click();
    const {statusCode, statusMessage} = await (await answered).json();
    expect(statusCode).not.toBe(0);
    await expect(dialog.getByRole("alert")).toHaveText(statusMessage);
    await page.keyboard.press("Escape");
    await expect(boxOf(page, "Ann")).toHaveValue("half a sentence");
    await ben.leaves();
    await boxOf(page, "Ann").fill("");
    await over({person, page}, ann);
});
