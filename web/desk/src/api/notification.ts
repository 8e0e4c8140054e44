// What comes over the feed: the messages of the topics that the desk listens to.

import {
    described, fields, instant, list, numberOrNull, text, textOrNull, type Described, type Fields,
} from "./fields.ts";
import {
    readDraft,
    readInteraction,
    readMarks,
    readPerson,
    type ChatDraft,
    type Interaction,
    type Person,
} from "./interaction.ts";

/**
 * The topics of the desk. Each is subscribed by its own name and not by a pattern: what the
 * 8.5.2 generation is told on the media's topics would come a second time.
 */
export const TOPICS = [
    "/v2/me/interactions", "/v2/me/channels", "/v2/me/workbins", "/v2/me",
] as const;

export type Topic = (typeof TOPICS)[number];

/** The topic whose messages have no numbers: what was missed on it was for whoever listened. */
export const UNNUMBERED: Topic = "/v2/me";

/** Who said a line of a chat. */
export interface Speaker {
    participantId: string;
    nickname: string;
    type: string;
    /** Of an account; customers have none. */
    userId: string | null;
}

/** One entry of a chat. */
export interface Line {
    index: number;
    type: string;
    /** What was said; of a page its address, of a file its name. */
    text: string;
    /** What kind of text it is, such as `IdleAlert`. */
    messageType: string;
    visibility: string;
    from: Speaker;
    /** In ms since 1970 by the server's clock. */
    at: number;
    /** What an entry carries beside, such as a file's id or why somebody left. */
    userData: Fields;
    /** Of the request that said it, told to its author alone; a read does not tell it. */
    referenceId: number | null;
}

/** That somebody writes, or no longer does; told once and never kept. */
export interface Typing {
    from: Speaker;
    isTyping: boolean;
    visibility: string;
}

/** The state of one channel of an agent's. */
export interface Channel {
    channel: string;
    /** `Ready`, `NotReady` or `LoggedOut`. */
    state: string;
    /** Why it is not Ready, where somebody said so. */
    reason: string | null;
    isUndisturbed: boolean;
    /** When it became what it is, in ms since 1970 by the server's clock. */
    since: number | null;
    /** How much of it fits; messages do not tell, so what was read stands. */
    capacity: number | null;
}

/** What a colleague asks. */
export interface Question {
    from: Person;
    text: string;
    /** What it is about. */
    interactionId: string | null;
}

export type Notification =
    | {
          kind: "interaction";
          sequence: number | null;
          referenceId: number | null;
          interaction: Interaction;
          lines: Line[];
          typing: Typing[];
          /** The sentence of an `Error` notification. */
          error: string | null;
      }
    | {kind: "channels"; sequence: number | null; channels: Channel[]}
    | {kind: "workbin"; sequence: number | null; workbinId: string}
    | {
          kind: "draft";
          sequence: null;
          interactionId: string;
          draft: ChatDraft | null;
          referenceId: number | null;
      }
    | {kind: "read"; sequence: null; interactionId: string; readIndex: number | null}
    | {kind: "viewers"; sequence: null; interactionId: string; viewers: Person[]}
    | {kind: "asked"; sequence: null; question: Question}
    | {kind: "settings"; sequence: null; referenceId: number | null}
    | {kind: "resync"; oldest: number; head: number}
    | {kind: "other"; sequence: number | null};

/** Returns what a message says. */
export function readNotification(topic: Topic, data: unknown): Notification {
    const it = fields(data);
    const type = text(it["messageType"]);
    if (type === "Resync") {
        const head = numberOrNull(it["head"]) ?? 0;
        return {kind: "resync", oldest: numberOrNull(it["oldest"]) ?? head, head};
    }
    const sequence = numberOrNull(it["sequence"]);
    if (topic === "/v2/me/channels" && type === "ChannelStateChangeMessageV2") {
        return {kind: "channels", sequence, channels: readChannels(it["channels"])};
    }
    if (topic === "/v2/me/workbins" && type === "WorkbinStateChangeMessage") {
        // What came or left is read anew: the message shows it in the older generation's shape.
        return {kind: "workbin", sequence, workbinId: text(it["id"])};
    }
    const passing = readPassing(type, it);
    if (passing !== null) {
        return passing;
    }
    const interaction = type === "InteractionStateMessage" ? readInteraction(it) : null;
    return topic === "/v2/me/interactions" && interaction !== null
        ? readChange(it, sequence, interaction)
        : {kind: "other", sequence};
}

