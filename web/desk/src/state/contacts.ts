// What contacts are called, as the API tells it, and the interactions by those names. A name is read
// when something of its contact is shown first, and again with the details: nobody tells of what a
// colleague writes down.

import type {Interaction} from "../api/interaction.ts";
import type {DeskEvent, DeskState} from "./model.ts";

/** Names that are kept; the oldest go. A desk shows far fewer at once. */
const NAMES_MAX = 1_000;
/** How many are read at the same time. */
const READS_MAX = 4;

/** Something of a contact is shown. */
export function contactWanted(state: DeskState, contactId: string): DeskState {
    return state.contactsWanted.includes(contactId)
        ? state
        : {...state, contactsWanted: [...state.contactsWanted, contactId]};
}

/** What a contact is called was read, or could not be. */
export function contactRead(
    state: DeskState,
    {contactId, name}: Extract<DeskEvent, {type: "contactRead"}>,
): DeskState {
    const contactsWanted = state.contactsWanted.filter((one) => one !== contactId);
    if (name === null || name === state.contactNames[contactId]) {
        return {...state, contactsWanted};
    }
    const others = Object.entries(state.contactNames).filter(([id]) => id !== contactId);
    const names = [...others, [contactId, name] as const].slice(-NAMES_MAX);
    return {...state, contactNames: Object.fromEntries(names), contactsWanted};
}

/** Returns the contacts that are to be read now. */
export function contactsToRead({contactsWanted}: DeskState): string[] {
    return contactsWanted.slice(0, READS_MAX);
}

/** Returns an interaction under its contact's name; itself where it has that already. */
export function named<T extends Interaction | null>(
    {contactNames}: Pick<DeskState, "contactNames">,
    interaction: T,
): T {
    const contactName = contactNames[interaction?.contactId ?? ""] ?? "";
    return interaction === null || interaction.contactName === contactName
        ? interaction
        : {...interaction, contactName};
}

/** Returns the state with all that is listed under the names of the contacts. */
export function withNames(state: DeskState, before: DeskState): DeskState {
    const {work, parked, queued, contactNames} = state;
    if (
        work === before.work && parked === before.parked && queued === before.queued
        && contactNames === before.contactNames
    ) {
        return state;
    }
    const namedAll = (all: Interaction[]): Interaction[] =>
        kept(all, all.map((one) => named(state, one)));
    return {
        ...state,
        work: keptRecord(work, (one) => named(state, one)),
        parked: keptRecord(parked, namedAll),
        queued: namedAll(queued),
    };
}

/** Returns the former list where nothing in it became another. */
function kept<T>(before: T[], after: T[]): T[] {
    return after.every((one, at) => one === before[at]) ? before : after;
}

function keptRecord<T>(record: Record<string, T>, change: (one: T) => T): Record<string, T> {
    const entries = Object.entries(record).map(([key, one]) => [key, change(one)] as const);
    return entries.every(([key, one]) => one === record[key]) ? record : Object.fromEntries(entries);
}
