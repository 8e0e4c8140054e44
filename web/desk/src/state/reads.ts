// What is read from the API, as a whole or in part.

import type {Api} from "../api/http.ts";
import {fields, list, text, texts} from "../api/fields.ts";
import {readInteractions, type Interaction} from "../api/interaction.ts";
import {readChannels, readLines, type Line} from "../api/notification.ts";
import type {Me, Snapshot, Workbin} from "./model.ts";

/** The largest page that the API gives. */
const PAGE = 1_000;

/** Returns everything that is the caller's. */
export async function readSnapshot(api: Api): Promise<Snapshot> {
    const user = fields((await api.get("me?subresources=channels,groups"))["user"]);
    const me = readMe(user);
    const nothing: Snapshot = {me, channels: [], work: [], workbins: [], parked: {}};
    return isAgent(me)
        ? {...nothing, channels: readChannels(user["channels"]), ...(await readWork(api))}
        : nothing;
}

async function readWork(api: Api): Promise<Pick<Snapshot, "work" | "workbins" | "parked">> {
    const [work, bins] = await Promise.all([
        readAll(api, "me/interactions?fields=*"),
        api.get(`me/workbins?fields=*&limit=${PAGE}`),
    ]);
    const workbins = list(bins["workbins"]).map(readWorkbinName);
    await watch(api, workbins);
    const contents = await Promise.all(
        workbins.map(async ({id}) => [id, await readWorkbin(api, id)] as const),
    );
    return {work, workbins, parked: Object.fromEntries(contents)};
}

/** Returns whether somebody has work of their own. */
export function isAgent({roles}: Me): boolean {
    return roles.includes("ROLE_AGENT");
}

/** Returns what lies in a workbin. */
export function readWorkbin(api: Api, id: string): Promise<Interaction[]> {
    return readAll(api, `me/workbins/${id}/interactions?fields=*`);
}

/** Returns what waits in the queues that the caller serves. */
export function readQueues(api: Api): Promise<Interaction[]> {
    return readAll(api, "interactions?fields=*&state=Queued");
}

/** Returns the lines of a chat from an index on. */
export async function readTranscript(api: Api, id: string, from: number): Promise<Line[]> {
    const answer = await api.get(`me/chats/${id}/messages?index=${from}`);
    return readLines(answer["messages"]);
}

/** Returns whether a person has answered a letter, as its thread shows. */
export async function readIsAnswered(api: Api, id: string): Promise<boolean> {
    const letters = await readAll(api, `interactions/${id}/thread?fields=*`);
    return letters.some(({parentId, state, subType}) =>
        parentId === id
        && (state === "Sent" || state === "Sending")
        && subType !== "OutboundAcknowledgement");
}

/** Returns the first index that is not among the lines, which are in order. */
export function firstMissing(lines: Line[]): number {
    const at = lines.findIndex((line, place) => line.index !== place + 1);
    return (at === -1 ? lines.length : at) + 1;
}

export function readMe(user: Record<string, unknown>): Me {
    return {
        id: text(user["id"]),
        userName: text(user["userName"]),
        firstName: text(user["firstName"]),
        lastName: text(user["lastName"]),
        roles: texts(user["roles"]),
        groups: list(user["groups"]).map((one) => text(fields(one)["name"])),
    };
}

async function readAll(api: Api, path: string): Promise<Interaction[]> {
    const all: Interaction[] = [];
    let cursor = "";
    do {
        const answer = await api.get(`${path}&limit=${PAGE}${cursor}`);
        all.push(...readInteractions(answer["interactions"]));
        const next = text(answer["nextCursor"]);
        cursor = next === "" ? "" : `&cursor=${encodeURIComponent(next)}`;
    } while (cursor !== "");
    return all;
}

/** What changes in a workbin is told to those who watch it. */
async function watch(api: Api, workbins: Workbin[]): Promise<void> {
    if (workbins.length > 0) {
        const ids = workbins.map(({id}) => id).join(",");
        await api.post(`me/workbins?workbinIds=${ids}`, {operationName: "Subscribe"});
    }
}

function readWorkbinName(value: unknown): Workbin {
    const it = fields(value);
    return {
        id: text(it["id"]),
        name: text(it["displayName"]) || text(it["name"]),
        type: text(it["type"]),
    };
}
