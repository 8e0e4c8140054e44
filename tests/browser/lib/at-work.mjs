// What happens at a desk: customers come, and an agent takes what is offered.

import {expect as impatient} from "./desk.mjs";

/** A machine with two cores runs two programs and two browsers at once. */
const expect = impatient.configure({timeout: 20_000});

/** How often a customer asks for what is new, in ms. */
const ASKS_MS = 10_000;
/** A place in a chat to which none of these tests comes. */
const LATE = 1_000_000;
const CHAT = "/genesys/2/chat/customer-support";

/** Somebody without an account, by the plain requests that customers have. */
export class Customer {
    #staying;

    constructor(origin, nickname) {
        this.origin = origin;
        this.nickname = nickname;
    }

    async #post(path, fields) {
        const body = new URLSearchParams(fields);
        return (await fetch(this.origin + path, {method: "POST", body})).json();
    }

    async begin(subject, data = {}) {
        const fields = {nickname: this.nickname, subject, ...data};
        const {chatId, secureKey} = await this.#post(CHAT, fields);
        this.chat = chatId;
        this.key = secureKey;
    }

    async does(operation, fields = {}) {
        if (operation === "disconnect") {
            clearInterval(this.#staying);
        }
        return this.#post(`${CHAT}/${this.chat}/${operation}`, {secureKey: this.key, ...fields});
    }

    says(message) {
        return this.does("send", {message});
    }

    /** Keeps the chat alive until they leave: who asks for nothing for 45 s has left. */
    stays() {
        const asks = () => this.does("refresh", {transcriptPosition: LATE}).catch(() => {});
        this.#staying = setInterval(asks, ASKS_MS).unref();
    }

    /** What was said in the chat, as the customer reads it. */
    async reads() {
        const {messages} = await this.does("refresh", {transcriptPosition: 1});
        return messages.filter(({type}) => type === "Message").map(({text}) => text);
    }

    writesLetter(subject, text, service = "contact-us") {
        const [firstName, lastName] = [this.nickname || "Jonas", "Falk"];
        const fromAddress = `${firstName.toLowerCase()}@falk.example`;
        const letter = {firstName, lastName, fromAddress, subject, text};
        return this.#post(`/genesys/2/email/${service}`, letter);
    }
}

/** Signs Kate in and makes them Ready. */
export async function goReady(person, page) {
    await person.signIn();
    // Until work has begun the menu offers nothing but to begin.
    await expect(person.state).toHaveAccessibleName(/^Your state: (Not ready|Ready)/);
    await person.state.press("Enter");
    await page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Ready/);
}

/** Takes the oldest offer without a mouse. */
export async function take(page, name) {
    await expect(page.getByRole("article", {name, exact: true})).toBeVisible();
    await page.keyboard.press("F8");
    await page.keyboard.press("Enter");
}

/** A chat of Kate's with a customer, in which they are about to write. */
export async function chatting({person, page, program}, nickname, subject) {
    const customer = new Customer(program.origin, nickname);
    await goReady(person, page);
    await customer.begin(subject);
    customer.stays();
    await take(page, nickname);
    await expect(page.getByRole("textbox", {name: `Message to ${nickname}`})).toBeFocused();
    return customer;
}

/** Ends a chat for good, and waits until the desk has let it go. */
export async function over({person, page}, customer) {
    await customer.does("disconnect");
    await person.does(`/me/interactions/${customer.chat}`, {operationName: "Complete"});
    // In a list that has the focus its row stays, struck through.
    const row = page.locator(`[role="option"][data-id="${customer.chat}"]:not([aria-disabled])`);
    await expect(row).toHaveCount(0);
}

/** Somebody whose offer ends because they leave. */
export async function leaves(page, customer) {
    await customer.does("disconnect");
    const offer = page.getByRole("article", {name: customer.nickname, exact: true});
    await expect(offer).toHaveCount(0);
}
