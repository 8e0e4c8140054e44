// What the customer's chat API says, read with suspicion: whatever has another type than expected is left out.
//
// The shape is that of the Chat API v2 (REST and CometD give the same). Handoff adds `messageId`, `queuePosition`, `expectedWait` and
// `availability`.

import {readAvailability, type Availability} from "./availability.ts";

/** Who said something. */
export type PartyType = "Client" | "Agent" | "Supervisor" | "External" | "System";

/** What happened. Other servers may send more kinds; those are kept for the numbering and not shown. */
export type EntryType =
    | "ParticipantJoined"
    | "ParticipantLeft"
    | "Message"
    | "PushUrl"
    | "TypingStarted"
    | "TypingStopped"
    | "NicknameUpdated"
    | "FileUploaded"
    | "FileDeleted"
    | "CustomNotice"
    | "Notice";

/** Somebody in the chat. */
export interface Party {
    nickname: string;
    participantId: number | string;
    type: PartyType;
}

/** One line of the chat, or a passing notice when it has no index. */
export interface Entry {
    from: Party;
    index?: number;
    type: EntryType | string;
    text: string;
    /** What kind of notice it is, where the server says so. */
    messageType?: string;
    /** Milliseconds since 1970. */
    utcTime: number;
    userData: Record<string, string>;
    /** The widget's own name for a message of the customer. */
    messageId?: string;
}

/** 0 done, 1 may be tried again, 2 is final. */
export type Status = 0 | 1 | 2;

/** Why something was refused. */
export interface Refusal {
    code: number;
    advice: string;
}

/** An answer, or a delivery that nobody asked for. */
export interface Answer {
    statusCode: Status;
    chatId?: string;
    userId?: string;
    secureKey?: string;
    alias?: string;
    chatEnded?: boolean;
    messages: Entry[];
    userData: Record<string, string>;
    errors: Refusal[];
    messageId?: string;
    /** Place in line, from 1. */
    queuePosition?: number;
    /** Seconds. */
    expectedWait?: number;
    /** Who is there to answer, while that matters. */
    availability?: Availability;
}

/** What proves that this customer belongs to this chat. */
export interface Credentials {
    chatId: string;
    userId: string;
    secureKey: string;
    alias: string;
}

/** Refusals that the widget has its own words for. */
export const REFUSED_CLOSED = 2002;
export const REFUSED_FULL = 2003;

type Fields = Record<string, unknown>;

const PARTY_TYPES: readonly string[] = ["Client", "Agent", "Supervisor", "External", "System"];

/** Reads an answer; gives nothing when it is none. What stands before the chat (a proxy, a server with too many connections) may refuse in
 * a shape that looks alike, and says nothing about the chat. */
export function readAnswer(value: unknown): Answer | undefined {
    const status = isFields(value) ? value["statusCode"] : undefined;
    if (!isFields(value) || !isStatus(status)) {
        return undefined;
    }
    const answer: Answer = {
        statusCode: status,
        messages: list(value["messages"]).flatMap(readEntry),
        userData: readUserData(value["userData"]),
        errors: list(value["errors"]).flatMap(readRefusal),
    };
    for (const name of ["chatId", "userId", "secureKey", "alias", "messageId"] as const) {
        const text = value[name];
        if (typeof text === "string" && text !== "") {
            answer[name] = text;
        }
    }
    for (const name of ["queuePosition", "expectedWait"] as const) {
        const number = value[name];
        if (typeof number === "number" && number >= 0) {
            answer[name] = number;
        }
    }
    if (typeof value["chatEnded"] === "boolean") {
        answer.chatEnded = value["chatEnded"];
    }
    const availability = readAvailability(value["availability"]);
    return availability === undefined ? answer : {...answer, availability};
}

function readEntry(value: unknown): Entry[] {
    if (!isFields(value) || typeof value["type"] !== "string") {
        return [];
    }
    const entry: Entry = {
        from: readParty(value["from"]),
        type: value["type"],
        text: string(value["text"]),
        utcTime: typeof value["utcTime"] === "number" ? value["utcTime"] : 0,
        userData: readUserData(value["userData"]),
    };
    const index = value["index"];
    if (typeof index === "number" && Number.isSafeInteger(index) && index >= 1) {
        entry.index = index;
    }
    for (const name of ["messageId", "messageType"] as const) {
        const text = value[name];
        if (typeof text === "string") {
            entry[name] = text;
        }
    }
    return [entry];
}

function readParty(value: unknown): Party {
    const fields = isFields(value) ? value : {};
    const id = fields["participantId"];
    const type = string(fields["type"]);
    return {
        nickname: string(fields["nickname"]),
        participantId: typeof id === "number" || typeof id === "string" ? id : 0,
        type: PARTY_TYPES.includes(type) ? (type as PartyType) : "System",
    };
}

function readRefusal(value: unknown): Refusal[] {
    if (!isFields(value)) {
        return [];
    }
    return [{code: typeof value["code"] === "number" ? value["code"] : 0, advice: string(value["advice"])}];
}

function readUserData(value: unknown): Record<string, string> {
    const data: Record<string, string> = Object.create(null);
    for (const [key, item] of Object.entries(isFields(value) ? value : {})) {
        if (typeof item === "string" || typeof item === "number" || typeof item === "boolean") {
            data[key] = String(item);
        }
    }
    return data;
}

function isStatus(value: unknown): value is Status {
    return value === 0 || value === 1 || value === 2;
}

function isFields(value: unknown): value is Fields {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}

function string(value: unknown): string {
    return typeof value === "string" ? value : "";
}
