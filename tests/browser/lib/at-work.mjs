// What happens at a desk: customers come, and an agent takes what is offered.

import {expect as impatient} from "./desk.mjs";

/** A machine with two cores runs two programs and two browsers at once. */
const expect = impatient.configure({timeout: 20_000});

const CHAT = "/genesys/2/chat/customer-support";

/** Somebody without an account, by the plain requests that customers have. */
export class Customer {
    constructor(origin, nickname) {
        this.origin = origin;
        this.nickname = nickname;
    }

    async #post(path, fields) {
        const body = new URLSearchParams(fields);
        return (await fetch(this.origin + path, {method: "POST", body})).json();
    }

    async begin(subject) {
        const {chatId, secureKey} = await this.#post(CHAT, {nickname: this.nickname, subject});
        this.chat = chatId;
        this.key = secureKey;
    }

    async does(operation, fields = {}) {
        return this.#post(`${CHAT}/${this.chat}/${operation}`, {secureKey: this.key, ...fields});
    }

    says(message) {
        return this.does("send", {message});
    }

    /** What was said in the chat, as the customer reads it. */
    async reads() {
        const {messages} = await this.does("refresh", {transcriptPosition: 1});
        return messages.filter(({type}) => type === "Message").map(({text}) => text);
    }

    writesLetter(subject, text) {
        const [firstName, lastName] = [this.nickname || "Jonas", "Falk"];
        const fromAddress = `${firstName.toLowerCase()}@falk.example`;
        const letter = {firstName, lastName, fromAddress, subject, text};
        return this.#post("/genesys/2/email/contact-us", letter);
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
