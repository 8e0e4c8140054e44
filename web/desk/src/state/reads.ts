// What is read from the API, as a whole or in part.

import type {Answer, Api} from "../api/http.ts";
import {described, fields, list, text, texts, type Described} from "../api/fields.ts";
import {readHappening, type Happening} from "../api/happening.ts";
import {
    readInteractions,
    readMarks,
    type Interaction,
    type OwnMarks,
} from "../api/interaction.ts";
import {readChannels, readLines, type Line} from "../api/notification.ts";
import type {Me, Snapshot, Workbin} from "./model.ts";

/** Asks the API as long as a link stands. */
export interface Reader {
    get(path: string): Promise<Answer>;
    post(path: string, body: unknown): Promise<Answer>;
}

/** Returns a reader whose requests end with `signal`. */
export function readerOf(api: Api, signal: AbortSignal): Reader {
    return {
        get: (path) => api.get(path, {signal}),
        post: (path, body) => api.post(path, body, {signal}),
    };
}

/** The largest page that the API gives. */
const PAGE = 1_000;

/** Returns everything that is the caller's. */
export async function readSnapshot(reader: Reader): Promise<Snapshot> {
    const user = described<"Me">((await reader.get("me?subresources=channels,groups"))["user"]);
    const me = readMe(user);
    const nothing: Snapshot = {me, channels: [], work: [], workbins: [], parked: {}};
    return isAgent(me)
        ? {...nothing, channels: readChannels(user["channels"]), ...(await readWork(reader))}
        : nothing;
}

async function readWork(reader: Reader): Promise<Pick<Snapshot, "work" | "workbins" | "parked">> {
    const [work, bins] = await Promise.all([
        readAll(reader, "me/interactions?fields=*"),
        reader.get(`me/workbins?fields=*&limit=${PAGE}`),
    ]);
    const workbins = list(bins["workbins"]).map(readWorkbinName);
    await watch(reader, workbins);
    const contents = await Promise.all(
        workbins.map(async ({id}) => [id, await readWorkbin(reader, id)] as const),
    );
    return {work, workbins, parked: Object.fromEntries(contents)};
}

/** Returns whether somebody has work of their own. */
export function isAgent({roles}: Me): boolean {
    return roles.includes("ROLE_AGENT");
}

/** Returns what lies in a workbin. */
export function readWorkbin(reader: Reader, id: string): Promise<Interaction[]> {
    return readAll(reader, `me/workbins/${id}/interactions?fields=*`);
}

/** Returns what waits in the queues that the caller serves. */
export function readQueues(reader: Reader): Promise<Interaction[]> {
    return readAll(reader, "interactions?fields=*&state=Queued");
}

/** Returns the lines of a chat from an index on. */
export async function readTranscript(reader: Reader, id: string, from: number): Promise<Line[]> {
    const answer = await reader.get(`me/chats/${id}/messages?index=${from}`);
    return readLines(answer["messages"]);
}

/** Returns what the caller left in a chat. */
export async function readOwnMarks(reader: Reader, id: string): Promise<OwnMarks> {
    const answer = await reader.get(`interactions/${id}?fields=draft,read`);
    return readMarks(described<"Interaction">(answer["interaction"]));
}

/** Returns why a draft came back the last time that it was sent; empty when it did not. */
export async function readUndelivered(reader: Reader, id: string): Promise<string> {
    const facts = (await readEvents(reader, id)).flatMap((one) => one.facts);
    const last = facts.findLast(({name}) => name === "DeliveryFailed" || name === "SendStarted");
    return last?.name === "DeliveryFailed" ? text(last.fields["reason"]) : "";
}

/** Returns all that happened to an interaction, the oldest first. */
export async function readEvents(reader: Pick<Reader, "get">, id: string): Promise<Happening[]> {
    const all: Happening[] = [];
    let cursor = "";
    do {
        const answer = await reader.get(`interactions/${id}/events?limit=${PAGE}${cursor}`);
        all.push(...list(answer["events"]).map(readHappening));
        cursor = cursorOf(answer["nextCursor"]);
    } while (cursor !== "");
    return all;
}

/** Returns the first index that is not among the lines, which are in order. */
export function firstMissing(lines: Line[]): number {
    const at = lines.findIndex((line, place) => line.index !== place + 1);
    return (at === -1 ? lines.length : at) + 1;
}

export function readMe(user: Described<"Me">): Me {
    return {
        id: text(user["id"]),
        userName: text(user["userName"]),
        firstName: text(user["firstName"]),
        lastName: text(user["lastName"]),
        roles: texts(user["roles"]),
        groups: list(user["groups"]).map((one) => text(fields(one)["name"])),
    };
}

async function readAll(reader: Reader, path: string): Promise<Interaction[]> {
    const all: Interaction[] = [];
    let cursor = "";
    do {
        const answer = await reader.get(`${path}&limit=${PAGE}${cursor}`);
        all.push(...readInteractions(answer["interactions"]));
        cursor = cursorOf(answer["nextCursor"]);
    } while (cursor !== "");
    return all;
}

function cursorOf(value: unknown): string {
    const next = text(value);
    return next === "" ? "" : `&cursor=${encodeURIComponent(next)}`;
}

/** What changes in a workbin is told to those who watch it. */
async function watch(reader: Reader, workbins: Workbin[]): Promise<void> {
    if (workbins.length > 0) {
        const ids = workbins.map(({id}) => id).join(",");
        await reader.post(`me/workbins?workbinIds=${ids}`, {operationName: "Subscribe"});
    }
}

function readWorkbinName(value: unknown): Workbin {
    const it = described<"Workbin">(value);
    return {
        id: text(it["id"]),
        name: text(it["displayName"]) || text(it["name"]),
        type: text(it["type"]),
    };
}
