// Makes the pictures of the README: `node pictures.mjs`, after `cargo xtask web` and `cargo build`.
// A desk in the middle of a day: customers who wait, a note of a colleague, an offer.

import {fileURLToPath} from "node:url";

import {chromium, expect as impatient} from "@playwright/test";

import {Customer, goReady, take} from "./lib/at-work.mjs";
import {LAUNCH} from "./lib/chromium.mjs";
import {Colleague} from "./lib/colleague.mjs";
import {Program} from "./lib/conversation-program.mjs";
import {Person} from "./lib/desk.mjs";

const expect = impatient.configure({timeout: 20_000});
const PICTURES = fileURLToPath(new URL("../../docs/pictures", import.meta.url));

const DATA = {"userData[Order]": "DK-20418", "userData[Amount]": "129.00", "userData[Page]": "/orders/track"};

async function chat(page, origin, {nickname, subject, says, data = {}}) {
    const customer = new Customer(origin, nickname);
    await customer.begin(subject, data);
    await customer.says(says);
    await take(page, nickname);
    await expect(page.getByRole("heading", {level: 1, name: subject})).toBeVisible();
    return customer;
}

/** Work of all channels, some of it answered. */
async function fill(page, person, origin) {
    const intake = (fields) => person.does("/interactions", {operationName: "Create", ...fields}, "intake");
    await new Customer(origin, "Jonas").writesLetter("Invoice 2031", "I was charged twice for the same order.");
    await take(page, "Jonas Falk");
    await intake({channel: "workitem", queueName: "tasks", subject: "Refund 4711"});
    await take(page, "Refund 4711");
    const priya = await chat(page, origin, {nickname: "Priya Nair", subject: "Change of address", says: "I have moved."});
    await page.getByRole("textbox", {name: /^Message to/}).fill("Where do you live now?");
    await page.keyboard.press("Enter");
    return priya;
}

/** Ann's chat, with a colleague who is asked for advice. */
async function talk(page, person, origin) {
    const ann = await chat(page, origin, {
        nickname: "Ann Berg", subject: "Parcel not arrived", data: DATA,
        says: "Hello, my parcel should have been here on Tuesday. The tracking page says “handed to courier” and nothing since.",
    });
    const box = page.getByRole("textbox", {name: /^Message to/});
    await box.fill("Hello Ann, I am sorry about that. Let me look at the courier’s own record.");
    await page.keyboard.press("Enter");
    const ben = await Colleague.ready(origin, "ben");
    await person.does(`/me/interactions/${ann.chat}`, {operationName: "Consult", userName: "ben"});
    await expect.poll(async () => (await ben.does(ann.chat, "Accept")).statusCode).toBe(0);
    await ben.does(ann.chat, "SendToAgents", {text: "Same depot as yesterday’s three cases. They rescan at 15:00, so promise nothing before that."});
    await ann.says("Is there any news? I need it by Friday, it is a birthday gift.");
    await expect(page.getByRole("log").getByText("Is there any news?")).toBeVisible();
    await ben.leaves();
    await page.getByRole("radio", {name: /^To Ann/}).press("Space");
    await box.fill("Hello Ann, the depot scans its parcels again at 15:00 today. I will write to you in this chat as soon as I know");
    await expect(page.getByText(/^Draft saved/)).toBeVisible();
}

const program = await Program.start();
const browser = await chromium.launch(LAUNCH);
try {
    const context = await browser.newContext({locale: "en-GB", viewport: {width: 1440, height: 900}, reducedMotion: "reduce"});
    const page = await context.newPage();
    const person = new Person(page, program.origin);
    await goReady(person, page);
    const priya = await fill(page, person, program.origin);
    await talk(page, person, program.origin);
    await priya.does("startTyping");
    const tomas = new Customer(program.origin, "Tomás Silva");
    await tomas.begin("Payment declined twice", {"userData[Page]": "/checkout"});
    await expect(page.getByRole("article", {name: "Tomás Silva"})).toBeVisible();
    for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({colorScheme});
        await page.screenshot({path: `${PICTURES}/desk-${colorScheme}.png`});
    }
} finally {
    await browser.close();
    await program.remove();
}
