// People by words: colleagues, whom one can ask something, and customers whom one may see.

import {contactOf, type Contact} from "../api/contact.ts";
import {fields, list, text} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import {readPerson, type Person} from "../api/interaction.ts";
import {readChannels} from "../api/notification.ts";
import {personName} from "../state/handing.ts";
import {presenceOf, type Presence} from "./presence.ts";

export type FoundPerson =
    | {kind: "colleague"; person: Person; presence: Presence}
    | {kind: "customer"; contact: Contact};

/** More of either are found by more letters. */
const FOUND_MAX = 5;
/** As many characters as the server takes. */
const TYPED_MAX = 100;

/**
 * Reads who has what was typed in a name, or a customer in an address or number: colleagues but the
 * reader first. What gets no answer finds nobody.
 */
export async function peopleMatching(
    api: Pick<Api, "get">,
    typed: string,
    readerId: string,
    signal: AbortSignal,
): Promise<FoundPerson[]> {
    const query = (more: Record<string, string>): URLSearchParams => new URLSearchParams({
        search: typed.slice(0, TYPED_MAX), fields: "*", limit: String(FOUND_MAX + 1), ...more,
    });
    const read = async (path: string): Promise<unknown[]> => {
        const answer = await api.get(path, {signal}).catch(() => ({contacts: []}));
        return list(answer["contacts"]);
    };
    const [colleagues, customers] = await Promise.all([
        read(`contacts?${query({type: "User"})}`),
        read(`ucs/contacts?${query({})}`),
    ]);
    return [
        ...colleagues.flatMap((one) => colleagueOf(one))
            .filter(({person}) => person.id !== readerId)
            .slice(0, FOUND_MAX),
        ...customers.slice(0, FOUND_MAX).map((one): FoundPerson => ({
            kind: "customer", contact: contactOf({contact: one}),
        })),
    ];
}

function colleagueOf(value: unknown): Extract<FoundPerson, {kind: "colleague"}>[] {
    const person = readPerson(value);
    const presence = presenceOf(readChannels(fields(value)["channels"]));
    return person === null ? [] : [{kind: "colleague", person, presence}];
}

/** Returns the name of somebody who was found; of a customer without one the address. */
export function foundName(found: FoundPerson): string {
    return found.kind === "colleague"
        ? personName(found.person)
        : found.contact.displayName || text(found.contact.emailAddresses[0]);
}

/** Returns a name for somebody who was found by which they are told from all others. */
export function foundKey(found: FoundPerson): string {
    return `${found.kind} ${found.kind === "colleague" ? found.person.id : found.contact.id}`;
}
