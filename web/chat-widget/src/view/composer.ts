// Where the customer writes and attaches.

import {cleanMessage} from "../text.ts";
import type {Words} from "../languages.ts";
import {drawing, iconButton, make, show} from "./dom.ts";

/** Longest message, in UTF-16 units: never more than the server's 4,096 characters. */
const MESSAGE_LENGTH_MAX = 4_096;

/** What the composer asks for. */
export interface ComposerActions {
    /** False when the message cannot be taken now; it then stays in the field. */
    say(text: string): boolean;
    types(hasText: boolean): void;
    attach(files: File[]): void;
}

/** The field, its buttons, and the hidden chooser of files. */
export class Composer {
    readonly element: HTMLFormElement;
    readonly #field: HTMLTextAreaElement;
    readonly #attach: HTMLButtonElement;
    readonly #chooser = make("input", {type: "file", multiple: true, hidden: true, tabindex: "-1"});
    readonly #actions: ComposerActions;

    constructor(words: Words, actions: ComposerActions) {
        this.#actions = actions;
        this.#field = make("textarea", {
            class: "message",
            rows: "1",
            dir: "auto",
            "aria-label": words.message,
            placeholder: words.messagePlaceholder,
            maxlength: String(MESSAGE_LENGTH_MAX),
            enterkeyhint: "send",
        });
        this.#attach = iconButton("attach", words.attach, "icon-button", () => this.#chooser.click());
        const send = make("button", {type: "submit", class: "icon-button send", "aria-label": words.send, title: words.send}, drawing("send"));
        this.element = make("form", {class: "composer"}, this.#attach, this.#chooser, this.#field, send);
        this.#listen();
    }

    /** Whether files can be sent in this chat. */
    allowFiles(isAllowed: boolean, types: string[]): void {
        show(this.#attach, isAllowed);
        this.#chooser.accept = types.map((type) => `.${type}`).join(",");
    }

    /** Puts a refused message back for editing, before what was typed since. */
    restore(text: string): void {
        this.#field.value = this.#field.value === "" ? text : `${text}\n${this.#field.value}`;
        this.#grow();
        this.focus();
    }

    focus(): void {
        this.#field.focus();
    }

    #listen(): void {
        this.element.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#send();
        });
        this.#field.addEventListener("keydown", (event) => {
            // An input method's Enter chooses a word; it does not send.
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
                event.preventDefault();
                this.#send();
            }
        });
        this.#field.addEventListener("input", () => {
            this.#grow();
            this.#actions.types(this.#field.value.trim() !== "");
        });
        this.#chooser.addEventListener("change", () => {
            this.#actions.attach([...(this.#chooser.files ?? [])]);
            this.#chooser.value = "";
            this.focus();
        });
    }

    #send(): void {
        const text = cleanMessage(this.#field.value);
        if (text !== "" && this.#actions.say(text)) {
            this.#field.value = "";
            this.#grow();
        }
    }

    /** One line to five, by what is in it. */
    #grow(): void {
        this.#field.rows = Math.min(5, Math.max(1, this.#field.value.split("\n").length, Math.ceil(this.#field.value.length / 38)));
    }
}
