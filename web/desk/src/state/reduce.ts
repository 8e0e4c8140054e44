// The one place where the desk's state changes: (state, event) → state, and nothing else happens.
//
// Numbers decide what counts. A message whose number was seen is dropped; one that leaves numbers
// out marks the state as stale, so that it is read again. What came while a read was under way is
// applied once more on top of it: it may say less than the read knew, but the last word about
// everything that changed since the read began is among it.

import type {Interaction} from "../api/interaction.ts";
import type {Notification, Topic} from "../api/notification.ts";
import {contactRead, contactWanted, withNames} from "./contacts.ts";
import {takerOf} from "./handing.ts";
import type {DeskEvent, DeskState, Failure, Pending, Reading, Snapshot} from "./model.ts";
import {isLetterSend} from "./leaving.ts";
import {draftSave, marksOf, marksRead, withoutSaid, withPassing} from "./marks.ts";
import {withCustomer, withLines, withTyping} from "./transcripts.ts";

/** How long what went is kept for the list to strike it through, in ms. */
export const DEPARTURE_SHOWN_MS = 4_000;
/** Departures of offers stay until they are dismissed, at most so many. */
const DEPARTURES_MAX = 50;
/** Letters that went out and are remembered, which is for as long as their forms are there. */
const WENT_OUT_MAX = 50;
/** Failures that are kept. */
const FAILURES_MAX = 50;
/** Messages that are kept for one read; beyond it the read begins again. */
const READING_MAX = 2_000;

/** In these states an interaction is not, or no longer, the reader's. */
const NOT_MINE = new Set(["Queued", "InWorkbin", "Completed", "Canceled", "Sent", "Revoked"]);

export function reduce(state: DeskState, event: DeskEvent): DeskState {
    return withNames(changed(state, event), state);
}

function changed(state: DeskState, event: DeskEvent): DeskState {
    switch (event.type) {
        case "connection":
            return {...state, connection: event.connection};
        case "told":
            return told(state, event.topic, event.notification, event.at);
        case "missed":
            return {...state, isStale: true};
        case "readBegun":
            return readBegun(state, event.id);
        case "readDone":
            return readDone(state, event.id, event.snapshot, event.at);
        case "readFailed":
            return readFailed(state, event.id);
        case "unread":
            return {...state, unread: {...state.unread, [event.what]: event.sentence}};
        case "transcriptRead":
            return transcriptRead(state, event);
        case "deliveryRead":
            return deliveryRead(state, event);
        case "marksRead":
            return marksRead(state, event);
        case "draftSave":
            return draftSave(state, event);
        case "marksMissed":
            return {...state, marks: {}};
        case "questionSeen":
            return {
                ...state,
                questions: state.questions.filter((one) => one !== event.question),
            };
        case "contactWanted":
            return contactWanted(state, event.contactId);
        case "contactRead":
            return contactRead(state, event);
        case "workbinReadBegun":
            return {
                ...state,
                staleWorkbins: state.staleWorkbins.filter((id) => id !== event.workbinId),
            };
        case "workbinRead":
            return workbinRead(state, event);
        case "workbinReadFailed":
            return staleWorkbin(state, event.workbinId);
        case "queuesRead":
            return {
                ...state,
                queued: event.interactions,
                unread: without(state.unread, "queues"),
            };
        case "pending":
            return withoutSaid({
                ...state, pending: [...stillUntold(state, event.pending), ...event.pending],
            });
        case "failed":
            return failed(state, event.failure);
        case "answered":
            return answered(state, event.key, event.referenceId);
        case "transcriptStale":
            return transcriptStale(state, event.interactionId);
        case "dismissed":
            return dismissed(state, event.interactionId);
        case "passed":
            return passed(state, event.at);
    }
}

