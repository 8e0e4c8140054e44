// What an agent does at the desk, by the names that a screen reader gives.

import {expect, test as base} from "@playwright/test";

import {RULES, violations} from "./axe.mjs";
import {Program} from "./conversation-program.mjs";

export {expect};

/** What everybody of the demo proves who they are with. */
const PASSWORD = "handoff-demo";

/** How long all rules may take, in ms, on a machine that does other things as well. */
const RULES_MS = 60_000;

/** Somebody in front of the desk. */
export class Person {
    constructor(page, origin) {
        this.page = page;
        this.origin = origin;
        this.allowed = new Set();
        this.userName = page.getByLabel("User name");
        this.password = page.getByLabel("Password");
        this.state = page.getByRole("button", {name: /^Your state: /});
    }

    async visit(path = "/") {
        await this.page.goto(new URL(path, this.origin).href);
    }

    /**
     * Keeps what a region says from now on, and returns how that is asked for: a sentence stands there for 2 s, and a machine that does
     * other things as well may look later.
     */
    async hears(region) {
        const said = await this.page.locator(region).evaluateHandle((element) => {
            const kept = [];
            new MutationObserver(() => kept.push(element.textContent)).observe(element, {childList: true, characterData: true, subtree: true});
            return kept;
        });
        return () => said.jsonValue();
    }

    /** One address elsewhere that the page may ask, because its reader wants it to. */
    lets(address) {
        this.allowed.add(address);
    }

    /** Opens the desk and signs in by name and password. */
    async signIn(name = "kate", word = PASSWORD) {
        await this.visit();
        await this.userName.fill(name);
        await this.password.fill(word);
        await this.page.keyboard.press("Enter");
    }

    /** Asks the API as this person, past the page. */
    reads(path, name = "kate") {
        return this.#asks(path, name, {});
    }

    /** Has something done past the page. */
    does(path, body, name = "kate") {
        const headers = {"content-type": "application/json"};
        return this.#asks(path, name, {method: "POST", body: JSON.stringify(body), headers});
    }

    /** Writes something anew, past the page. */
    puts(path, body, name = "kate") {
        const headers = {"content-type": "application/json"};
        return this.#asks(path, name, {method: "PUT", body: JSON.stringify(body), headers});
    }

    async #asks(path, name, {headers = {}, ...rest}) {
        const authorization = `Basic ${Buffer.from(`${name}:${PASSWORD}`).toString("base64")}`;
        const answer = await fetch(`${this.origin}/api/v2${path}`, {...rest, headers: {...headers, authorization}});
        return answer.json();
    }

    /** Finds nothing wrong, by all rules that a program can check, and no bar to scroll sideways. */
    async isAccessible() {
        // What strangers wrote is not ours to put right, and in its frame no script of the rules runs.
        const found = () => violations(this.page, {tags: RULES, exclude: [".letter-page"]});
        // What fades in is paler at first.
        await expect.poll(found, {timeout: RULES_MS}).toEqual([]);
        const isWide = () => document.documentElement.scrollWidth > window.innerWidth;
        expect(await this.page.evaluate(isWide)).toBe(false);
    }
}

/** One program for the tests of a file, and a person for each. Whatever the page is refused fails. */
export const test = base.extend({
    // A worker goes from file to file, and what the tests of one leave behind is not for the next.
    programOf: [
        async ({}, use) => {
            let kept = {file: null, program: null};
            await use(async (file) => {
                if (kept.file !== file) {
                    await kept.program?.remove();
                    kept = {file, program: await Program.start()};
                }
                return kept.program;
            });
            await kept.program?.remove();
        },
        {scope: "worker"},
    ],
    program: async ({programOf}, use, {file}) => use(await programOf(file)),
    person: async ({page, program}, use) => {
        const refused = [];
        const person = new Person(page, program.origin);
        const isOurs = (address) =>
            address.startsWith(program.origin) || address.startsWith("data:") || person.allowed.has(address);
        page.on("request", (request) => isOurs(request.url()) || refused.push(request.url()));
        page.on("console", (message) =>
            message.text().includes("Content Security Policy") && refused.push(message.text()));
        page.on("pageerror", (error) => refused.push(error.stack));
        await use(person);
        expect(refused).toEqual([]);
    },
});
