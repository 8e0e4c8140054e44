// What went wrong, a line for each thing: it stays to be read until the customer puts it away, or until it is not so any more.

import type {Words} from "../languages.ts";
import {button, iconButton, make, show} from "./dom.ts";

/** More lines would leave no room for the conversation; the oldest makes way. */
const LINES_MAX = 8;

/** The lines. */
export class Troubles {
    readonly element = make("div", {class: "trouble", role: "alert"});
    readonly #lines = new Map<string, HTMLElement>();
    readonly #words: Words;

    constructor(words: Words) {
        this.#words = words;
        show(this.element, false);
    }

    /** Says something; what was said under the same name before is replaced. */
    say(name: string, text: string, again?: () => void): void {
        const before = this.#lines.get(name);
        if (before?.firstElementChild?.textContent === text && again === undefined) {
            return;
        }
        this.take(name);
        const line = make("div", {class: "trouble-line"}, make("p", {dir: "auto"}, text));
        if (again !== undefined) {
            line.append(
                button(this.#words.tryAgain, "text-button", () => {
                    this.take(name);
                    again();
                }),
            );
        }
        line.append(iconButton("close", this.#words.dismiss, "icon-button small", () => this.take(name)));
        this.#lines.set(name, line);
        this.element.append(line);
        const oldest = this.#lines.keys().next().value;
        if (this.#lines.size > LINES_MAX && oldest !== undefined) {
            this.take(oldest);
        }
        show(this.element, true);
    }

    /** Takes a line away. */
    take(name: string): void {
        this.#lines.get(name)?.remove();
        this.#lines.delete(name);
        show(this.element, this.#lines.size > 0);
    }

    /** Takes all lines away: they were of another chat. */
    clear(): void {
        [...this.#lines.keys()].forEach((name) => this.take(name));
    }
}
