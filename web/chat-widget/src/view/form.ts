// The form that comes before a chat.

import type {Customer, Problem} from "../chat.ts";
import {cleanMessage} from "../text.ts";
import type {Words} from "../languages.ts";
import type {Field} from "../options.ts";
import {button, make, show, write} from "./dom.ts";

/** Longest answer to a question of the form. */
const ANSWER_LENGTH_MAX = 200;

const AUTOCOMPLETE: Record<Field["name"], string> = {
    nickname: "name",
    firstName: "given-name",
    lastName: "family-name",
    emailAddress: "email",
    subject: "off",
};

/** The start form. */
export class StartForm {
    readonly element: HTMLFormElement;
    readonly #problem = make("div", {class: "problem", role: "alert"});
    readonly #start: HTMLButtonElement;
    readonly #cancel: HTMLButtonElement;
    readonly #inputs = new Map<Field, {input: HTMLInputElement; error: HTMLElement}>();
    readonly #words: Words;

    constructor(fields: Field[], words: Words, start: (customer: Customer) => void, cancel: () => void) {
        this.#words = words;
        this.#start = make("button", {type: "submit", class: "primary wide"}, words.start);
        this.#cancel = button(words.cancel, "secondary wide", cancel);
        const rows = fields.map((field) => this.#row(field));
        this.element = make(
            "form",
            {class: "form", novalidate: true},
            make("p", {class: "intro"}, words.intro),
            this.#problem,
            ...rows,
            make("div", {class: "form-actions"}, this.#start, this.#cancel),
        );
        this.element.addEventListener("submit", (event) => {
            event.preventDefault();
            if (this.#isValid()) {
                start(this.#customer());
            }
        });
    }

    /** Shows whether a chat is being asked for, and why there is none. */
    update(isStarting: boolean, isSlow: boolean, problem: Problem | undefined): void {
        write(this.#start, isStarting ? this.#words.starting : this.#words.start);
        this.#start.setAttribute("aria-disabled", String(isStarting));
        show(this.#cancel, isStarting && isSlow);
        show(this.#problem, problem !== undefined);
        const key = problem === undefined ? "" : `${problem.kind} ${problem.advice}`;
        if (this.#problem.dataset["key"] !== key) {
            this.#problem.dataset["key"] = key;
            // What the widget has its own words for is said in the reader's language alone; of the rest only the server knows what it is.
            const advice = problem?.kind === "refused" ? make("p", {dir: "auto"}, problem.advice) : "";
            this.#problem.replaceChildren(...(problem === undefined ? [] : [make("strong", {}, this.#words[problem.kind]), advice]));
        }
    }

    /** Puts the cursor where the first answer goes. */
    focus(): void {
        const first = this.#inputs.values().next().value;
        (first?.input ?? this.#start).focus();
    }

    #row(field: Field): HTMLElement {
        const id = `field-${field.name}`;
        const input = make("input", {
            id,
            name: field.name,
            type: field.name === "emailAddress" ? "email" : "text",
            autocomplete: AUTOCOMPLETE[field.name],
            maxlength: String(ANSWER_LENGTH_MAX),
            dir: "auto",
            "aria-required": String(field.isRequired),
            "aria-describedby": `${id}-error`,
        });
        const error = make("p", {id: `${id}-error`, class: "field-error"});
        show(error, false);
        this.#inputs.set(field, {input, error});
        const note = field.isRequired ? undefined : make("span", {class: "note"}, ` (${this.#words.optional})`);
        return make("div", {class: "field"}, make("label", {for: id}, this.#words[field.name], note), input, error);
    }

    #isValid(): boolean {
        let firstWrong: HTMLInputElement | undefined;
        for (const [field, {input, error}] of this.#inputs) {
            const text = cleanMessage(input.value);
            const isMissing = field.isRequired && text === "";
            const isNoAddress = field.name === "emailAddress" && text !== "" && !input.validity.valid;
            write(error, isMissing ? this.#words.required : isNoAddress ? this.#words.emailInvalid : "");
            show(error, isMissing || isNoAddress);
            input.setAttribute("aria-invalid", String(isMissing || isNoAddress));
            firstWrong ??= isMissing || isNoAddress ? input : undefined;
        }
        firstWrong?.focus();
        return firstWrong === undefined;
    }

    #customer(): Customer {
        const customer: Customer = {};
        for (const [field, {input}] of this.#inputs) {
            const text = cleanMessage(input.value);
            if (text !== "") {
                customer[field.name] = text;
            }
        }
        return customer;
    }
}
