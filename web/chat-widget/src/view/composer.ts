// Where the customer writes and attaches.

import {cleanMessage} from "../text.ts";
import type {Language} from "../languages.ts";
import {iconButton, make, show, write} from "./dom.ts";
import {characters, isEnter, tooLong} from "./fields.ts";
import {fit, keepFitting} from "./grow.ts";

/** Longest message, in characters, as the server counts them. */
const MESSAGE_CHARS_MAX = 4_096;

/** What the composer asks for. */
export interface ComposerActions {
    /** False when the message cannot be taken now; it then stays in the field. */
    say(text: string): boolean;
    /** A message that is not sent, and why. */
    complain(text: string): void;
    types(hasText: boolean): void;
    attach(files: File[]): void;
    /** What is in the field now, to be kept. */
    drafts(text: string): void;
}

/** The field, its buttons, and the hidden chooser of files. */
export class Composer {
    readonly element: HTMLElement;
    readonly #field: HTMLTextAreaElement;
    readonly #attach: HTMLButtonElement;
    readonly #chooser = make("input", {type: "file", multiple: true, hidden: true, tabindex: "-1"});
    readonly #count = make("p", {id: "count", class: "count"});
    readonly #language: Language;
    readonly #actions: ComposerActions;

    constructor(language: Language, actions: ComposerActions) {
        const {words} = language;
        this.#language = language;
        this.#actions = actions;
        this.#field = make("textarea", {
            class: "message",
            rows: "1",
            dir: "auto",
            "aria-label": words.message,
            "aria-describedby": "count",
            placeholder: words.messagePlaceholder,
            enterkeyhint: "send",
        });
        this.#attach = iconButton("attach", words.attach, "icon-button", () => this.#chooser.click());
        const send = iconButton("send", words.send, "icon-button send", () => this.#send());
        const row = make("div", {class: "composer-row"}, this.#attach, this.#chooser, this.#field, send);
        this.element = make("div", {class: "composer"}, this.#count, row);
        show(this.#count, false);
        keepFitting(this.#field);
        this.#listen();
    }

    /** What is in the field. */
    get text(): string {
        return cleanMessage(this.#field.value);
    }

    /** Puts back what was there before the page was loaded. */
    set draft(text: string) {
        this.#field.value = text;
        this.#changed();
    }

    /** Whether files can be sent in this chat. */
    allowFiles(isAllowed: boolean, types: string[]): void {
        show(this.#attach, isAllowed);
        this.#chooser.accept = types.map((type) => `.${type}`).join(",");
    }

    /** Puts a refused message back for editing, before what was typed since. */
    restore(text: string): void {
        this.#field.value = this.#field.value === "" ? text : `${text}\n${this.#field.value}`;
        this.#changed();
        this.focus();
    }

    focus(): void {
        this.#field.focus();
    }

    #listen(): void {
        this.#field.addEventListener("keydown", (event) => {
            if (isEnter(event)) {
                event.preventDefault();
                this.#send();
            }
        });
        this.#field.addEventListener("input", () => {
            this.#changed();
            this.#actions.types(this.#field.value.trim() !== "");
        });
        this.#field.addEventListener("paste", (event) => {
            const files = pastedFiles(event.clipboardData);
            if (files.length > 0) {
                event.preventDefault();
                this.#actions.attach(files);
            }
        });
        this.#chooser.addEventListener("change", () => {
            this.#actions.attach([...(this.#chooser.files ?? [])]);
            this.#chooser.value = "";
            this.focus();
        });
    }

    #send(): void {
        const {text} = this;
        if (characters(text) > MESSAGE_CHARS_MAX) {
            this.#actions.complain(tooLong(text, MESSAGE_CHARS_MAX, this.#language));
            this.focus();
        } else if (text !== "" && this.#actions.say(text)) {
            this.#field.value = "";
            this.#changed();
        }
    }

    #changed(): void {
        const {text} = this;
        const isOver = characters(text) > MESSAGE_CHARS_MAX;
        write(this.#count, isOver ? tooLong(text, MESSAGE_CHARS_MAX, this.#language) : "");
        show(this.#count, isOver);
        this.#field.setAttribute("aria-invalid", String(isOver));
        fit(this.#field);
        this.#actions.drafts(this.#field.value);
    }
}

/** The files of a clipboard. Office programs put a picture of the text beside the text itself: then the text is what is meant. */
function pastedFiles(data: DataTransfer | null): File[] {
    const isText = data !== null && data.types.includes("text/plain") && data.types.includes("text/html");
    return data === null || isText ? [] : [...data.files];
}
