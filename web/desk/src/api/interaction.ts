// An interaction as the wire shows it to the reader, and what belongs to it.

import {described, fields, instant, list, numberOrNull, text, textOrNull, texts, type Described} from "./fields.ts";

/** A user in short, as offers and notes name them. */
export interface Person {
    id: string;
    userName: string;
    firstName: string;
    lastName: string;
}

/** What an interaction is offered by; `Monitor`, `Coach` and `BargeIn` only to supervisors. */
export type OfferKind =
    | "Routed"
    | "Transfer"
    | "Invite"
    | "Consult"
    | "Monitor"
    | "Coach"
    | "BargeIn";

export interface Offer {
    kind: OfferKind;
    /** The owner who made it; `null` is the router. */
    from: Person | null;
    to: Person | null;
    /** In ms since 1970 by the server's clock. */
    at: number;
    /** In ms since 1970 by the server's clock. */
    expires: number;
    note: string | null;
}

export interface Participant {
    participantId: string;
    nickname: string;
    type: "Customer" | "Agent" | "Supervisor" | string;
    visibility: string;
    /** Of an account; customers have none. */
    userId: string | null;
}

export interface Attachment {
    id: string;
    name: string;
    /** In bytes. */
    size: number;
    mime: string;
    path: string;
    isInline: boolean;
}

/** What an e-mail has beside. */
export interface Letter {
    from: string;
    to: string[];
    cc: string[];
    bcc: string[];
    /** Cleaned HTML; empty for a letter of plain text. */
    body: string;
    plain: string;
    attachments: Attachment[];
    threadId: string;
    /** The latest letter of the thread that a draft's writer saw. */
    baseMessageId: string | null;
    mailbox: string | null;
    sentAt: number | null;
}

/** Who waits for whom, as the server finds it. */
export interface Owed {
    /** Since when somebody waits for us, in ms since 1970; `null` while nobody does. */
    since: number | null;
    /** Within what time the queue promises an answer, in ms; `null` when it promises none. */
    targetMs: number | null;
    /** What the customer sees as said last; `null` before anything was. */
    last: {by: "customer" | "us"; text: string; at: number} | null;
}

/** What was typed in a chat and not sent. */
export interface ChatDraft {
    text: string;
    visibility: "All" | "Agents";
}

/** What the reader left in a chat, on whichever computer. */
export interface OwnMarks {
    draft: ChatDraft | null;
    /** The last line that was read. */
    readIndex: number | null;
}

export interface Interaction {
    id: string;
    channel: string;
    /** As the reader sees it (docs/compat/interactions.md#seen). */
    state: string;
    direction: string;
    operations: string[];
    offer: Offer | null;
    currentQueue: string | null;
    priority: number;
    subject: string;
    parentId: string | null;
    contactId: string | null;
    /** What the contact is called; empty until that is known, and where nobody knows it. */
    contactName: string;
    assignedTo: string | null;
    epoch: number;
    comment: string | null;
    /** The key of what is said to have come of it; empty while nothing is. */
    disposition: string;
    userData: Record<string, unknown>;
    receivedAt: number;
    participants: Participant[];
    /** How the customer of a chat is called in it, also when they have left; empty without one. */
    customer: string;
    letter: Letter | null;
    /** When a chat ends because nobody writes, in ms since 1970; `null` while it does not. */
    idleEndsAt: number | null;
    /** When a letter that waits to be taken back goes out, in ms since 1970; else `null`. */
    sendsAt: number | null;
    /** When what is parked comes back, in ms since 1970; `null` where nobody asked for that. */
    comesBackAt: number | null;
    /** `null` of what agents write. */
    owed: Owed | null;
    /** Of a chat in which the reader takes part; `null` in messages, which do not tell it. */
    marks: OwnMarks | null;
}

