// Every screen and state of the desk, in the light and in the dark, at all widths: nothing that a
// program can find is wrong with it, and nothing scrolls sideways. HANDOFF_PICTURES names a
// directory for a picture of each, to be looked at.

import {join} from "node:path";

import {Customer} from "../lib/at-work.mjs";
import {Colleague} from "../lib/colleague.mjs";
import {Program} from "../lib/conversation-program.mjs";
import {expect as impatient, Person, test} from "../lib/desk.mjs";

test.describe.configure({mode: "default", timeout: 900_000});
const expect = impatient.configure({timeout: 20_000});

/** How long a step may take, in ms. */
const STEP_MS = 30_000;
const PICTURES = process.env.HANDOFF_PICTURES;
/** The four widths of the design, the narrowest screen, and 1280 at 200 %. */
const SIZES = [[1440, 900], [1024, 768], [768, 1024], [390, 844], [320, 568], [640, 450]];
/** Where all rules are tried: the widest, and the one that shows a part at a time. */
const TRIED = new Set([1440, 390]);

/** Looks at what is there, at all sizes. */
class Looker {
    constructor(page, person, look) {
        this.page = page;
        this.person = person;
        this.look = look;
    }

    async at(name) {
        await test.step(`${name}, ${this.look}`, async () => {
            for (const [width, height] of SIZES) {
                await this.page.setViewportSize({width, height});
                // Two frames: the page has taken on its new size.
                await this.page.evaluate(() => new Promise((resolve) =>
                    requestAnimationFrame(() => requestAnimationFrame(resolve))));
                if (PICTURES !== undefined) {
                    await this.page.screenshot({path: join(PICTURES, `${name}-${width}-${this.look}.png`)});
                }
                const isWide = await this.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
                expect(isWide, `${name} scrolls sideways at ${width}`).toBe(false);
                if (TRIED.has(width)) {
                    await this.person.isAccessible();
                }
            }
            await this.page.setViewportSize({width: SIZES[0][0], height: SIZES[0][1]});
        });
    }
}

const LOOKS = {
    light: {colorScheme: "light"},
    dark: {colorScheme: "dark"},
};

for (const [look, options] of Object.entries(LOOKS)) {
    test(`A39, A40 every screen and state, ${look}`, async ({browser}) => {
        const program = await Program.start();
        const context = await browser.newContext({...options, locale: "en-GB", reducedMotion: "reduce", viewport: {width: 1440, height: 900}});
        try {
            await walk(program, await context.newPage(), look);
        } finally {
            await context.close();
            await program.remove();
        }
    });
}

/** Accepts what is offered, or will be again when it was looked at for too long. */
async function accept(page, name) {
    const button = page.getByRole("article", {name}).getByRole("button", {name: "Accept"});
    await expect(button).toBeVisible({timeout: 90_000});
    await page.keyboard.press("F8");
    await page.keyboard.press("Enter");
}

async function walk(program, page, look) {
    page.setDefaultTimeout(STEP_MS);
    const person = new Person(page, program.origin);
    const at = {
        program, page, person,
        looker: new Looker(page, person, look),
        shows: (text) => expect(page.getByText(text).first()).toBeVisible(),
    };
    await entrance(at);
    const ann = await offers(at);
    await dialogs(at);
    await handing(at, ann);
    await connection(at, ann);
    await letters(at);
    await items(at);
    await places(at);
}

async function entrance({page, person, looker, shows}) {
    await person.visit();
    await expect(page.getByRole("button", {name: /^Kate/})).toBeVisible();
    await looker.at("sign-in");
    await person.signIn("kate", "no");
    await shows("User name or password is wrong.");
    await looker.at("sign-in-wrong");
    await person.signIn("intake");
    await shows("This desk is for agents.");
    await expect(person.state).toHaveCount(0);
    await looker.at("no-agent");
    await page.context().clearCookies();

    await person.signIn();
    await expect(page.getByRole("heading", {name: /^Good/})).toBeVisible();
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await shows("Nothing is yours yet.");
    await looker.at("welcome");
    await person.state.press("Enter");
    await expect(page.getByRole("menuitem", {name: "Ready", exact: true})).toBeVisible();
    await looker.at("state-menu");
    await page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
    await shows("You are Ready.");
}

