// A chat as it is read: who says what, in turns, with what happened between them.

import type {Line} from "../api/notification.ts";
import type {Me, Pending, PendingStage} from "./model.ts";

/** Whose words they are; a note is for agents alone, and so is what a supervisor coaches by. */
export type Whose = "them" | "us" | "note" | "coach";

/** One message within a turn. */
export interface Said {
    key: string;
    kind: "text" | "page" | "file";
    text: string;
    /** Of a file its id and size in bytes. */
    file: {id: string; bytes: number} | null;
    /** Of one's own words that the feed has not told yet. */
    stage: PendingStage | null;
    /** The outbox's name of them. */
    pendingKey: string | null;
}

export type Fact =
    | {kind: "joined"; name: string}
    | {kind: "left"; name: string; isCustomer: boolean; reason: string}
    /** For how long nobody had written, in ms. */
    | {kind: "idleAlert"; ms: number}
    | {kind: "idleClose"}
    | {kind: "renamed"; name: string}
    | {kind: "fileTakenBack"; name: string}
    | {kind: "notice"; text: string};

export type Item =
    | {
          kind: "turn";
          key: string;
          at: number;
          whose: Whose;
          name: string;
          isOwn: boolean;
          said: Said[];
      }
    | {kind: "fact"; key: string; at: number; fact: Fact}
    /** What is below was not seen yet. */
    | {kind: "new"; key: string; at: number};

/** The same speaker keeps one name within this time, in ms. */
const TURN_MS = 2 * 60_000;

export interface Reading {
    me: Me | null;
    lines: Line[];
    /** One's own words on their way, for this chat. */
    pending: Pending[];
    /** Up to which line it had been seen when it was opened; `null` marks nothing. */
    seen: number | null;
}

/** Returns the items of a chat, from the oldest to the newest. */
export function itemsOf({me, lines, pending, seen}: Reading): Item[] {
    const items: Item[] = [];
    let isMarked = seen === null;
    let saidAt: number | null = null;
    for (const line of lines) {
        const isOwn = line.from.userId !== null && line.from.userId === me?.id;
        if (!isMarked && seen !== null && line.index > seen && !isOwn) {
            items.push({kind: "new", key: "new", at: line.at});
            isMarked = true;
        }
        const fact = factOf(line, saidAt ?? line.at);
        if (fact !== null) {
            items.push({kind: "fact", key: `line ${line.index}`, at: line.at, fact});
            continue;
        }
        saidAt = line.at;
        add(items, {
            kind: "turn",
            key: `line ${line.index}`,
            at: line.at,
            whose: whoseOf(line),
            name: line.from.nickname,
            isOwn,
            said: [saidOf(line)],
        });
    }
    for (const one of pending) {
        add(items, pendingTurn(one));
    }
    return items;
}

/**
 * Returns the items, of which those that say what they said before are what they were: nothing has
 * to be made anew of them. What was told never changes, only what is on its way does.
 */
export function keptItems(before: readonly Item[], items: Item[]): Item[] {
    const known = new Map(before.map((item) => [item.key, item]));
    return items.map((item) => {
        const old = known.get(item.key);
        return old !== undefined && isSame(old, item) ? old : item;
    });
}

function isSame(old: Item, item: Item): boolean {
    if (old.kind !== "turn" || item.kind !== "turn") {
        return old.kind === item.kind;
    }
    return old.name === item.name
        && old.said.length === item.said.length
        && item.said.every((one, at) =>
            one.stage === old.said[at]?.stage && one.key === old.said[at]?.key);
}

/** Adds a turn, or to the turn before when it goes on. */
function add(items: Item[], turn: Extract<Item, {kind: "turn"}>): void {
    const last = items.at(-1);
    const goesOn =
        last?.kind === "turn"
        && last.whose === turn.whose
        && last.isOwn === turn.isOwn
        && (turn.isOwn || last.name === turn.name)
        && turn.at - last.at < TURN_MS;
    if (goesOn) {
        last.said.push(...turn.said);
    } else {
        items.push(turn);
    }
}

function pendingTurn({key, text, visibility, at, stage}: Pending): Extract<Item, {kind: "turn"}> {
    return {
        kind: "turn",
        key,
        at,
        whose: visibility === "All" ? "us" : "note",
        name: "",
        isOwn: true,
        said: [{key, kind: "text", text, file: null, stage, pendingKey: key}],
    };
}

function whoseOf(line: Line): Whose {
    if (line.visibility !== "All") {
        return line.from.type === "Supervisor" ? "coach" : "note";
    }
    return line.from.type === "Customer" ? "them" : "us";
}

function saidOf(line: Line): Said {
    const kind =
        line.type === "PushUrl" ? "page" : line.type === "FileUploaded" ? "file" : "text";
    const id = line.userData["file-id"];
    const isFile = kind === "file" && typeof id === "string";
    return {
        key: `line ${line.index}`,
        kind,
        text: line.text,
        file: isFile ? {id, bytes: Number(line.userData["file-size"]) || 0} : null,
        stage: null,
        pendingKey: null,
    };
}

/** Returns what happened; `null` for what was said. `saidAt` is when something was said last. */
function factOf(line: Line, saidAt: number): Fact | null {
    const name = line.from.nickname;
    switch (line.type) {
        case "ParticipantJoined":
            return {kind: "joined", name};
        case "ParticipantLeft": {
            const reason = String(line.userData["quit-reason-code"] ?? "");
            return {kind: "left", name, isCustomer: line.from.type === "Customer", reason};
        }
        case "NicknameUpdated":
            return {kind: "renamed", name: line.text};
        case "FileDeleted":
            return {kind: "fileTakenBack", name: line.text};
        case "Notice":
        case "CustomNotice":
            return noticeOf(line, saidAt);
        default:
            return null;
    }
}

function noticeOf({messageType, text, at}: Line, saidAt: number): Fact {
    switch (messageType) {
        case "IdleAlert":
            return {kind: "idleAlert", ms: at - saidAt};
        case "IdleClose":
            return {kind: "idleClose"};
        default:
            return {kind: "notice", text};
    }
}
