// Who an interaction's customer is, as the API tells.

import type {Answer, Api} from "./http.ts";
import {described, numberOrNull, text, textOrNull, texts} from "./fields.ts";
import {readPerson, type Person} from "./interaction.ts";

export interface Contact {
    id: string;
    /** The name to show; empty when nobody knows one. */
    displayName: string;
    firstName: string;
    lastName: string;
    emailAddresses: string[];
    phoneNumbers: string[];
    /** A language tag; `null` while nobody wrote one down. */
    language: string | null;
    timeZone: string | null;
    /** Which writing this is; whoever writes says which they have read. */
    version: number;
    changedBy: Person | null;
}

export async function readContact(api: Pick<Api, "get">, id: string): Promise<Contact> {
    return contactOf(await api.get(pathOf(id)));
}

/** Returns where a contact is read and written. */
export function pathOf(id: string): string {
    return `ucs/contacts/${encodeURIComponent(id)}`;
}

/** Returns the contact of an answer. */
export function contactOf(answer: Answer): Contact {
    const it = described<"KnownContact">(answer["contact"]);
    return {
        id: text(it["id"]),
        displayName: text(it["displayName"]),
        firstName: text(it["firstName"]),
        lastName: text(it["lastName"]),
        emailAddresses: texts(it["emailAddresses"]),
        phoneNumbers: texts(it["phoneNumbers"]),
        language: textOrNull(it["language"]),
        timeZone: textOrNull(it["timeZone"]),
        version: numberOrNull(it["version"]) ?? 0,
        changedBy: readPerson(it["changedBy"]),
    };
}