/** Returns the customer of the chat that is open then. */
async function offers({program, page, looker, shows}) {
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived");
    await ann.says("It should have been here on Tuesday. Where is it?");
    await expect(page.getByRole("article", {name: "Ann"})).toBeVisible();
    await looker.at("offer");
    await accept(page, "Ann");
    ann.stays();
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await expect(box).toBeFocused();
    await box.fill("I look for it. <b>One moment</b>");
    await box.press("Enter");
    await page.getByRole("radio", {name: "To agents only"}).press("Space");
    await box.fill("Does anybody know this carrier?");
    await box.press("Enter");
    await page.getByRole("radio", {name: "To Ann"}).press("Space");
    await ann.says("Thank you, I wait. https://example.com/a/very/long/address/of/a/parcel/that/does/not/end/4711");
    await shows("Thank you, I wait.");
    const bo = new Customer(program.origin, "Bo");
    await bo.begin("Invoice 2031");
    await expect(page.getByRole("article", {name: "Bo"})).toBeVisible();
    await box.fill("The depot scans its parcels again at 15:00");
    await looker.at("chat-and-offer");
    await bo.does("disconnect");
    await expect(page.getByRole("article", {name: "Bo"}).getByRole("button", {name: "Accept"})).toHaveCount(0);
    await box.fill("");
    await looker.at("missed");
    for (const part of ["List", "Details", "Conversation"]) {
        await page.setViewportSize({width: 390, height: 844});
        await page.getByRole("navigation", {name: "Parts of the desk"}).getByRole("link", {name: part}).click();
        await looker.at(`part-${part.toLowerCase()}`);
    }
    await page.setViewportSize({width: 1024, height: 768});
    await page.getByRole("button", {name: "Details", exact: true}).click();
    await expect(page.getByRole("complementary", {name: "Details"})).toBeVisible();
    await looker.at("details");
    await page.setViewportSize({width: 1024, height: 768});
    await page.keyboard.press("Escape");
    await page.setViewportSize({width: 1440, height: 900});
    return ann;
}

async function dialogs({page, looker}) {
    await page.getByRole("log").focus();
    await page.keyboard.press("t");
    await expect(page.getByRole("dialog", {name: "Transfer"}).getByRole("option").first()).toBeVisible();
    await looker.at("transfer");
    await page.keyboard.press("Escape");
    await page.keyboard.press("i");
    await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
    await looker.at("invite");
    await page.keyboard.press("Escape");
    await page.getByRole("button", {name: "More actions"}).press("Enter");
    await expect(page.getByRole("menu")).toBeVisible();
    await looker.at("more");
    await page.keyboard.press("Escape");
    await page.getByRole("log").focus();
    await page.keyboard.press("Shift+?");
    await expect(page.getByRole("dialog", {name: "Keyboard shortcuts"})).toBeVisible();
    await looker.at("keys");
    await page.keyboard.press("Escape");
    await page.keyboard.press("F2");
    await page.keyboard.type("re");
    await expect(page.getByRole("option").first()).toBeVisible();
    await looker.at("command-box");
    await page.keyboard.press("Escape");
}

async function handing({program, page, person, looker, shows}, ann) {
    const ben = await Colleague.ready(program.origin, "ben");
    await person.does(`/me/interactions/${ann.chat}`, {operationName: "Transfer", userName: "ben"});
    await shows(/^Offered to Ben Ortiz/);
    await looker.at("handed");
    await ben.does(ann.chat, "Reject");
    await shows(/^Ben Ortiz (declined|did not answer)\./);
    await looker.at("handed-back");
    await ben.leaves();
    await page.reload();
    await expect(page.getByRole("textbox", {name: "Message to Ann"})).toBeVisible();
}

async function connection({program, page, person, looker, shows}, ann) {
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await page.context().setOffline(true);
    await box.fill("Written without a connection");
    await box.press("Enter");
    await shows("This computer is offline.");
    await looker.at("offline");
    await page.context().setOffline(false);
    await expect(page.getByText("This computer is offline.")).toHaveCount(0);
    await program.end("SIGKILL");
    await shows(/No connection to the server/);
    await looker.at("reconnecting");
    await program.start();
    await expect(page.getByText(/No connection to the server/)).toHaveCount(0);
    await expect(person.state).toHaveAccessibleName(/ready|off work/i);

    await ann.does("disconnect");
    await shows("The chat is over.");
    await looker.at("chat-ended");
    await person.does(`/me/interactions/${ann.chat}`, {operationName: "Complete"});
    await expect(page.getByRole("option", {name: /Ann/})).toHaveCount(0);
    await looker.at("empty");
}