/** A message came. */
function told(
    state: DeskState,
    topic: Topic,
    notification: Notification,
    at: number,
): DeskState {
    if (notification.kind === "resync") {
        // What follows up to the head is older than the read that is wanted now.
        const numbers = {...state.numbers, [topic]: notification.head};
        return {...state, numbers, isStale: true};
    }
    const {sequence} = notification;
    const last = state.numbers[topic];
    if (sequence !== null && last !== undefined && sequence <= last) {
        return state;
    }
    const isGap = sequence !== null && last !== undefined && sequence > last + 1;
    const numbered: DeskState = {
        ...state,
        numbers: sequence === null ? state.numbers : {...state.numbers, [topic]: sequence},
        isStale: state.isStale || isGap,
        reading: kept(state.reading, topic, notification, at),
    };
    return apply(numbered, notification, at);
}

/** Keeps a message for the read that is under way. */
function kept(
    reading: Reading | null,
    topic: Topic,
    notification: Notification,
    at: number,
): Reading | null {
    // One without a number was for whoever listened at that moment.
    if (reading === null || notification.kind === "resync" || notification.sequence === null) {
        return reading;
    }
    return {...reading, told: [...reading.told, {topic, notification, at}]};
}

/** What a message says becomes so. */
function apply(state: DeskState, notification: Notification, at: number): DeskState {
    switch (notification.kind) {
        case "interaction":
            return applyInteraction(state, notification, at);
        case "channels":
            return {...state, channels: mergedChannels(state, notification.channels)};
        case "workbin":
            return staleWorkbin(state, notification.workbinId);
        case "draft":
        case "read":
        case "viewers":
        case "asked":
        case "settings":
            return withPassing(state, notification);
        case "resync":
        case "other":
            return state;
    }
}

function applyInteraction(
    state: DeskState,
    notification: Extract<Notification, {kind: "interaction"}>,
    at: number,
): DeskState {
    const {interaction, lines, typing, error} = notification;
    const next = error === null
        ? state
        : failed(state, {
              interactionId: interaction.id,
              sentence: error,
              at,
              offer: state.work[interaction.id]?.offer ?? null,
              operationName: null,
          });
    const told = typing.reduce(
        (now, one) => withTyping(now, interaction.id, one, at),
        withLines(next, interaction.id, lines),
    );
    if (NOT_MINE.has(interaction.state)) {
        return departed(told, notification, at);
    }
    // Its draft goes to whoever owns it from then on.
    const isAnothers = told.work[interaction.id]?.assignedTo !== interaction.assignedTo;
    return withCustomer(
        {
            ...told,
            work: {...told.work, [interaction.id]: interaction},
            undelivered: undelivered(told, interaction, error),
            marks: isAnothers ? without(told.marks, interaction.id) : told.marks,
        },
        interaction.id,
    );
}

/** A draft that comes back from being sent says why; one that goes out again forgets it. */
function undelivered(
    {undelivered: known}: DeskState,
    {id, state, letter}: Interaction,
    error: string | null,
): DeskState["undelivered"] {
    if (letter === null || (state === "Composing" && error === null)) {
        return known;
    }
    return state === "Composing" ? {...known, [id]: error ?? ""} : without(known, id);
}

function failed(state: DeskState, failure: Failure): DeskState {
    return {...state, failures: [...state.failures, failure].slice(-FAILURES_MAX)};
}

/** An interaction is no longer the reader's. */
function departed(
    state: DeskState,
    {interaction, referenceId}: Extract<Notification, {kind: "interaction"}>,
    at: number,
): DeskState {
    const before = state.work[interaction.id];
    const isParked = interaction.state === "InWorkbin";
    const next = isParked ? everyWorkbinStale(state) : state;
    if (before === undefined) {
        return next;
    }
    const departure = {
        interaction: before,
        state: interaction.state,
        at,
        wasOffer: before.state === "Invited",
        isOwn: referenceId !== null,
        // What one has done oneself since, the colleague did not take.
        to: referenceId === null ? takerOf(state, before) : null,
        wasExpired: before.offer !== null && at >= before.offer.expires,
    };
    return {
        ...next,
        work: without(next.work, interaction.id),
        transcripts: without(next.transcripts, interaction.id),
        marks: without(next.marks, interaction.id),
        draftChanges: without(next.draftChanges, interaction.id),
        undelivered: without(next.undelivered, interaction.id),
        pending: next.pending.filter((one) => isOpen(one) || one.interactionId !== interaction.id),
        departures: [...others(next.departures, interaction.id), departure].slice(-DEPARTURES_MAX),
    };
}

