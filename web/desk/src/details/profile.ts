// What is known of a contact, as a form has it: what was written stays, whoever else writes.

import {contactOf, pathOf, readContact, type Contact} from "../api/contact.ts";
import {fields} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import {Once} from "../api/once.ts";
import {Refused} from "../api/trouble.ts";

/** The fields of the form, in their order. */
export const FIELDS = ["firstName", "lastName", "phone", "language", "timeZone"] as const;

export type Field = (typeof FIELDS)[number];

export type Form = Record<Field, string>;

/** The API's code for what is not as it was read. */
const WRONG_STATE = 2;

/** Returns what a form begins with. Names that only letters told are taken apart as names mostly are. */
export function formOf(contact: Contact): Form {
    const {firstName, lastName, displayName, phoneNumbers, language, timeZone} = contact;
    const isWritten = firstName !== "" || lastName !== "";
    const words = displayName.trim().split(/\s+/);
    return {
        firstName: isWritten ? firstName : words.slice(0, Math.max(1, words.length - 1)).join(" "),
        lastName: isWritten ? lastName : words.slice(Math.max(1, words.length - 1)).join(" "),
        phone: phoneNumbers.join("\n"),
        language: language ?? "",
        timeZone: timeZone ?? "",
    };
}

/** Returns the fields in which two forms differ. */
export function differing(one: Form, other: Form): Field[] {
    return FIELDS.filter((field) => one[field].trim() !== other[field].trim());
}

/** Returns what is sent of a form: the names that are shown, and else what was changed. */
export function bodyOf(form: Form, contact: Contact, begun: Form): Record<string, unknown> {
    const changed = differing(form, begun);
    const isNamed = changed.length > 0 && contact.firstName === "" && contact.lastName === "";
    const sent = FIELDS.filter((field) =>
        changed.includes(field) || (isNamed && (field === "firstName" || field === "lastName")));
    const values = sent.map((field) => (field === "phone"
        ? ["phoneNumbers", numbersOf(form.phone)]
        : [field, form[field].trim()]));
    return {version: contact.version, ...Object.fromEntries(values)};
}

/** One a line, as numbers have commas and semicolons of their own; each once. */
function numbersOf(text: string): string[] {
    const all = text.split("\n").map((one) => one.trim()).filter((one) => one !== "");
    return [...new Set(all)];
}

/** Returns a form in which what somebody else changed is as they wrote it. */
export function withTheirs(form: Form, begun: Form, now: Form): Form {
    const theirs = differing(now, begun).map((field) => [field, now[field]]);
    return {...form, ...Object.fromEntries(theirs)};
}

/** Returns a form as it was kept; fails when it is none. */
export function readForm(kept: unknown): Form {
    const it = fields(kept);
    const values = FIELDS.map((field) => {
        const value = it[field];
        if (typeof value !== "string") {
            throw new Error("no form");
        }
        return [field, value];
    });
    return Object.fromEntries(values);
}

/** What came of a wish to save. */
export type Saved = {contact: Contact; isTaken: true} | {contact: Contact; isTaken: false};

/** Saves what is known of contacts, each change once. */
export class ProfileSender {
    readonly #api: Pick<Api, "get" | "put">;
    readonly #once = new Once();

    constructor(api: Pick<Api, "get" | "put">) {
        this.#api = api;
    }

    /**
     * Saves; where somebody else has meanwhile, returns the contact as it is now, and nothing is
     * saved.
     */
    async save(contact: Contact, body: Record<string, unknown>): Promise<Saved> {
        const path = pathOf(contact.id);
        try {
            const answer = await this.#once.send(`${path} ${JSON.stringify(body)}`, (key) =>
                this.#api.put(path, body, {key}));
            return {contact: contactOf(answer), isTaken: true};
        } catch (trouble) {
            if (!(trouble instanceof Refused) || trouble.code !== WRONG_STATE) {
                throw trouble;
            }
            const now = await readContact(this.#api, contact.id);
            if (now.version === contact.version) {
                throw trouble;
            }
            return {contact: now, isTaken: false};
        }
    }
}
