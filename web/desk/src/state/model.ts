// What the desk knows: one value, made from a read and from numbered messages, and never changed
// in place. Nothing here is worked out that can be derived; see lists.ts and conversation.ts.

import type {Interaction, Offer, OwnMarks, Person} from "../api/interaction.ts";
import type {Channel, Line, Notification, Question, Topic} from "../api/notification.ts";
import type {Refusal} from "../api/outbox/entry.ts";

/** Who is signed in. */
export interface Me {
    id: string;
    userName: string;
    firstName: string;
    lastName: string;
    roles: string[];
    groups: string[];
}

/** The way to the server. Times are in ms since 1970 by the server's clock. */
export type Connection =
    | {kind: "opening"}
    | {kind: "live"}
    | {kind: "lost"; since: number; why: LostWhy; nextTryAt: number | null}
    /** The login session is over; what is on the page stays. */
    | {kind: "signedOut"; sentence: string};

export type LostWhy = "unreachable" | "offline" | "restarting";

export interface Workbin {
    id: string;
    name: string;
    /** `Agent` or `AgentGroup`. */
    type: string;
}

/** What was said in a chat, as far as it was read. */
export interface Transcript {
    /** By index, each once, rising. */
    lines: Line[];
    /** Whether all there was has been read. Lines that are told before that come beside it. */
    isRead: boolean;
    /** Who writes now, by participant. */
    typing: Record<string, {nickname: string; visibility: string; since: number}>;
}

/** What was mine or offered to me and no longer is; shown struck through for a while. */
export interface Departure {
    interaction: Interaction;
    /** As the last message about it said: `Completed`, `Revoked`, `Canceled`, … */
    state: string;
    at: number;
    /** Whether it was only offered. */
    wasOffer: boolean;
    /** Whether the reader did it. */
    isOwn: boolean;
    /** The colleague to whom the reader had handed it. */
    to: Person | null;
    /** Whether the offer's time was over. */
    wasExpired: boolean;
}

/** What came to nothing, such as a transfer that was declined, or an *Accept* that was refused. */
export interface Failure {
    interactionId: string;
    sentence: string;
    at: number;
    /** What stood as an offer until then. */
    offer: Offer | null;
    /** What was wanted here, and refused later; `null` for what others did. */
    operationName: string | null;
}

/** Something said or done here that the server has not told yet. */
export interface Pending {
    /** Its name towards the server: a repetition is the same. */
    key: string;
    /** What it is about. */
    interactionId: string;
    operationName: string;
    /** Of what is said, the words; else empty. */
    text: string;
    visibility: string;
    /** In ms since 1970 by the server's clock. */
    at: number;
    stage: PendingStage;
}

export type PendingStage =
    | {kind: "waiting"; attempts: number}
    | {kind: "sending"}
    /** Said; the message that tells it has this reference. */
    | {kind: "answered"; referenceId: number | null}
    | ({kind: "refused"} & Refusal);

/** A read that is under way, with what came meanwhile: it is applied once more on top of it. */
export interface Reading {
    id: number;
    /** As it was when the read began. */
    draftChanges: DeskState["draftChanges"];
    told: {topic: Topic; notification: Notification; at: number}[];
}

/** What one left in a chat; `referenceId` is of the request that the draft came from. */
export interface KnownMarks extends OwnMarks {
    referenceId: number | null;
}

/** What a read of a chat's draft may not have: drafts have no numbers that would tell. */
export interface DraftChanges {
    /** How often it changed since the page is there. */
    done: number;
    /** Saves without an answer yet. */
    underWay: number;
}

