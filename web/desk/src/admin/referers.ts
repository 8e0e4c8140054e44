// What of a contact center leads to something of it, as far as these pages show it: its workspace
// may name a queue as well (outboundQueue).

import type {Thing} from "./center.ts";
import {titleOf, type Forms, type Page} from "./kinds.ts";
import type {Lists} from "./lists.ts";

export interface Referer {
    page: Page;
    id: string;
    name: string;
}

export interface Referers {
    known: Referer[];
    /** Whether all the lists were read that these pages have of them. */
    isWhole: boolean;
}

type Known = Pick<Lists, "of">;

/** Returns what leads to a queue. */
export function leadToQueue(lists: Known, queue: string): Referers {
    return together(
        refer(lists, "services", (form) => form.queue === queue),
        refer(lists, "queues", (form) => form.reviewQueue === queue),
        refer(lists, "mailboxes", (form) => form.queue === queue),
    );
}

/** Returns the chat services by which messages are left with a service. */
export function leaveMessagesWith(lists: Known, {name, type}: Forms["services"]): Referers {
    return type === "email"
        ? refer(lists, "services", (form) => form.type === "chat" && form.leaveMessage === name)
        : together();
}

/** Returns the services whose e-mails are to a mailbox. */
export function writtenTo(lists: Known, {address, aliases}: Forms["mailboxes"]): Referers {
    const addresses = [address, ...aliases].map((one) => one.toLowerCase());
    return refer(lists, "services", ({type, mailbox}) =>
        type === "email" && addresses.includes(mailbox.toLowerCase()));
}

function together(...parts: Referers[]): Referers {
    return {
        known: parts.flatMap(({known}) => known),
        isWhole: parts.every(({isWhole}) => isWhole),
    };
}

function refer<P extends Page>(
    lists: Known,
    page: P,
    isOne: (form: Forms[P]) => boolean,
): Referers {
    const {things, trouble} = lists.of(page);
    const known: Thing<Forms[P]>[] = things ?? [];
    return {
        known: known.filter(({form}) => isOne(form))
            .map(({id, form}) => ({page, id, name: titleOf(form)})),
        isWhole: things !== null && trouble === null,
    };
}