/** Returns an interaction; `null` for what has no id. */
export function readInteraction(value: unknown): Interaction | null {
    const it = described<"Interaction">(value);
    const id = text(it["id"]);
    if (id === "") {
        return null;
    }
    const channel = text(it["channel"]);
    const participants = list(it["participants"]).map(readParticipant);
    return {
        id,
        channel,
        state: text(it["state"]),
        direction: text(it["direction"]),
        operations: texts(it["operations"]),
        offer: readOffer(it["offer"]),
        currentQueue: textOrNull(it["currentQueue"]),
        priority: numberOrNull(it["priority"]) ?? 0,
        subject: text(it["subject"]),
        parentId: textOrNull(it["parentId"]),
        contactId: textOrNull(it["contactId"]),
        contactName: "",
        assignedTo: textOrNull(it["assignedTo"]),
        epoch: numberOrNull(it["epoch"]) ?? 0,
        comment: textOrNull(it["comment"]),
        disposition: text(it["disposition"]),
        userData: fields(it["userData"]),
        receivedAt: instant(it["receivedDate"]) ?? 0,
        participants,
        customer: participants.find(({type}) => type === "Customer")?.nickname ?? "",
        letter: channel === "email" ? readLetter(it) : null,
        idleEndsAt: instant(it["idleEnds"]),
        sendsAt: instant(it["sendsAt"]),
        comesBackAt: instant(described<"Reminder">(it["reminder"])["at"]),
        owed: readOwed(it["answer"]),
        marks: "draft" in it ? readMarks(it) : null,
    };
}

function readOwed(value: unknown): Owed | null {
    if (typeof value !== "object" || value === null) {
        return null;
    }
    const it = described<"Answer">(value);
    const seconds = numberOrNull(it["targetSeconds"]);
    const at = instant(it["lastAt"]);
    const by = it["lastFrom"] === "Customer" ? "customer" : "us";
    return {
        since: instant(it["owedSince"]),
        targetMs: seconds === null ? null : seconds * 1000,
        last: at === null ? null : {by, text: text(it["lastText"]), at},
    };
}

/** Returns what the reader left in a chat. */
export function readMarks(it: Pick<Described<"Interaction">, "draft" | "read">): OwnMarks {
    const {index} = described<"ReadMark">(it["read"]);
    return {draft: readDraft(it["draft"]), readIndex: numberOrNull(index)};
}

export function readDraft(value: unknown): ChatDraft | null {
    const it = described<"ChatDraft">(value);
    return typeof it["text"] === "string"
        ? {text: it["text"], visibility: it["visibility"] === "Agents" ? "Agents" : "All"}
        : null;
}

/** Returns the interactions of a list's answer. */
export function readInteractions(value: unknown): Interaction[] {
    return list(value)
        .map(readInteraction)
        .filter((one) => one !== null);
}

export function readPerson(value: unknown): Person | null {
    const it = described<"UserInShort">(value);
    const id = text(it["id"]);
    return id === ""
        ? null
        : {
              id,
              userName: text(it["userName"]),
              firstName: text(it["firstName"]),
              lastName: text(it["lastName"]),
          };
}

function readOffer(value: unknown): Offer | null {
    const it = described<"Offer">(value);
    const expires = instant(it["expires"]);
    return expires === null
        ? null
        : {
              kind: text(it["kind"]) as OfferKind,
              from: readPerson(it["from"]),
              to: readPerson(it["to"]),
              at: instant(it["at"]) ?? expires,
              expires,
              note: textOrNull(it["note"]),
          };
}

function readParticipant(value: unknown): Participant {
    const it = described<"Participant">(value);
    return {
        participantId: text(it["participantId"]),
        nickname: text(it["nickname"]),
        type: text(it["type"]),
        visibility: text(it["visibility"]),
        userId: textOrNull(it["id"]),
    };
}

function readLetter(it: Described<"EmailPart">): Letter {
    return {
        from: text(it["from"]),
        to: texts(it["to"]),
        cc: texts(it["cc"]),
        bcc: texts(it["bcc"]),
        body: text(it["body"]),
        plain: text(it["bodyAsPlainText"]),
        attachments: list(it["attachments"]).map(readAttachment),
        threadId: text(it["threadId"]),
        baseMessageId: textOrNull(it["baseMessageId"]),
        mailbox: textOrNull(it["mailbox"]),
        sentAt: instant(it["sentDate"]),
    };
}

function readAttachment(value: unknown): Attachment {
    const it = described<"EmailAttachment">(value);
    return {
        id: text(it["id"]),
        name: text(it["name"]),
        size: numberOrNull(it["size"]) ?? 0,
        mime: text(it["mime"]),
        path: text(it["path"]),
        isInline: it["inline"] === true,
    };
}