export interface DeskState {
    me: Me | null;
    connection: Connection;
    channels: Channel[];
    /** The last number that was applied, by topic; a topic that is missing was not heard yet. */
    numbers: Partial<Record<Topic, number>>;
    /** Whether something may have been missed: a read is wanted. */
    isStale: boolean;
    reading: Reading | null;
    /** The last read that is in the state; 0 before the first. */
    lastRead: number;
    /** Mine, and what is offered to me, by id. */
    work: Record<string, Interaction>;
    transcripts: Record<string, Transcript>;
    /** Why drafts of mine came back undelivered; empty did not, missing is not known yet. */
    undelivered: Record<string, string>;
    /** What one left in chats oneself, on whichever computer; missing is not known yet. */
    marks: Record<string, KnownMarks>;
    /** By chat; missing is none. */
    draftChanges: Record<string, DraftChanges>;
    /** Who else looks at an interaction now. */
    viewers: Record<string, Person[]>;
    /** What colleagues ask, until it is seen. */
    questions: Question[];
    /** The last word that the settings on the server changed. */
    settingsTold: {referenceId: number | null} | null;
    /** What contacts are called, by id; empty is that nobody knows. */
    contactNames: Record<string, string>;
    /** Contacts that are shown, and whose names are to be read. */
    contactsWanted: string[];
    departures: Departure[];
    failures: Failure[];
    workbins: Workbin[];
    /** What lies in the workbins, by workbin. */
    parked: Record<string, Interaction[]>;
    /** Workbins whose content has changed since it was read. */
    staleWorkbins: string[];
    /** What waits in the queues that are served. */
    queued: Interaction[];
    /** Why what is shown may be old: reads that failed, and what the server said (empty: nothing). */
    unread: Partial<Record<Readable, string>>;
    pending: Pending[];
    /** How many of one's own messages were found to be in their chats: whoever sent them is told. */
    saidCount: number;
    /** Letters that went out from this browser, with the key of the request that let them go. */
    wentOut: Record<string, string>;
}

/** What is read for lists: what is mine, drafts and workbins included, and what waits. */
export type Readable = "work" | "workbins" | "queues";

/** What a read brings. */
export interface Snapshot {
    me: Me;
    channels: Channel[];
    work: Interaction[];
    workbins: Workbin[];
    parked: Record<string, Interaction[]>;
}

/** Whatever changes the state. */
export type DeskEvent =
    | {type: "connection"; connection: Connection}
    | {type: "told"; topic: Topic; notification: Notification; at: number}
    /** Something may have been missed. */
    | {type: "missed"}
    | {type: "readBegun"; id: number}
    | {type: "readDone"; id: number; snapshot: Snapshot; at: number}
    | {type: "readFailed"; id: number}
    /** What lists show could not be read, though the link stands. */
    | {type: "unread"; what: Readable; sentence: string}
    | {
          type: "transcriptRead";
          interactionId: string;
          lines: Line[];
          /** `lastRead` when it began: what was missed since then it does not have. */
          since: number;
          /** Keys of what had been answered when the read began: the lines hold it. */
          answered: string[];
      }
    | {
          type: "deliveryRead";
          interactionId: string;
          reason: string;
          /** `lastRead` when it began. */
          since: number;
      }
    /** What one left in a chat was read. */
    | {
          type: "marksRead";
          interactionId: string;
          marks: OwnMarks;
          /** How often the draft had changed when it began. */
          since: number;
      }
    /** What is typed in a chat goes to the server. */
    | {type: "draftSave"; interactionId: string; stage: "begun" | "over"}
    /** What one left in chats may have changed while nobody told. */
    | {type: "marksMissed"}
    /** A question was seen. */
    | {type: "questionSeen"; question: Question}
    /** Something of a contact is shown. */
    | {type: "contactWanted"; contactId: string}
    /** What a contact is called; `null` when that could not be read, and what was known stays. */
    | {type: "contactRead"; contactId: string; name: string | null}
    /** What changes in a workbin from here on, its read may not have. */
    | {type: "workbinReadBegun"; workbinId: string}
    | {
          type: "workbinRead";
          workbinId: string;
          interactions: Interaction[];
          /** `lastRead` when it began: what was read since is newer. */
          since: number;
      }
    | {type: "workbinReadFailed"; workbinId: string}
    | {type: "queuesRead"; interactions: Interaction[]}
    /** Whatever waits for an answer, or was refused. */
    | {type: "pending"; pending: Pending[]}
    /** Something came to nothing. */
    | {type: "failed"; failure: Failure}
    /** What was pending is done. */
    | {type: "answered"; key: string; referenceId: number | null}
    /** A chat is to be read again. */
    | {type: "transcriptStale"; interactionId: string}
    | {type: "dismissed"; interactionId: string}
    /** Forgets what has been shown long enough. */
    | {type: "passed"; at: number};

export const EMPTY: DeskState = {
    me: null,
    connection: {kind: "opening"},
    channels: [],
    numbers: {},
    isStale: true,
    reading: null,
    lastRead: 0,
    work: {},
    transcripts: {},
    undelivered: {},
    marks: {},
    draftChanges: {},
    viewers: {},
    questions: [],
    settingsTold: null,
    contactNames: {},
    contactsWanted: [],
    departures: [],
    failures: [],
    workbins: [],
    parked: {},
    staleWorkbins: [],
    queued: [],
    unread: {},
    pending: [],
    saidCount: 0,
    wentOut: {},
};
