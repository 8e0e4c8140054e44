// The lists of the desk: which rows there are, in which group and in what order. What is shown may
// be older than this (nothing moves under the hand); see held.ts.

import type {Interaction} from "../api/interaction.ts";
import type {Refusal} from "../api/outbox/entry.ts";
import {keptBackBy, notCompleted} from "./leaving.ts";
import type {DeskState} from "./model.ts";
import {
    firstWords,
    lastWords,
    lateness,
    shareOfTarget,
    type LastWords,
    type Lateness,
} from "./owed.ts";

export type ListName = "mine" | "drafts" | "parked" | "queues";

/** The groups of Mine, in their order. */
export const MINE_GROUPS = ["waiting", "toFinish", "answered", "draftsHere"] as const;

export type MineGroup = (typeof MINE_GROUPS)[number];

export interface Row {
    id: string;
    interaction: Interaction;
    /** A group of Mine, a workbin's id, or a queue's name; Drafts have one. */
    group: string;
    who: string;
    subject: string;
    last: LastWords;
    /** The first words of what is half typed, where nobody waits for an answer; empty without. */
    draft: string;
    /** Who writes right now. */
    isTyping: boolean;
    /** Why a letter came back; empty when none did. */
    undelivered: string;
    /** Why a letter did not go; `null` when none was kept back. */
    keptBack: Refusal | null;
    /** Why it was not completed after its answer had gone out; empty when nobody refused that. */
    notCompleted: string;
    /** Since when somebody waits for us, in ms since 1970 by the server's clock. */
    waitingSince: number | null;
}

export interface Group {
    key: string;
    /** Of a workbin or a queue; groups of Mine have texts of their own. */
    name: string | null;
    rows: Row[];
}

/** Returns the groups of a list that have rows, in order. */
export function groupsOf(state: DeskState, list: ListName, now: number): Group[] {
    switch (list) {
        case "mine":
            return mine(state, now);
        case "drafts":
            return filled([{key: "drafts", name: null, rows: drafts(state)}]);
        case "parked":
            return parked(state);
        case "queues":
            return queues(state);
    }
}

/** Returns how many rows a list has. */
export function countOf(state: DeskState, list: ListName): number {
    switch (list) {
        case "mine":
            return owned(state).filter((one) => groupOfMine(state, one) !== null).length;
        case "drafts":
            return drafts(state).length;
        case "parked":
            return Object.values(state.parked).reduce((sum, rows) => sum + rows.length, 0);
        case "queues":
            return state.queued.length;
    }
}

/** Returns an interaction of any list; `null` for what is in none. */
export function findInteraction(state: DeskState, id: string): Interaction | null {
    const elsewhere = [...Object.values(state.parked).flat(), ...state.queued];
    return state.work[id] ?? elsewhere.find((one) => one.id === id) ?? null;
}

/** Returns the row behind another in its group, else the one before it; `null` without any. */
export function nextRow(groups: Group[], id: string): string | null {
    const rows = groups.find((group) => group.rows.some((row) => row.id === id))?.rows ?? [];
    const at = rows.findIndex((row) => row.id === id);
    return (rows[at + 1] ?? rows[at - 1])?.id ?? null;
}

/** Returns whoever of one's own customers has waited longest by the target; `null` for nobody. */
export function longestWaiting(state: DeskState, now: number): string | null {
    const [first] = mine(state, now);
    return first?.key === "waiting" ? (first.rows[0]?.id ?? null) : null;
}

/** Returns what is offered, the oldest first. */
export function offersOf(state: DeskState): Interaction[] {
    return Object.values(state.work)
        .filter((one) => one.state === "Invited" && one.offer !== null)
        .sort((a, b) => (a.offer?.at ?? 0) - (b.offer?.at ?? 0) || a.id.localeCompare(b.id));
}

/**
 * Returns why what a list shows may be old, in the server's words, which may be none; `null` where
 * it was read.
 */
export function unreadOf({unread}: DeskState, list: ListName): string | null {
    const own = {mine: "work", drafts: "work", parked: "workbins", queues: "queues"} as const;
    const isOfWork = list !== "queues";
    return unread[own[list]] ?? (isOfWork ? unread.work : undefined) ?? null;
}

/** Returns how late a row is; `null` while nobody waits. */
export function latenessOf(row: Row, now: number): Lateness | null {
    return row.waitingSince === null
        ? null
        : lateness(row.interaction, row.waitingSince, now);
}

function owned(state: DeskState): Interaction[] {
    return Object.values(state.work).filter((one) => one.state !== "Invited");
}

