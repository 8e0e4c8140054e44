// An agent at the desk who has no mouse: what they do, by keys alone.

import {expect as impatient} from "@playwright/test";

import {Person} from "../lib/desk.mjs";

/** How long a step may take, in ms: a killed program starts again meanwhile. */
const STEP_MS = 60_000;
/** How long one waits for what a key does before it is pressed again, in ms. */
const PRESS_MS = 5_000;
const expect = impatient.configure({timeout: STEP_MS});

export class Hands {
    constructor(page, origin) {
        this.page = page;
        this.person = new Person(page, origin);
    }

    /** Signs in where nobody is, and is Ready. */
    async comeToWork() {
        await this.person.signIn();
        await expect(this.person.state).toHaveAccessibleName(/^Your state: (Not ready|Ready)/);
        await this.goReady();
    }

    async goReady() {
        await this.person.state.press("Enter");
        await this.page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
        await expect(this.person.state).toHaveAccessibleName(/^Your state: Ready/);
    }

    /** Accepts what is offered, and waits until the desk has it. */
    async take(name, id) {
        await expect(this.page.getByRole("article", {name})).toBeVisible();
        await this.page.keyboard.press("F8");
        await this.page.keyboard.press("Enter");
        await expect(this.row(id)).toBeVisible();
    }

    row(id) {
        return this.page.locator(`[role="option"][data-id="${id}"]`);
    }

    /** Opens a row of the list. */
    async open(id) {
        await this.row(id).focus();
        await this.page.keyboard.press("Enter");
        await expect(this.row(id)).toHaveAttribute("aria-selected", "true");
    }

    box(name) {
        return this.page.getByRole("textbox", {name: `Message to ${name}`});
    }

    /** Begins the answer to a letter, and gives the box for it. */
    async reply(id) {
        await this.row(id).focus();
        await this.page.keyboard.press("r");
        return this.letter();
    }

    letter() {
        return this.page.getByRole("textbox", {name: /^Letter to /});
    }

    /**
     * Completes what is open, once it can be. A key that comes in the moment when the button is
     * drawn anew does nothing: whoever sees that presses again.
     */
    async complete(id) {
        const button = this.page.getByRole("button", {name: "Complete"});
        await expect(async () => {
            if (await this.row(id).getAttribute("aria-selected", {timeout: 100}).catch(() => null) === "true") {
                await expect(button).not.toHaveAttribute("aria-disabled", "true", {timeout: PRESS_MS});
                await button.press("Enter", {timeout: PRESS_MS});
            }
            await expect(this.row(id)).toHaveCount(0, {timeout: PRESS_MS});
        }).toPass({timeout: STEP_MS});
    }
}
