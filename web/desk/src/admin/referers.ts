// What of a contact center leads to something of it.

import type {Thing} from "./center.ts";
import {titleOf, type Forms, type Page} from "./kinds.ts";
import type {Lists} from "./lists.ts";

export interface Referer {
    page: Page;
    id: string;
    name: string;
}

type Known = Pick<Lists, "of">;

/** Returns what leads to a queue. */
export function leadToQueue(lists: Known, queue: string): Referer[] {
    return [
        ...refer(lists, "services", (form) => form.queue === queue),
        ...refer(lists, "queues", (form) => form.reviewQueue === queue),
        ...refer(lists, "mailboxes", (form) => form.queue === queue),
    ];
}

/** Returns the chat services by which messages are left with a service. */
export function leaveMessagesWith(lists: Known, {name, type}: Forms["services"]): Referer[] {
    return type === "email"
        ? refer(lists, "services", (form) => form.type === "chat" && form.leaveMessage === name)
        : [];
}

/** Returns the services whose e-mails are to a mailbox. */
export function writtenTo(lists: Known, {address, aliases}: Forms["mailboxes"]): Referer[] {
    const addresses = [address, ...aliases].map((one) => one.toLowerCase());
    return refer(lists, "services", ({type, mailbox}) =>
        type === "email" && addresses.includes(mailbox.toLowerCase()));
}

function refer<P extends Page>(
    lists: Known,
    page: P,
    isOne: (form: Forms[P]) => boolean,
): Referer[] {
    const things: Thing<Forms[P]>[] = lists.of(page).things ?? [];
    return things.filter(({form}) => isOne(form))
        .map(({id, form}) => ({page, id, name: titleOf(form)}));
}