function mine(state: DeskState, now: number): Group[] {
    const groups = new Map<MineGroup, Row[]>(MINE_GROUPS.map((key) => [key, []]));
    for (const interaction of owned(state)) {
        const group = groupOfMine(state, interaction);
        if (group !== null) {
            groups.get(group)?.push(rowOf(state, interaction, group));
        }
    }
    groups.get("waiting")?.sort((a, b) => moreUrgent(a, b, now));
    groups.get("toFinish")?.sort(older);
    groups.get("answered")?.sort((a, b) => b.last.at - a.last.at || a.id.localeCompare(b.id));
    groups.get("draftsHere")?.sort(older);
    return filled(MINE_GROUPS.map((key) => ({key, name: null, rows: groups.get(key) ?? []})));
}

/** Returns the group of Mine that an interaction belongs to; `null` when it has no row there. */
function groupOfMine(state: DeskState, interaction: Interaction): MineGroup | null {
    switch (interaction.state) {
        case "Composing":
            return "draftsHere";
        case "Sending":
            return isOriginalHere(state, interaction) ? null : "answered";
        case "LeftChat":
            return "toFinish";
        default:
            return interaction.owed?.since == null ? "answered" : "waiting";
    }
}

/** What an answer on its way belongs to has a row, which stands for both. */
function isOriginalHere(state: DeskState, answer: Interaction): boolean {
    const original = answer.parentId === null ? undefined : state.work[answer.parentId];
    return original !== undefined && original.state !== "Invited";
}

function drafts(state: DeskState): Row[] {
    return owned(state)
        .filter((one) => one.state === "Composing")
        .map((one) => rowOf(state, one, "drafts"))
        .sort(older);
}

function parked(state: DeskState): Group[] {
    return filled(
        state.workbins.map(({id, name}) => ({
            key: id,
            name,
            rows: (state.parked[id] ?? []).map((one) => rowOf(state, one, id)).sort(older),
        })),
    );
}

function queues(state: DeskState): Group[] {
    const byQueue = new Map<string, Interaction[]>();
    for (const one of state.queued) {
        const name = one.currentQueue ?? "";
        byQueue.set(name, [...(byQueue.get(name) ?? []), one]);
    }
    return [...byQueue]
        .map(([name, all]) => ({
            key: name,
            name,
            rows: all
                .map((one) => ({...rowOf(state, one, name), waitingSince: one.receivedAt}))
                .sort(older),
        }))
        .sort((a, b) => a.name.localeCompare(b.name));
}

function filled(groups: Group[]): Group[] {
    return groups.filter((group) => group.rows.length > 0);
}

function rowOf(state: DeskState, interaction: Interaction, group: string): Row {
    const transcript = state.transcripts[interaction.id];
    const {id, subject, currentQueue} = interaction;
    const who = nameOf(interaction);
    return {
        id,
        interaction,
        group,
        who,
        // What it is about is not said twice.
        subject: who === subject ? currentQueue ?? "" : subject,
        last: lastWords(interaction),
        draft: draftIn(state, interaction),
        isTyping: Object.values(transcript?.typing ?? {}).some((one) => one.visibility === "All"),
        undelivered: state.undelivered[id] ?? "",
        keptBack: keptBackBy(state, id),
        notCompleted: notCompleted(state, id),
        waitingSince: interaction.owed?.since ?? null,
    };
}

/** What a customer said who waits is read first, and what is half typed stands in its box. */
function draftIn({marks}: DeskState, {id, letter, owed, state}: Interaction): string {
    if (letter !== null) {
        return state === "Composing" ? firstWords(letter.plain) : "";
    }
    return owed?.since == null ? firstWords(marks[id]?.draft?.text ?? "") : "";
}

/**
 * Returns whom an interaction is with: what the contact is called, else the name that came along,
 * else nickname, else address, else subject.
 */
export function nameOf(interaction: Interaction): string {
    const {contactName, userData, customer, letter, direction, subject} = interaction;
    const whole = [userData["FirstName"], userData["LastName"]]
        .filter((part): part is string => typeof part === "string" && part.trim() !== "")
        .join(" ");
    const address = direction === "Outbound" ? letter?.to[0] : letter?.from;
    return contactName || whole || customer || address || subject;
}

/** Returns the address by which an interaction's customer can be written to; empty without one. */
export function addressOf({userData, letter, direction}: Interaction): string {
    const given = userData["EmailAddress"];
    const written = direction === "Outbound" ? letter?.to[0] : letter?.from;
    return typeof given === "string" && given !== "" ? given : (written ?? "");
}

/** Returns how the customer of a chat is called in it, else their name. */
export function calledOf(interaction: Interaction): string {
    return interaction.customer || nameOf(interaction);
}

function moreUrgent(a: Row, b: Row, now: number): number {
    const share = (row: Row) => shareOfTarget(row.interaction, row.waitingSince ?? now, now);
    return share(b) - share(a) || (a.waitingSince ?? 0) - (b.waitingSince ?? 0) || byId(a, b);
}

function older(a: Row, b: Row): number {
    return a.interaction.receivedAt - b.interaction.receivedAt || byId(a, b);
}

function byId(a: Row, b: Row): number {
    return a.id.localeCompare(b.id);
}
