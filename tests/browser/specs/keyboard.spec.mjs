// A whole day without a mouse: every step is a key, and the page is never pointed at.

import {Customer} from "../lib/at-work.mjs";
import {expect as impatient, test} from "../lib/desk.mjs";

test.describe.configure({mode: "default", timeout: 180_000});
const expect = impatient.configure({timeout: 20_000});

/** More parts than the page has. */
const PARTS_MAX = 10;

class Keys {
    constructor(page) {
        this.page = page;
    }

    async press(...keys) {
        for (const key of keys) {
            await this.page.keyboard.press(key);
        }
    }

    type(text) {
        return this.page.keyboard.type(text);
    }

    /** Runs a command of the box. */
    async command(words, name) {
        await this.press("F2");
        await expect(this.page.getByRole("searchbox", {name: "Search work or type a command"})).toBeFocused();
        await this.type(words);
        const option = this.page.getByRole("option", {name, exact: true});
        await expect(option).toBeVisible();
        for (let presses = 0; await option.getAttribute("aria-selected") !== "true"; presses += 1) {
            expect(presses, `no way to ${name}`).toBeLessThan(PARTS_MAX);
            await this.press("ArrowDown");
        }
        await this.press("Enter");
    }

    /** Goes on from part to part until one has the focus. */
    async toPart(part) {
        const here = () => this.page.evaluate(() => document.activeElement?.closest("[data-part]")?.getAttribute("data-part"));
        for (let presses = 0; await here() !== part; presses += 1) {
            expect(presses, `no way to ${part}`).toBeLessThan(PARTS_MAX);
            await this.press("Shift+F6");
        }
    }

    async accept(name) {
        const offer = this.page.getByRole("region", {name: "Offers"}).getByRole("article", {name});
        await expect(offer).toBeVisible();
        await this.press("F8", "Enter");
        await expect(offer).toHaveCount(0);
    }
}

test("a whole day by keys alone", async ({page, person, program}) => {
    const pointed = [];
    await page.exposeFunction("handoffPointed", (what) => pointed.push(what));
    await page.addInitScript(() => {
        for (const type of ["pointerdown", "mousedown", "pointermove", "wheel", "touchstart"]) {
            addEventListener(type, () => window.handoffPointed(type), true);
        }
    });
    const keys = new Keys(page);
    // What is done stays in its place, struck through, while the focus is in the list.
    const row = (text) => page.locator("[role=option]:not([aria-disabled=true])", {hasText: text});

    // Sign in, and be Ready.
    await person.visit();
    await expect(person.userName).toBeFocused();
    await keys.type("kate");
    await keys.press("Tab");
    await keys.type("handoff-demo");
    await keys.press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await keys.command("ready", "Ready");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);

    // A chat: two lines, a note, and then it is Ben's.
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("Parcel not arrived");
    await keys.accept("Ann");
    const box = page.getByRole("textbox", {name: "Message to Ann"});
    await expect(box).toBeFocused();
    await keys.type("Hello");
    await keys.press("Shift+Enter");
    await keys.type("Ann");
    await keys.press("Enter");
    await expect.poll(() => ann.reads()).toEqual(["Hello\nAnn"]);
    await keys.press("Shift+Tab", "ArrowRight");
    await expect(page.getByRole("radio", {name: "To agents only"})).toBeChecked();
    await keys.press("Tab");
    await expect(box).toBeFocused();
    await keys.type("a note");
    await keys.press("Enter");
    await expect(page.getByRole("log").getByText("Only agents see this")).toBeVisible();
    await keys.press("Escape");
    await expect(page.getByRole("log")).toBeFocused();
    await keys.press("t");
    const dialog = page.getByRole("dialog", {name: "Transfer"});
    await expect(dialog.getByRole("combobox", {name: "To whom"})).toBeFocused();
    await keys.type("demo");
    await expect(dialog.getByRole("option")).toHaveCount(1);
    await keys.press("ArrowDown", "Control+Enter");
    await expect(dialog).toHaveCount(0);
    await expect(row("Ann")).toHaveCount(0);
    await expect.poll(() => ann.reads()).toContainEqual(expect.stringContaining("This is Ben (demo)"));
    await ann.does("disconnect");

    // A letter: answered, and complete.
    const jonas = new Customer(program.origin, "Jonas");
    const {id} = await jonas.writesLetter("Invoice 2031", "I was charged twice.");
    await keys.accept("Jonas Falk");
    await expect(row("Jonas Falk")).toBeVisible();
    await keys.toPart("list");
    await keys.press("r");
    await expect(page.getByRole("textbox", {name: "Letter to Jonas Falk"})).toBeFocused();
    await keys.type("You are right.");
    await keys.press("Control+Enter");
    await expect(page.getByRole("form", {name: /^Draft to/})).toHaveCount(0);
    const letters = async () => (await person.reads(`/interactions/${id}/thread?fields=*`, "sam")).interactions;
    await expect.poll(async () => (await letters()).filter(({state}) => state === "Sent").length).toBe(1);
    await keys.toPart("list");
    await keys.press("c");
    await expect(row("Jonas Falk")).toHaveCount(0);

    // Work items: one is done, one is parked.
    for (const subject of ["Refund 4711", "Refund 4712"]) {
        await person.does("/interactions", {operationName: "Create", channel: "workitem", queueName: "tasks", subject}, "intake");
        await keys.accept(subject);
        await expect(row(subject)).toBeVisible();
    }
    await keys.toPart("list");
    await keys.press("End");
    await expect(page.getByRole("heading", {level: 1})).toContainText("Refund");
    const [done, parked] = (await page.getByRole("heading", {level: 1}).textContent()).includes("4711") ? ["4711", "4712"] : ["4712", "4711"];
    await keys.press("c");
    await expect(row(done)).toHaveCount(0);
    // The next one is there by itself.
    await expect(page.getByRole("heading", {level: 1})).toContainText(parked);
    await keys.toPart("list");
    await keys.press("p");
    await expect(page.getByRole("dialog", {name: "Park"})).toBeVisible();
    await keys.press("Control+Enter");
    await expect(page.getByRole("dialog", {name: "Park"})).toHaveCount(0);
    await expect(row(parked)).toHaveCount(0);

    // The keys, the settings, and home.
    await keys.command("keyboard", "Keyboard shortcuts");
    await expect(page.getByRole("dialog", {name: "Keyboard shortcuts"})).toBeVisible();
    await keys.press("Escape");
    await keys.command("settings", "Settings");
    await expect(page.getByRole("dialog", {name: "Settings"})).toBeVisible();
    await keys.press("Escape");
    await keys.command("end work", "End work");
    const end = page.getByRole("dialog", {name: "End work?"}).getByRole("button", {name: "End work"});
    await expect(end).toBeVisible();
    for (let presses = 0; presses < PARTS_MAX && !await end.evaluate((button) => button === document.activeElement); presses += 1) {
        await keys.press("Tab");
    }
    await keys.press("Enter");
    await expect(person.userName).toBeVisible();
    expect(pointed).toEqual([]);
});
