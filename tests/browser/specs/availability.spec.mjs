// What a customer is told when nobody can chat, and the message that they leave instead.

import {violations} from "../lib/axe.mjs";
import {agentSays, answerFor} from "../lib/false-server.mjs";
import {asksAs, expect, test, testOwnCenter} from "../lib/widget.mjs";

const HOURS = [{days: ["Mon", "Tue", "Wed", "Thu", "Fri"], from: "09:00", to: "17:00"}, {days: ["Sat"], from: "10:00", to: "14:00"}];
const AWAY = {state: "NobodyThere", hours: HOURS, timeZone: "Pacific/Auckland", leaveMessage: "contact-us"};
/** A Monday, half past nine in the browser's zone. */
const OPENS_AT = Date.UTC(2026, 10, 30, 9, 30);
const JOINED = {from: {nickname: "Ann", participantId: 1, type: "Client"}, index: 1, type: "ParticipantJoined", utcTime: 0};

test.use({timezoneId: "UTC"});

/** Takes the e-mails of a page's web form; gives what came. */
async function takeEmails(page, answers = []) {
    const came = [];
    await page.route("**/genesys/2/email/**", (route) => {
        came.push({to: new URL(route.request().url()).pathname, ...Object.fromEntries(new URLSearchParams(route.request().postData()))});
        const answer = answers.shift() ?? {statusCode: 0, id: "1"};
        return answer === "broken" ? route.abort() : route.fulfill({json: answer});
    });
    return came;
}

async function fillMessage(page, text) {
    await page.getByRole("dialog").getByRole("textbox", {name: "First name"}).fill("Ann");
    await page.getByRole("dialog").getByRole("textbox", {name: "Last name"}).fill("Example");
    await page.getByRole("dialog").getByRole("textbox", {name: "E-mail"}).fill("ann@example.com");
    await page.getByRole("dialog").getByRole("textbox", {name: "Your message"}).fill(text);
}

const SAID = {
    NobodyThere: [AWAY, ["Nobody is here to chat right now.", "Hours: Mon–Fri 09:00–17:00, Sat 10:00–14:00 (Pacific/Auckland)"], true],
    Closed: [{...AWAY, state: "Closed", opensAt: OPENS_AT, timeZone: "UTC"}, ["We are closed at the moment.", "We are back: Monday, November 30 at 9:30 AM.", "Sat 10:00–14:00"], true],
    Full: [{state: "Full", leaveMessage: "contact-us"}, ["All lines are busy."], true],
    "Full, without a way to leave a message": [{state: "Full"}, ["All lines are busy."], false],
};

for (const [name, [availability, sentences, canLeave]] of Object.entries(SAID)) {
    test(`before the form it is said that it is ${name}`, async ({page, customer}) => {
        await answerFor(page, [], {availability});
        await customer.visit();
        await customer.launcher.click();
        for (const sentence of sentences) {
            await expect(page.locator(".whereabouts")).toContainText(sentence);
        }
        await expect(page.getByText("someone from our team will be with you")).toBeHidden();
        await expect(page.getByRole("button", {name: "Leave a message"})).toBeVisible({visible: canLeave});
        // Which of the two is the way to go is seen by the filled one; text that is as white as its ground the checker below takes for art.
        await expect(page.getByRole("button", {name: "Start chat"})).toHaveCSS("color", canLeave ? "rgb(21, 26, 38)" : "rgb(255, 255, 255)");
        await page.locator(".panel").evaluate((panel) => Promise.all(panel.getAnimations().map((one) => one.finished)));
        expect(await violations(page)).toEqual([]);
    });
}

test("nothing is said while somebody is there, or when the server does not know", async ({page, customer}) => {
    for (const availability of [{state: "Open"}, {state: "Somewhere"}, undefined, 7, {hours: "x"}]) {
        await answerFor(page, [], {availability});
        await customer.visit();
        await customer.launcher.click();
        await expect(page.getByText("someone from our team will be with you")).toBeVisible();
        await expect(page.locator(".whereabouts")).toBeHidden();
    }
});

test("nothing is promised before the server has said who is there", async ({page, customer}) => {
    await answerFor(page, [], {availability: {state: "Open"}});
    let answer;
    await page.route("**/availability", (route) => (answer = () => route.fallback()));
    await customer.visit();
    await customer.launcher.click();
    await expect(page.getByRole("button", {name: "Start chat"})).toBeVisible();
    await expect.poll(() => answer).toBeTruthy();
    const promise = page.getByText("someone from our team will be with you");
    await expect(promise).toBeHidden();
    await answer();
    await expect(promise).toBeVisible();
});

