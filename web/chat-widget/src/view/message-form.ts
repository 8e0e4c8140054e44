// The form for a message that is answered later, when nobody can chat now.

import type {Customer} from "../chat.ts";
import type {Language} from "../languages.ts";
import type {LeftMessage} from "../message.ts";
import {button, make, show, write} from "./dom.ts";
import {Answer, checkAll, onSubmit, type Question} from "./fields.ts";

/** What the server takes, in characters. */
const NAME_CHARS_MAX = 255;
const ADDRESS_CHARS_MAX = 254;
const TEXT_CHARS_MAX = 50_000;

/** What the form asks for. */
export interface MessageActions {
    /** Sends it; gives why it was not taken, or nothing. */
    send(message: LeftMessage): Promise<string | undefined>;
    back(): void;
    drafts(message: LeftMessage): void;
}

/** The form. */
export class MessageForm {
    readonly element: HTMLFormElement;
    readonly #answers: Record<keyof LeftMessage, Answer>;
    readonly #problem = make("div", {class: "message-problem", role: "alert"});
    /** Whoever waits for a chat and leaves a message does not wait any more. */
    readonly #leaves: HTMLElement;
    readonly #send: HTMLButtonElement;
    readonly #language: Language;
    readonly #actions: MessageActions;
    #isSending = false;

    constructor(language: Language, actions: MessageActions) {
        const {words} = language;
        this.#language = language;
        this.#actions = actions;
        const ask = (name: keyof LeftMessage, label: string, kind: Question["kind"], autocomplete: string, most: number) =>
            new Answer({name, label, isRequired: true, kind, autocomplete, most}, "message", language, () => actions.drafts(this.drafts));
        this.#answers = {
            firstName: ask("firstName", words.firstName, "text", "given-name", NAME_CHARS_MAX),
            lastName: ask("lastName", words.lastName, "text", "family-name", NAME_CHARS_MAX),
            emailAddress: ask("emailAddress", words.emailAddress, "email", "email", ADDRESS_CHARS_MAX),
            text: ask("text", words.yourMessage, "long", "off", TEXT_CHARS_MAX),
        };
        this.#send = make("button", {type: "button", class: "primary wide"}, words.sendMessage);
        this.#leaves = make("p", {class: "message-intro"}, words.messageLeaves);
        show(this.#problem, false);
        this.element = make(
            "form",
            {class: "sheet", novalidate: true},
            make("p", {class: "message-intro"}, words.messageIntro),
            this.#leaves,
            ...this.#all.map((answer) => answer.element),
            this.#problem,
            make("div", {class: "form-actions"}, this.#send, button(words.back, "secondary wide", actions.back)),
        );
        onSubmit(this.element, this.#send, () => void this.#submit());
    }

    /** What is in the fields. */
    get drafts(): LeftMessage {
        const {firstName, lastName, emailAddress, text} = this.#answers;
        return {firstName: firstName.draft, lastName: lastName.draft, emailAddress: emailAddress.draft, text: text.draft};
    }

    /** Puts in what is known already; what the customer wrote here stays. */
    fill(known: Customer, text: string, isWaiting: boolean): void {
        show(this.#leaves, isWaiting);
        const words = (known.nickname ?? "").trim().split(/\s+/u);
        const guess = {
            firstName: known.firstName ?? (words.length > 1 ? words.slice(0, -1).join(" ") : words[0]) ?? "",
            lastName: known.lastName ?? (words.length > 1 ? words.at(-1) : "") ?? "",
            emailAddress: known.emailAddress ?? "",
            text,
        };
        for (const [name, answer] of Object.entries(this.#answers)) {
            answer.draft = answer.draft === "" ? guess[name as keyof LeftMessage] : answer.draft;
        }
    }

    /** Empties the text: it has been sent. */
    clear(): void {
        this.#answers.text.draft = "";
    }

    /** Puts the cursor into the first answer that is missing. */
    focus(): void {
        const empty = this.#all.find((answer) => answer.text === "");
        (empty ?? this.#answers.text).focus();
    }

    get #all(): Answer[] {
        return Object.values(this.#answers);
    }

    async #submit(): Promise<void> {
        const {words} = this.#language;
        if (this.#isSending || !checkAll(this.#all)) {
            return;
        }
        const {firstName, lastName, emailAddress, text} = this.#answers;
        this.#complain(undefined);
        this.#wait(true);
        const message = {firstName: firstName.text, lastName: lastName.text, emailAddress: emailAddress.text, text: text.text};
        this.#complain(await this.#actions.send(message).catch(() => words.messageFailed));
        this.#wait(false);
    }

    #wait(isSending: boolean): void {
        this.#isSending = isSending;
        this.#send.setAttribute("aria-disabled", String(isSending));
        write(this.#send, isSending ? this.#language.words.sending : this.#language.words.sendMessage);
    }

    #complain(reason: string | undefined): void {
        write(this.#problem, reason ?? "");
        show(this.#problem, reason !== undefined);
    }
}
