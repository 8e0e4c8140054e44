// The customer of a conversation: the widget in a browser behind a relay that can be cut, and a record of all that their page showed them
// and of all that their browser was sent.

import {readFile} from "node:fs/promises";

import {Cut} from "../../interop/lib/cut.mjs";
import {entry} from "./conversation-check.mjs";
import {Customer} from "./widget.mjs";

/** Where the demo's shop is, and whom its widget asks for. */
const SHOP = "/demo/chat";
const SERVICE = "customer-support";

/** How the widget reaches the server: by choice, or because better ways are blocked on the way to it. */
export const WAYS = {
    websocket: async () => {},
    "long-polling": page => page.routeWebSocket(/\/genesys\/cometd/, socket => socket.close()),
    "plain requests": async page => {
        await WAYS["long-polling"](page);
        await page.route("**/genesys/cometd/**", route => route.fulfill({status: 403, body: ""}));
    },
};

/** Somebody at the shop's page. */
export class Visitor extends Customer {
    /** What the browser was sent about the chat, in the order in which it came. */
    received = [];

    /** Opens the shop. */
    static async at(origin, browser, way) {
        // What a browser sends are forms and files as well.
        const line = await Cut.to(origin, {isRead: false});
        const page = await browser.newPage({baseURL: line.origin});
        await WAYS[way](page);
        const visitor = new Visitor(page);
        visitor.line = line;
        visitor.#listen();
        await visitor.visit(SHOP);
        return visitor;
    }

    /** Asks for a chat and begins to record what the page shows. */
    async ask(nickname, subject) {
        await this.start(nickname, subject);
        await this.page.evaluate(record);
        this.chat = await this.credentials();
    }

    /** The messages on the page that are not part of the conversation yet. */
    get unsent() {
        return this.page.locator("handoff-chat .line.pending");
    }

    /** Saves a file that the page shows, and reads it. */
    async saves(name) {
        const download = this.page.waitForEvent("download");
        await this.page.getByRole("button", {name: `Download ${name}`}).click();
        return readFile(await (await download).path(), "utf8");
    }

    /** Everything that the page showed of the conversation: the lines after each change, oldest first. */
    shown() {
        return this.page.evaluate(() => window.shownLines);
    }

    /** The entries that their browser was sent, as they came: after a cut some of them come again. */
    entries() {
        return entriesOf(this.received.flatMap(({messages}) => messages ?? []));
    }

    /** Reads the chat from its beginning, as it is stored, from the program itself. */
    async history(origin) {
        const {chatId, userId, secureKey, alias} = this.chat;
        const body = new URLSearchParams({userId, secureKey, alias, transcriptPosition: "1"});
        const response = await fetch(`${origin}/genesys/2/chat/${SERVICE}/${chatId}/refresh`, {method: "POST", body});
        return entriesOf((await response.json()).messages);
    }

    /** Goes away. */
    async leave() {
        await this.page.close();
        this.line.close();
    }

    /** Both ways in which the widget is answered: over a websocket and by requests. */
    #listen() {
        this.page.on("websocket", socket => socket.on("framereceived", ({payload}) => this.#take(payload)));
        this.page.on("response", async response => {
            // Files come from there as well.
            if (response.url().includes("/genesys/") && response.headers()["content-type"]?.startsWith("application/json")) {
                this.#take(await response.text().catch(() => "[]"));
            }
        });
    }

    #take(text) {
        const answers = [].concat(JSON.parse(text || "[]"));
        this.received.push(...answers.map(answer => answer.data ?? answer));
    }
}

/** What has no index is told in passing, and no entry. */
function entriesOf(messages) {
    return messages.map(entry).filter(({index}) => index > 0);
}

/** Runs in the page: notes the lines whenever one comes, goes or moves. Messages that are still to be sent are no lines yet. */
function record() {
    const lines = document.querySelector("handoff-chat").shadowRoot.querySelector(".lines");
    const words = element => element?.textContent ?? "";
    const read = line => {
        const said = line.querySelector(".file-name") ?? line.querySelector(".bubble");
        return said === null ? words(line) : `${words(line.querySelector(".author"))}: ${words(said)}`;
    };
    const note = () => window.shownLines.push([...lines.children].filter(line => !line.classList.contains("pending")).map(read));
    window.shownLines = [];
    note();
    new MutationObserver(note).observe(lines, {childList: true});
}