function others<T extends {interaction: Interaction}>(all: T[], id: string): T[] {
    return all.filter((one) => one.interaction.id !== id);
}

/** A message of channels names those that changed, or all of them. */
function mergedChannels(state: DeskState, changed: DeskState["channels"]): DeskState["channels"] {
    const names = new Set(changed.map((one) => one.channel));
    const before = new Map(state.channels.map((one) => [one.channel, one]));
    const now = changed.map((one) => ({
        ...one,
        capacity: one.capacity ?? before.get(one.channel)?.capacity ?? null,
    }));
    return [...state.channels.filter((one) => !names.has(one.channel)), ...now].sort((a, b) =>
        a.channel.localeCompare(b.channel),
    );
}

function staleWorkbin(state: DeskState, id: string): DeskState {
    return state.staleWorkbins.includes(id)
        ? state
        : {...state, staleWorkbins: [...state.staleWorkbins, id]};
}

function everyWorkbinStale(state: DeskState): DeskState {
    return {...state, staleWorkbins: state.workbins.map((one) => one.id)};
}

function readBegun(state: DeskState, id: number): DeskState {
    const {draftChanges} = state;
    return {...state, isStale: false, reading: {id, draftChanges, told: []}};
}

function readDone(
    state: DeskState,
    id: number,
    snapshot: Snapshot,
    at: number,
): DeskState {
    const {reading} = state;
    if (reading?.id !== id) {
        return state;
    }
    if (reading.told.length > READING_MAX) {
        return {...state, reading: null, isStale: true};
    }
    const work = Object.fromEntries(snapshot.work.map((one) => [one.id, one]));
    const gone = Object.values(state.work).filter((one) => work[one.id] === undefined);
    const fresh: DeskState = {
        ...state,
        me: snapshot.me,
        channels: mergedChannels({...state, channels: []}, snapshot.channels),
        reading: null,
        lastRead: id,
        work,
        transcripts: Object.fromEntries(
            // What was read of a chat stays; the lines since are asked for.
            Object.entries(state.transcripts)
                .filter(([chat]) => work[chat] !== undefined)
                .map(([chat, one]) => [chat, {...one, isRead: false, typing: {}}]),
        ),
        undelivered: {},
        marks: marksOf(state, snapshot.work, reading),
        draftChanges: Object.fromEntries(
            Object.entries(state.draftChanges).filter(([chat]) => work[chat] !== undefined),
        ),
        departures: [
            ...state.departures,
            ...gone.map((interaction) => missed(interaction, at)),
        ].slice(-DEPARTURES_MAX),
        workbins: snapshot.workbins,
        parked: snapshot.parked,
        staleWorkbins: [],
        unread: without(without(state.unread, "work"), "workbins"),
        pending: state.pending.filter((one) => isOpen(one) || one.interactionId in work),
    };
    const named = Object.keys(work).reduce(withCustomer, fresh);
    return withoutSaid(
        reading.told.reduce((now, one) => apply(now, one.notification, one.at), named),
    );
}

/** Something went while nobody told. */
function missed(interaction: Interaction, at: number): DeskState["departures"][number] {
    const wasOffer = interaction.state === "Invited";
    const wasExpired = interaction.offer !== null && at >= interaction.offer.expires;
    return {interaction, state: "Revoked", at, wasOffer, isOwn: false, to: null, wasExpired};
}

function workbinRead(
    state: DeskState,
    {workbinId, interactions, since}: Extract<DeskEvent, {type: "workbinRead"}>,
): DeskState {
    return since === state.lastRead
        ? {
              ...state,
              parked: {...state.parked, [workbinId]: interactions},
              unread: without(state.unread, "workbins"),
          }
        : state;
}

function readFailed(state: DeskState, id: number): DeskState {
    return state.reading?.id === id ? {...state, reading: null, isStale: true} : state;
}

