// Questions with one answer each: a label, a field, what is wrong with the answer, and a count when it is too long. Nothing is cut off.

import {fill, type Language} from "../languages.ts";
import {cleanMessage} from "../text.ts";
import {make, show, write} from "./dom.ts";
import {fit, keepFitting} from "./grow.ts";

/** What to ask. */
export interface Question {
    name: string;
    label: string;
    isRequired: boolean;
    kind: "text" | "email" | "long";
    autocomplete: string;
    /** How many characters the server takes. */
    most: number;
}

/** One question on the page. */
export class Answer {
    readonly element: HTMLElement;
    readonly #input: HTMLInputElement | HTMLTextAreaElement;
    readonly #error: HTMLElement;
    readonly #question: Question;
    readonly #language: Language;

    constructor(question: Question, prefix: string, language: Language, changed: () => void) {
        const id = `${prefix}-${question.name}`;
        const attributes = {
            id,
            name: question.name,
            autocomplete: question.autocomplete,
            dir: "auto",
            "aria-required": String(question.isRequired),
            "aria-describedby": `${id}-error`,
        };
        this.#question = question;
        this.#language = language;
        this.#input =
            question.kind === "long"
                ? make("textarea", {...attributes, rows: "1"})
                : make("input", {...attributes, type: question.kind, enterkeyhint: "go"});
        this.#error = make("p", {id: `${id}-error`, class: "field-error"});
        show(this.#error, false);
        const note = question.isRequired ? undefined : make("span", {class: "note"}, ` (${language.words.optional})`);
        this.element = make("div", {class: "field"}, make("label", {for: id}, question.label, note), this.#input, this.#error);
        if (this.#input instanceof HTMLTextAreaElement) {
            keepFitting(this.#input);
        }
        this.#input.addEventListener("input", () => {
            // Typing takes a complaint away as soon as it is not true any more, and brings one only when nothing more fits.
            if (!this.#error.hidden || this.#isTooLong()) {
                this.check();
            }
            changed();
        });
    }

    /** The answer, as it would be sent. */
    get text(): string {
        return cleanMessage(this.#input.value);
    }

    /** What is in the field. */
    get draft(): string {
        return this.#input.value;
    }

    set draft(text: string) {
        this.#input.value = text;
        if (this.#input instanceof HTMLTextAreaElement) {
            fit(this.#input);
        }
    }

    focus(): void {
        this.#input.focus();
    }

    /** Whether the answer will do; says why not. */
    check(): boolean {
        const {words} = this.#language;
        const {isRequired, kind, most} = this.#question;
        const {text} = this;
        const isNoAddress = kind === "email" && text !== "" && !this.#input.validity.valid;
        const wrong = isRequired && text === "" ? words.required : isNoAddress ? words.emailInvalid : "";
        const said = this.#isTooLong() ? tooLong(text, most, this.#language) : wrong;
        write(this.#error, said);
        show(this.#error, said !== "");
        this.#input.setAttribute("aria-invalid", String(said !== ""));
        return said === "";
    }

    #isTooLong(): boolean {
        return characters(this.text) > this.#question.most;
    }
}

/** How many characters a text has as the server counts them. */
export function characters(text: string): number {
    return [...text].length;
}

/** Says by how much a text is too long. */
export function tooLong(text: string, most: number, {words, tag}: Language): string {
    const count = characters(text);
    const number = (value: number) => value.toLocaleString(tag);
    return fill(words.tooLong, {count: number(count), most: number(most), over: number(count - most)});
}

/** Puts the cursor into the first answer that will not do; whether all do. */
export function checkAll(answers: Answer[]): boolean {
    const wrong = answers.filter((answer) => !answer.check());
    wrong[0]?.focus();
    return wrong.length === 0;
}

/** Whether a key press is an Enter that means it. An input method's Enter chooses a word: in Safari the end of the composition comes before
 * the key, which then is only known by its code, 229. */
export function isEnter(event: KeyboardEvent): boolean {
    return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

/** Has a form do something on its button or on Enter, without the browser's own way of sending forms: frames may forbid that one, and then
 * nothing would happen at all. */
export function onSubmit(form: HTMLElement, button: HTMLButtonElement, run: () => void): void {
    form.addEventListener("submit", (event) => event.preventDefault());
    button.addEventListener("click", (event) => {
        event.preventDefault();
        run();
    });
    form.addEventListener("keydown", (event) => {
        if (isEnter(event) && event.target instanceof HTMLInputElement) {
            event.preventDefault();
            run();
        }
    });
}