test("whoever waits is told when nobody is there, and again when somebody is", async ({page, customer}) => {
    const more = {availability: AWAY, queuePosition: 1, expectedWait: 30};
    await answerFor(page, [JOINED], more);
    await customer.visit();
    await customer.start();
    await expect(customer.status).toContainText("Nobody is here to chat right now. Hours: Mon–Fri");
    await expect(customer.status).toContainText("You are number 1 in line.");
    await expect(customer.status).not.toContainText(/soon|Expected/);
    await expect(page.getByRole("button", {name: "Leave a message"})).toBeVisible();
    more.availability = {state: "Open", hours: []};
    await expect(customer.status).toContainText("someone will be with you soon. You are number 1 in line. Expected wait: less than a minute.");
    await expect(page.getByRole("button", {name: "Leave a message"})).toBeHidden();
});

test("a message is left from the line, with what is known of the chat, and ends the waiting", async ({page, customer}) => {
    await answerFor(page, [JOINED], {availability: AWAY, queuePosition: 1});
    const came = await takeEmails(page, ["broken", {statusCode: 2, errors: [{code: 1002, advice: "Correct it."}]}]);
    await customer.visit();
    await customer.start("Ann Maria Example", "My fern is sad.\nIt has spots.");
    await page.getByRole("button", {name: "Leave a message"}).click();
    const question = page.getByRole("dialog").getByRole("textbox", {name: "Your message"});
    await expect(page.getByRole("dialog").getByRole("textbox", {name: "First name"})).toHaveValue("Ann Maria");
    await expect(page.getByRole("dialog").getByRole("textbox", {name: "Last name"})).toHaveValue("Example");
    await expect(question).toHaveValue("My fern is sad.\nIt has spots.");
    const send = page.getByRole("button", {name: "Send message by e-mail"});
    await send.click();
    await expect(page.getByText("Please fill in this field.")).toBeVisible();
    expect(came).toEqual([]);
    await page.getByRole("dialog").getByRole("textbox", {name: "E-mail"}).fill("ann@example.com");
    expect(await violations(page)).toEqual([]);
    for (const reason of ["It is still here; please try again.", "Correct it."]) {
        await send.click();
        await expect(page.getByRole("alert")).toContainText(reason);
        await expect(question).toHaveValue("My fern is sad.\nIt has spots.");
    }
    await send.click();
    await expect(page.getByText("Thank you, your message has been sent.")).toBeVisible();
    await expect(page.getByText("We will answer to ann@example.com.")).toBeVisible();
    const sent = came.at(-1);
    expect(sent).toMatchObject({
        to: "/genesys/2/email/contact-us",
        firstName: "Ann Maria",
        lastName: "Example",
        fromAddress: "ann@example.com",
        subject: "My fern is sad.",
        text: "My fern is sad.\nIt has spots.",
        "userData[ChatId]": "1",
        "userData[TimeZone]": "0",
    });
    // Three tries of one message are one e-mail.
    expect(new Set(came.map(({messageId}) => messageId)).size).toBe(1);
    await page.getByRole("button", {name: "Done"}).click();
    await expect(customer.dialog).toBeHidden();
    await page.reload();
    await customer.launcher.click();
    await expect(page.getByRole("button", {name: "Start chat"})).toBeVisible();
});

test("a message is left before any chat, and is kept while it is half written", async ({page, customer}) => {
    await answerFor(page, [], {availability: {...AWAY, state: "Closed"}});
    const came = await takeEmails(page);
    await customer.visit();
    await customer.launcher.click();
    await page.getByRole("textbox", {name: /How can we help/}).fill("from the form");
    await page.getByRole("button", {name: "Leave a message"}).click();
    await expect(page.getByRole("dialog").getByRole("textbox", {name: "Your message"})).toHaveValue("from the form");
    await fillMessage(page, "half written");
    await page.reload();
    await customer.launcher.click();
    await page.getByRole("button", {name: "Leave a message"}).click();
    await expect(page.getByRole("dialog").getByRole("textbox", {name: "Your message"})).toHaveValue("half written");
    await page.getByRole("button", {name: "Back"}).click();
    await expect(page.getByRole("button", {name: "Start chat"})).toBeVisible();
    await page.getByRole("button", {name: "Leave a message"}).click();
    await page.getByRole("button", {name: "Send message by e-mail"}).click();
    await expect(page.getByText("We will answer to ann@example.com.")).toBeVisible();
    expect(came).toHaveLength(1);
    expect(came[0]).not.toHaveProperty("userData[ChatId]");
});

