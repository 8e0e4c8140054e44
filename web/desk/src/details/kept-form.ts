// What was typed of a contact and not saved: it outlives the form, the row and the page.

import type {Contact} from "../api/contact.ts";
import {fields} from "../api/fields.ts";
import {formOf, readForm, type Form} from "./profile.ts";

/** What somebody typed, and what they had read then. */
export interface KeptForm {
    form: Form;
    base: Contact;
}

/** As drafts are named, which outlive a kill of the browser; no user is called "contact". */
const KEPT_AS = "handoff-desk-draft:contact";

export class FormKeeper {
    readonly #storage: Storage | null;
    readonly #userId: string;

    constructor(storage: Storage | null, userId: string) {
        this.#storage = storage;
        this.#userId = userId;
    }

    /** Returns what is kept of a contact; `null` when nothing is. */
    load(contactId: string): KeptForm | null {
        try {
            const kept = fields(JSON.parse(this.#storage?.getItem(this.#name(contactId)) ?? ""));
            const base = kept["base"] as Contact;
            formOf(base);
            return {form: readForm(kept["form"]), base};
        } catch {
            return null;
        }
    }

    save(kept: KeptForm): void {
        try {
            this.#storage?.setItem(this.#name(kept.base.id), JSON.stringify(kept));
        } catch {
            // Nothing to be done: the storage is full.
        }
    }

    forget(contactId: string): void {
        this.#storage?.removeItem(this.#name(contactId));
    }

    #name(contactId: string): string {
        return `${KEPT_AS}:${this.#userId}:${contactId}`;
    }
}