/** Returns what has no number; `null` for all else. */
function readPassing(type: string, it: Fields): Notification | null {
    const interactionId = text(it["interactionId"]);
    const referenceId = numberOrNull(it["referenceId"]);
    switch (type) {
        case "ChatDraftMessage": {
            const draft = readDraft(it["draft"]);
            return {kind: "draft", sequence: null, interactionId, draft, referenceId};
        }
        case "ChatReadMessage": {
            const {readIndex} = readMarks(it);
            return {kind: "read", sequence: null, interactionId, readIndex};
        }
        case "ViewersMessage": {
            const viewers = list(it["viewers"]).map(readPerson).filter((one) => one !== null);
            return {kind: "viewers", sequence: null, interactionId, viewers};
        }
        case "AskMessage": {
            const from = readPerson(it["from"]);
            const question = {text: text(it["text"]), interactionId: interactionId || null};
            return from === null
                ? null
                : {kind: "asked", sequence: null, question: {...question, from}};
        }
        case "SettingsChangedMessage":
            return {kind: "settings", sequence: null, referenceId};
        default:
            return null;
    }
}

function readChange(
    it: Fields,
    sequence: number | null,
    interaction: Interaction,
): Notification {
    const referenceId = numberOrNull(it["referenceId"]);
    const entries = list(it["messages"]).map((one) => described<"LogMessage">(one));
    const isError = it["notificationType"] === "Error";
    return {
        kind: "interaction",
        sequence,
        referenceId,
        interaction,
        lines: entries.flatMap((entry) => readLine(entry, referenceId)),
        typing: entries.flatMap(readTyping),
        error: isError ? text(it["errorMessage"]) : null,
    };
}

/** Returns the channels of an agent, as `/me/channels` and notifications have them. */
export function readChannels(value: unknown): Channel[] {
    return list(value).map((one) => {
        const it = described<"ChannelWithRoom">(one);
        const state = described<"UserState">(it["userState"]);
        return {
            channel: text(it["channel"]),
            state: text(state["state"]),
            reason: textOrNull(state["reason"]),
            isUndisturbed: it["dndState"] === "On",
            since: instant(state["since"]),
            capacity: numberOrNull(it["capacity"]),
        };
    });
}

/** Returns the lines of a transcript. */
export function readLines(value: unknown): Line[] {
    return list(value).flatMap((entry) => readLine(described<"LogMessage">(entry), null));
}

function readLine(entry: Described<"LogMessage">, referenceId: number | null): Line[] {
    const index = numberOrNull(entry["index"]);
    return index === null
        ? []
        : [
              {
                  index,
                  type: text(entry["type"]),
                  text: text(entry["text"]) || text(entry["url"]) || text(entry["noticeText"]),
                  messageType: text(entry["messageType"]),
                  visibility: text(entry["visibility"]),
                  from: readSpeaker(entry["from"]),
                  at: numberOrNull(entry["timestampSeconds"]) ?? 0,
                  userData: fields(entry["userData"]),
                  referenceId,
              },
          ];
}

function readTyping(entry: Described<"LogMessage">): Typing[] {
    const type = text(entry["type"]);
    return type === "TypingStarted" || type === "TypingStopped"
        ? [
              {
                  from: readSpeaker(entry["from"]),
                  isTyping: type === "TypingStarted",
                  visibility: text(entry["visibility"]),
              },
          ]
        : [];
}

function readSpeaker(value: unknown): Speaker {
    const it = described<"Speaker">(value);
    const path = textOrNull(it["path"]);
    return {
        participantId: text(it["participantId"]),
        nickname: text(it["nickname"]),
        type: text(it["type"]),
        userId: path === null ? null : (path.split("/").at(-1) ?? null),
    };
}
