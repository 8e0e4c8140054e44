// What a customer does with the widget, by the names that a screen reader gives; and the program and the agent that they meet.

import {expect, test as base} from "@playwright/test";

import {Program} from "./conversation-program.mjs";
import {OtherSide, comeToWork} from "./other-side.mjs";
import {OwnCenter} from "./own-center.mjs";

export {expect};

/** A customer in front of a shop's page. */
export class Customer {
    constructor(page) {
        this.page = page;
        this.launcher = page.locator("handoff-chat .launcher");
        this.dialog = page.getByRole("dialog");
        this.log = page.getByRole("log");
        this.message = page.getByRole("textbox", {name: "Message", exact: true});
        this.status = page.locator("handoff-chat").getByRole("status");
    }

    async visit(path = "/demo/chat") {
        await this.page.goto(path);
        await expect(this.launcher).toBeVisible();
    }

    /** Visits a page of a shop that is no demo, whose widget is for this service. */
    async visitShop(service, attributes = "") {
        const body = `<!doctype html><html lang="en"><title>A shop</title><script src="/chat/widget.js" data-service="${service}" ${attributes} defer></script><h1>A shop</h1></html>`;
        await this.page.route(`**/shop/${service}`, (route) => route.fulfill({contentType: "text/html", body}));
        await this.visit(`/shop/${service}`);
    }

    async start(nickname = "Ann Example", subject = "My fern is sad") {
        await this.launcher.click();
        await this.page.getByRole("textbox", {name: "Name", exact: true}).fill(nickname);
        await this.page.getByRole("textbox", {name: /How can we help/}).fill(subject);
        await this.page.getByRole("button", {name: "Start chat"}).click();
        await expect(this.message).toBeVisible();
    }

    async say(text) {
        await this.message.fill(text);
        await this.message.press("Enter");
    }

    /** Goes to no page in the same tab, and comes back when something else is done: then the widget reads everything at once. */
    async whileAway(happens) {
        const shop = this.page.url();
        await this.page.goto("about:blank");
        await happens();
        await this.page.goto(shop);
        await expect(this.message).toBeVisible();
    }

    /** Chooses a file to send. */
    async attach(name, text) {
        const chooser = this.page.waitForEvent("filechooser");
        await this.page.getByRole("button", {name: "Attach a file"}).click();
        await (await chooser).setFiles({name, mimeType: "text/plain", buffer: Buffer.from(text)});
    }

    /** Waits until the visitor has the chat's credentials, and gives them. */
    async credentials() {
        await expect.poll(() => this.#remembered(), "the visitor has a chat").toBeTruthy();
        return this.#remembered();
    }

    #remembered() {
        return this.page.evaluate(() => {
            const key = Object.keys(localStorage).find((name) => name.startsWith("handoff-chat:"));
            return key === undefined ? undefined : JSON.parse(localStorage.getItem(key))?.credentials;
        });
    }
}

/** Does something in a chat past the widget, as another program would that has the chat's key; gives the answer. */
export async function asksAs({chatId, secureKey}, origin, service, operation, fields) {
    const body = new FormData();
    Object.entries({secureKey, ...fields}).forEach(([name, value]) => body.set(name, value));
    const response = await fetch(`${origin}/genesys/2/chat/${service}/${chatId}/${operation}`, {method: "POST", body});
    return response.json();
}

/** Tests get a customer at the demo's shop, and the agent on the other side. Each worker has a program of its own. */
export const test = base.extend({
    program: [async ({}, use) => serve(await Program.start(), use), {scope: "worker"}],
    desk: [
        async ({program}, use) => {
            const desk = await comeToWork(program.origin);
            await use(desk);
            desk.leave();
        },
        {scope: "worker"},
    ],
    baseURL: async ({program}, use) => use(program.origin),
    customer: async ({page, program}, use, info) => {
        await use(new Customer(page));
        if (info.status !== info.expectedStatus) {
            await info.attach("the program's log", {body: await program.log()});
        }
    },
    agent: async ({program, desk, customer}, use) => {
        const agent = new OtherSide(program.origin, desk, customer);
        await use(agent);
        await agent.finish();
    },
});

/** The same with a server that has services of its own. */
export const testOwnCenter = test.extend({
    program: [async ({}, use) => serve(await OwnCenter.start(), use), {scope: "worker"}],
});

async function serve(program, use) {
    await use(program);
    await program.remove();
}