function transcriptRead(
    state: DeskState,
    event: Extract<DeskEvent, {type: "transcriptRead"}>,
): DeskState {
    if (state.work[event.interactionId] === undefined) {
        return state;
    }
    const next = withLines(state, event.interactionId, event.lines);
    const transcript = next.transcripts[event.interactionId];
    const isSaid = new Set(event.answered);
    const pending = next.pending.filter(
        (one) => !isSaid.has(one.key) || one.interactionId !== event.interactionId,
    );
    const read: DeskState = {
        ...next,
        transcripts: {
            ...next.transcripts,
            [event.interactionId]: {
                lines: transcript?.lines ?? [],
                typing: transcript?.typing ?? {},
                isRead: event.since === state.lastRead,
            },
        },
        pending,
        saidCount: next.saidCount + next.pending.length - pending.length,
    };
    return withCustomer(read, event.interactionId);
}

function deliveryRead(
    state: DeskState,
    {interactionId, reason, since}: Extract<DeskEvent, {type: "deliveryRead"}>,
): DeskState {
    // What was told meanwhile is newer.
    const isWanted = since === state.lastRead && state.undelivered[interactionId] === undefined;
    return isWanted && interactionId in state.work
        ? {...state, undelivered: {...state.undelivered, [interactionId]: reason}}
        : state;
}

/** What was answered stays until it is told, whatever the outbox still holds. */
function stillUntold(state: DeskState, pending: Pending[]): Pending[] {
    const keys = new Set(pending.map((one) => one.key));
    return state.pending.filter((one) => !isOpen(one) && !keys.has(one.key));
}

/** What was said stays until the feed tells it; anything else shows by itself. */
function answered(state: DeskState, key: string, referenceId: number | null): DeskState {
    const found = state.pending.find((one) => one.key === key);
    if (found === undefined) {
        return state;
    }
    const lines = state.transcripts[found.interactionId]?.lines ?? [];
    const isSaid = found.text !== "" && referenceId !== null
        && lines.some((line) => line.referenceId === referenceId);
    const isTold =
        isSaid
        || found.text === ""
        // What is no longer ours tells nothing any more.
        || state.work[found.interactionId] === undefined;
    const rest = state.pending.filter((one) => one.key !== key);
    const said: Pending = {...found, stage: {kind: "answered", referenceId}};
    const next = {
        ...state,
        pending: isTold ? rest : [...rest, said],
        saidCount: state.saidCount + (isSaid ? 1 : 0),
    };
    return isLetterSend(found) ? wentOut(next, found) : next;
}

function wentOut(state: DeskState, {interactionId, key}: Pending): DeskState {
    const others = Object.entries(without(state.wentOut, interactionId));
    const all = [...others, [interactionId, key] as const].slice(-WENT_OUT_MAX);
    return {...state, wentOut: Object.fromEntries(all)};
}

/** Returns whether the outbox still holds it. */
function isOpen({stage}: Pending): boolean {
    return stage.kind !== "answered";
}

function transcriptStale(state: DeskState, id: string): DeskState {
    const transcript = state.transcripts[id];
    return transcript === undefined
        ? state
        : {...state, transcripts: {...state.transcripts, [id]: {...transcript, isRead: false}}};
}

function dismissed(state: DeskState, id: string): DeskState {
    return {
        ...state,
        departures: others(state.departures, id),
        failures: state.failures.filter((one) => one.interactionId !== id),
    };
}

function passed(state: DeskState, at: number): DeskState {
    const departures = state.departures.filter(
        // An offer that ran out stays until somebody has seen it.
        (one) => (one.wasOffer && one.wasExpired) || at - one.at < DEPARTURE_SHOWN_MS,
    );
    return departures.length === state.departures.length ? state : {...state, departures};
}

export function without<R extends Record<string, unknown>>(record: R, key: string & keyof R): R {
    if (record[key] === undefined) {
        return record;
    }
    const {[key]: _, ...rest} = record;
    return rest as R;
}