test("when the wait is over the customer is told, and can leave a message", async ({page, customer}) => {
    const messages = [JOINED];
    const more = {availability: AWAY, queuePosition: 1};
    await answerFor(page, messages, more);
    await customer.visit();
    await customer.start();
    await expect(customer.status).toContainText("Nobody is here");
    messages.push({...JOINED, index: 2, type: "ParticipantLeft"});
    more.chatEnded = true;
    await expect(page.getByText("Sorry, nobody could take your chat.")).toBeVisible();
    await page.getByRole("button", {name: "Leave a message"}).click();
    await expect(page.getByRole("dialog").getByRole("textbox", {name: "Your message"})).toHaveValue("My fern is sad");
});

test("an agent who comes while a message is written is seen at once, and what was written is kept", async ({page, customer}) => {
    const messages = [JOINED];
    const more = {availability: AWAY, queuePosition: 1};
    await answerFor(page, messages, more);
    await customer.visit();
    await customer.start();
    await page.getByRole("button", {name: "Leave a message"}).click();
    await page.getByRole("dialog").getByRole("textbox", {name: "Your message"}).fill("written meanwhile");
    messages.push(...agentSays({type: "ParticipantJoined"}).map((entry) => ({...entry, index: 2})));
    delete more.availability;
    await expect(customer.log).toContainText("Kate joined the chat");
    await expect(customer.message).toHaveValue("written meanwhile");
});

testOwnCenter.describe("with the program", () => {
    testOwnCenter.use({timezoneId: "UTC"});

    /** Asks the agents' API as somebody of the center. */
    const as = (origin, user) => async (method, path, body) => {
        const headers = {authorization: `Basic ${btoa(`${user}:handoff-demo`)}`, "content-type": "application/json"};
        const response = await fetch(`${origin}/api/v2${path}`, {method, headers, body: body && JSON.stringify(body)});
        return response.json();
    };

    testOwnCenter("a customer whom nobody serves hears so, sees an agent come, and leaves a message", async ({page, baseURL, customer}) => {
        await customer.visitShop("deserted");
        await customer.launcher.click();
        await expect(page.locator(".whereabouts")).toContainText("Nobody is here to chat right now.");
        await customer.launcher.click();
        await customer.start("Ann Example", "My fern is sad");
        await expect(customer.status).toContainText("Nobody is here to chat right now. You are number 1 in line.");
        const [nick, kate] = [as(baseURL, "nick"), as(baseURL, "kate")];
        await nick("POST", "/me", {operationName: "StartContactCenterSession", channels: ["chat"]});
        await expect(customer.status).toContainText("someone will be with you soon", {timeout: 20_000});
        await nick("POST", "/me", {operationName: "EndContactCenterSession"});
        await expect(customer.status).toContainText("Nobody is here to chat right now.", {timeout: 20_000});
        const credentials = await customer.credentials();
        await customer.say("It has spots.");
        await expect(page.locator(".line.own time")).toBeVisible();
        await page.getByRole("button", {name: "Leave a message"}).click();
        await expect(page.getByRole("dialog").getByRole("textbox", {name: "Your message"})).toHaveValue("My fern is sad\nIt has spots.");
        await page.getByRole("dialog").getByRole("textbox", {name: "E-mail"}).fill("ann@example.com");
        const posted = page.waitForResponse("**/genesys/2/email/contact");
        await page.getByRole("button", {name: "Send message by e-mail"}).click();
        await expect(page.getByText("We will answer to ann@example.com.")).toBeVisible();
        const answer = await (await posted).json();
        expect(answer).toMatchObject({statusCode: 0});
        const {interaction} = await kate("GET", `/interactions/${answer.id}`);
        expect(interaction.userData).toMatchObject({ChatId: credentials.chatId, EmailAddress: "ann@example.com"});
        await expect.poll(async () => (await asksAs(credentials, baseURL, "deserted", "refresh", {})).chatEnded).toBe(true);
    });

    testOwnCenter("a wait that is too long ends with a word and another way", async ({page, customer}) => {
        await customer.visitShop("patient");
        await customer.start();
        await expect(page.getByText("Sorry, nobody could take your chat.")).toBeVisible();
        await page.getByRole("button", {name: "Leave a message"}).click();
        await expect(page.getByRole("dialog").getByRole("textbox", {name: "Your message"})).toHaveValue("My fern is sad");
    });

    testOwnCenter("a closed service says when it opens, and takes a message", async ({page, customer}) => {
        await customer.visitShop("closed");
        await customer.launcher.click();
        await expect(page.locator(".whereabouts")).toContainText(/We are closed at the moment\..*We are back: .* at 8:00 AM\..*08:00–09:00/);
        await page.getByRole("button", {name: "Leave a message"}).click();
        await fillMessage(page, "When do you open?");
        await page.getByRole("button", {name: "Send message by e-mail"}).click();
        await expect(page.getByText("We will answer to ann@example.com.")).toBeVisible();
    });
});
