// The form that comes before a chat.

import {explain} from "../availability.ts";
import type {Chat, Customer} from "../chat.ts";
import type {Language} from "../languages.ts";
import type {Field} from "../options.ts";
import {button, make, show, write} from "./dom.ts";
import {Answer, checkAll, onSubmit, type Question} from "./fields.ts";

/** What the server takes: a name, and the text of a question, in characters. */
const NAME_CHARS_MAX = 255;
const QUESTION_CHARS_MAX = 1_000;

const AUTOCOMPLETE: Record<Field["name"], string> = {
    nickname: "name",
    firstName: "given-name",
    lastName: "family-name",
    emailAddress: "email",
    subject: "off",
};

/** What the form asks for. */
export interface FormActions {
    start(customer: Customer): void;
    cancel(): void;
    leaveMessage(): void;
    drafts(answers: Customer): void;
}

/** The start form. */
export class StartForm {
    readonly element: HTMLFormElement;
    readonly #intro: HTMLElement;
    readonly #notice = make("div", {class: "whereabouts", role: "status"});
    readonly #problem = make("div", {class: "problem", role: "alert"});
    readonly #start: HTMLButtonElement;
    readonly #cancel: HTMLButtonElement;
    readonly #leave: HTMLButtonElement;
    readonly #answers = new Map<Field["name"], Answer>();
    readonly #language: Language;

    constructor(fields: Field[], language: Language, actions: FormActions) {
        const {words} = language;
        this.#language = language;
        this.#intro = make("p", {class: "intro"}, words.intro);
        this.#start = make("button", {type: "submit", class: "primary wide"}, words.start);
        this.#cancel = button(words.cancel, "secondary wide", actions.cancel);
        this.#leave = button(words.leaveMessage, "primary wide", actions.leaveMessage);
        for (const field of fields) {
            const changed = () => actions.drafts(this.drafts);
            this.#answers.set(field.name, new Answer(question(field, language), "field", language, changed));
        }
        this.element = make(
            "form",
            {class: "form", novalidate: true},
            this.#intro,
            this.#notice,
            this.#problem,
            ...[...this.#answers.values()].map((answer) => answer.element),
            make("div", {class: "form-actions"}, this.#leave, this.#start, this.#cancel),
        );
        onSubmit(this.element, this.#start, () => {
            if (checkAll([...this.#answers.values()])) {
                actions.start(this.customer);
            }
        });
    }

    /** What was answered. */
    get customer(): Customer {
        const answered = [...this.#answers].filter(([, answer]) => answer.text !== "");
        return Object.fromEntries(answered.map(([name, answer]) => [name, answer.text]));
    }

    /** What is in the fields. */
    get drafts(): Customer {
        return Object.fromEntries([...this.#answers].map(([name, answer]) => [name, answer.draft]));
    }

    /** Puts back what was half written. */
    fill(customer: Customer): void {
        for (const [name, answer] of this.#answers) {
            answer.draft = customer[name] ?? answer.draft;
        }
    }

    /** Shows whether a chat is being asked for, why there is none, and whether somebody would be there. */
    update({phase, problem, availability, isAvailabilityKnown}: Chat, isSlow: boolean): void {
        const {words} = this.#language;
        const isStarting = phase === "starting";
        const said = explain(availability, this.#language);
        const isProblem = problem !== undefined && (problem.kind === "refused" || said.length === 0);
        write(this.#start, isStarting ? words.starting : words.start);
        this.#start.setAttribute("aria-disabled", String(isStarting));
        show(this.#cancel, isStarting && isSlow);
        const canLeave = said.length > 0 && availability?.leaveMessage !== undefined && !isStarting;
        show(this.#leave, canLeave);
        this.#start.classList.toggle("quiet", canLeave);
        // Somebody from the team will be there: that is only said when it is so.
        show(this.#intro, said.length === 0);
        this.#intro.classList.toggle("open-question", !isAvailabilityKnown);
        show(this.#problem, problem !== undefined);
        show(this.#notice, said.length > 0 && problem === undefined);
        rewrite(this.#notice, paragraphs(said));
        // What the widget has its own words for is said in the reader's language alone; of the rest only the server knows what it is.
        const advice = problem?.kind === "refused" ? [problem.advice] : [];
        const refused = problem === undefined ? [] : isProblem ? [words[problem.kind], ...advice] : said;
        rewrite(this.#problem, paragraphs(refused));
    }

    /** Puts the cursor where the first answer goes. */
    focus(): void {
        const first = this.#answers.values().next().value;
        first === undefined ? this.#start.focus() : first.focus();
    }
}

function question({name, isRequired}: Field, {words}: Language): Question {
    const kind = name === "subject" ? "long" : name === "emailAddress" ? "email" : "text";
    const most = name === "subject" ? QUESTION_CHARS_MAX : NAME_CHARS_MAX;
    return {name, label: words[name], isRequired, kind, autocomplete: AUTOCOMPLETE[name], most};
}

/** The first sentence is the one that matters. */
export function paragraphs([first, ...more]: string[]): HTMLElement[] {
    return first === undefined
        ? []
        : [make("p", {}, make("strong", {dir: "auto"}, first)), ...more.map((text) => make("p", {dir: "auto"}, text))];
}

/** Replaces what is in there only when it says something else: it would be announced again. */
export function rewrite(element: HTMLElement, children: HTMLElement[]): void {
    if (element.textContent !== children.map((child) => child.textContent).join("")) {
        element.replaceChildren(...children);
    }
}
