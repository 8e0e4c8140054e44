// Mailboxes, which are the operator's: shown, and changed by the center file alone
// (docs/adr/0017-mailboxes-are-the-operators.md).

import {text, texts} from "../api/fields.ts";
import type {Readable} from "./kinds.ts";

export type MailboxForm = {
    address: string;
    /** The name before the address in what goes out. */
    name: string;
    queue: string;
    aliases: string[];
    /** Whether mail that has no address of its own to go out by goes out by it. */
    isDefault: boolean;
    receives: boolean;
    sends: boolean;
};

export const MAILBOXES: Readable<MailboxForm> = {
    page: "mailboxes",
    one: "mailbox",
    query: "",
    read: (it) => ({
        address: text(it["address"]),
        name: text(it["name"]),
        queue: text(it["queue"]),
        aliases: texts(it["aliases"]),
        isDefault: it["default"] === true,
        receives: it["receives"] === true,
        sends: it["sends"] === true,
    }),
};