async function letters({program, page, person, looker, shows}) {
    const jonas = new Customer(program.origin, "Jonas");
    const letter = async (text) => {
        const {id} = await jonas.writesLetter("Invoice 2031", text);
        await accept(page, "Jonas Falk");
        const option = page.locator(`[role=option][data-id="${id}"]`);
        await expect(option).toBeVisible();
        await option.focus();
        await page.keyboard.press("Enter");
        await shows(text.slice(0, 20));
        return {id, option};
    };
    const {id, option} = await letter(`I was charged twice.\n\n${"A long line of words. ".repeat(30)}`);
    await looker.at("letter");
    await option.focus();
    await page.keyboard.press("p");
    await expect(page.getByRole("dialog", {name: "Park"})).toBeVisible();
    await looker.at("park");
    await page.keyboard.press("Escape");
    await option.focus();
    await page.keyboard.press("r");
    await expect(page.getByRole("textbox", {name: /^Letter to/})).toBeFocused();
    await page.keyboard.type("You are right, and it is on its way.");
    await shows(/Draft saved/);
    await looker.at("draft");
    const second = await letter("Never mind, my bank has already reversed one of them.");
    await person.does(`/me/interactions/${second.id}`, {operationName: "JoinThread", parentId: id});
    await page.goto(`${program.origin}/desk/mine/${id}`);
    await shows("wrote again before your answer was sent.");
    await looker.at("draft-newer");
    await page.getByRole("form").getByRole("button", {name: "Discard"}).click();
    await expect(page.getByRole("dialog", {name: "Discard this draft?"})).toBeVisible();
    await looker.at("discard");
    await page.keyboard.press("Escape");
    for (const [list, path] of [["drafts", "/desk/drafts"], ["parked", "/desk/parked"], ["queues", "/desk/queues"]]) {
        await page.goto(program.origin + path);
        await expect(page.getByRole("tab", {name: new RegExp(list, "i")})).toHaveAttribute("aria-selected", "true");
        await looker.at(list);
    }
    await page.goto(`${program.origin}/settings`);
    await expect(page.getByRole("dialog", {name: "Settings"})).toBeVisible();
    await looker.at("settings");
    await page.getByRole("radio", {name: "Compact"}).press("Space");
    await page.keyboard.press("Escape");
    await page.goto(`${program.origin}/desk/mine/${id}`);
    await shows("I was charged twice.");
    await looker.at("compact");
    await page.goto(`${program.origin}/settings`);
    await page.getByRole("radio", {name: "Comfortable"}).press("Space");
    await page.keyboard.press("Escape");
}

async function items({page, person, looker, shows}) {
    const order = {operationName: "Create", channel: "workitem", queueName: "tasks", subject: "Refund 4711",
        userData: {Order: "https://shop.example/4711", Amount: "129.00"}};
    await person.does("/interactions", order, "intake");
    await accept(page, "Refund 4711");
    await page.getByRole("option", {name: /Refund 4711/}).click();
    await shows("129.00");
    await looker.at("work-item");
}

async function places({program, page, looker}) {
    await page.goto(`${program.origin}/desk/mine/nothing`);
    const conversation = page.getByRole("region", {name: "Conversation"});
    await expect(conversation.getByText("This is not yours any more.")).toBeVisible();
    await looker.at("not-yours");
    await page.goto(`${program.origin}/admin/users`);
    await expect(page.getByRole("heading").first()).toBeVisible();
    await looker.at("nowhere");
}

test("in forced colours and for more contrast nothing is told by a colour of ours alone", async ({browser, program}) => {
    const context = await browser.newContext({locale: "en-GB", forcedColors: "active", contrast: "more", reducedMotion: "reduce"});
    try {
        const page = await context.newPage();
        const person = new Person(page, program.origin);
        await person.signIn();
        await expect(person.state).toHaveAccessibleName(/ready/i);
        await person.state.press("Enter");
        await page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
        const ann = new Customer(program.origin, "Ann");
        await ann.begin("Parcel not arrived");
        await expect(page.getByRole("article", {name: "Ann"})).toBeVisible();
        await page.keyboard.press("F8");
        await page.keyboard.press("Enter");
        const option = page.getByRole("option", {name: /Ann/});
        await expect(option).toHaveAttribute("aria-selected", "true");
        const grounds = () => option.evaluate((row) =>
            [getComputedStyle(row).backgroundColor, getComputedStyle(row.parentElement).backgroundColor]);
        const [own, around] = await grounds();
        expect(own).not.toBe(around);
        if (PICTURES !== undefined) {
            await page.screenshot({path: join(PICTURES, "forced-colours.png")});
        }
        const moving = await page.evaluate(() => document.getAnimations().filter(({playState}) => playState === "running").length);
        expect(moving).toBe(0);
        await person.isAccessible();
        await ann.does("disconnect");
        await person.does(`/me/interactions/${ann.chat}`, {operationName: "Complete"});
    } finally {
        await context.close();
    }
});
