// The demo's first minutes: what a visitor who is alone sees, does and is answered.

import {Customer, goReady, take} from "../lib/at-work.mjs";
import {Program} from "../lib/conversation-program.mjs";
import {Customer as Shopper} from "../lib/widget.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";

test.describe.configure({mode: "default", timeout: 120_000});
const expect = impatient.configure({timeout: 20_000});

test("whoever is alone is agent and customer: a first chat, then a first e-mail", async ({page, person, program}) => {
    await person.visit();
    await page.getByRole("button", {name: /^Kate/}).press("Enter");
    await expect(page.getByRole("heading", {name: /^Good \w+, Kate$/})).toBeVisible();
    await page.getByRole("button", {name: "Go Ready"}).press("Enter");
    await expect(page.getByText("You are Ready. Write something in the customer’s window.")).toBeVisible();
    const opened = page.waitForEvent("popup");
    await page.getByRole("link", {name: "open the chat page"}).press("Enter");
    const window = await opened;
    const shopper = new Shopper(window);
    await shopper.start("Robin", "My fern is sad");
    await take(page, "Robin");
    const box = page.getByRole("textbox", {name: "Message to Robin"});
    await expect(box).toBeFocused();
    const hint = page.getByText(/^Next: send yourself an e-mail/);
    await expect(hint).toHaveCount(0);
    await page.keyboard.type("How often do you water it?");
    await page.keyboard.press("Enter");
    await expect(shopper.log).toContainText("How often do you water it?");
    await expect(hint).toBeVisible();
    await person.isAccessible();

    const next = page.waitForEvent("popup");
    await hint.getByRole("link").press("Enter");
    const shop = await next;
    const form = shop.getByRole("region", {name: "Write to us"});
    await form.getByRole("textbox", {name: "Subject"}).fill("My fern is better");
    await form.getByRole("textbox", {name: "Your e-mail"}).fill("It likes its bath.");
    await form.getByRole("button", {name: "Send the e-mail"}).press("Enter");
    await expect(form.getByRole("status")).toContainText("Sent.");
    await take(page, "Robin Hale");
    await expect(page.getByRole("article", {name: "Letter of Robin Hale"})).toContainText("It likes its bath.");
    await expect(hint).toHaveCount(0);
    for (const {id} of (await person.reads("/me/interactions?fields=*")).interactions) {
        await person.does(`/me/interactions/${id}`, {operationName: "Complete"});
    }
});

test("Ben (demo) takes a chat that is handed to them, and says in every word what they are", async ({page, person, program}) => {
    const ann = new Customer(program.origin, "Ann");
    await goReady(person, page);
    await ann.begin("Parcel not arrived");
    await ann.says("Where is it?");
    await take(page, "Ann");
    const option = page.getByRole("option", {name: /Ann/});
    await expect(option).toBeVisible();
    const answer = await person.does(`/me/interactions/${ann.chat}`, {operationName: "Transfer", userName: "ben-demo"});
    expect(answer.statusCode).toBe(0);
    await expect.poll(() => ann.reads()).toContainEqual(expect.stringContaining("This is Ben (demo)"));
    await expect(option).toHaveCount(0);
    await ann.says("Hello Ben");
    await expect.poll(() => ann.reads()).toContainEqual(expect.stringMatching(/This is Ben \(demo\), a program.*“Hello Ben”/));
    await ann.does("disconnect");
    const work = () => person.reads("/me/interactions?fields=id,state", "ben-demo");
    await expect.poll(async () => (await work()).interactions).toEqual([]);
});

test("Ben (demo) answers an e-mail and finishes a work item; no queue offers them anything", async ({page, person, program}) => {
    await goReady(person, page);
    const jonas = new Customer(program.origin, "");
    await jonas.writesLetter("Invoice 2031", "I was charged twice.");
    await take(page, "Jonas Falk");
    await expect(page.getByRole("option", {name: /Jonas Falk/})).toBeVisible();
    const {interactions: [letter]} = await person.reads("/me/interactions?fields=*");
    await person.does(`/me/interactions/${letter.id}`, {operationName: "Transfer", userName: "ben-demo"});
    const thread = () => person.reads(`/interactions/${letter.id}/thread?fields=*`, "sam");
    await expect.poll(async () => (await thread()).interactions.map(({state}) => state).sort()).toEqual(["Completed", "Sent"]);
    // Somebody who took what a queue offers would have it before Kate comes back.
    await person.does("/me", {operationName: "NotReady"});
    const {id} = await person.does("/interactions",
        {operationName: "Create", channel: "workitem", queueName: "tasks", subject: "Count the ferns"}, "intake");
    const state = async () => (await person.reads(`/interactions/${id}?fields=state`, "sam")).interaction.state;
    expect(await state()).toBe("Queued");
    await person.does("/me", {operationName: "Ready"});
    const accept = () => person.does(`/me/interactions/${id}`, {operationName: "Accept"});
    await expect.poll(async () => (await accept()).statusCode).toBe(0);
    expect((await person.reads("/me/interactions?fields=id", "ben-demo")).interactions).toEqual([]);
    const handed = await person.does(`/me/interactions/${id}`, {operationName: "Transfer", userName: "ben-demo"});
    expect(handed.statusCode).toBe(0);
    await expect.poll(state).toBe("Completed");
});

test("made-up customers come by every door, and are told apart from nobody", async ({person}) => {
    const busy = await Program.start("--customers");
    try {
        const alone = Object.assign(person, {origin: busy.origin});
        const waiting = () => alone.reads("/interactions?fields=channel&state=Queued", "sam");
        const channels = async () => [...new Set((await waiting()).interactions.map(({channel}) => channel))].sort();
        await expect.configure({timeout: 60_000}).poll(channels).toEqual(["chat", "email", "workitem"]);
    } finally {
        await busy.remove();
    }
});
