// The nodes that serve, as each of them said a moment ago.

import {fields, instant, list, numberOrNull, text, texts} from "../api/fields.ts";
import type {Answer} from "../api/http.ts";

export interface ServingNode {
    id: string;
    name: string;
    version: string;
    /** Since when it serves, in ms since 1970; `null` where it did not say. */
    started: number | null;
    /** Where other nodes reach it; empty where they do not. */
    address: string;
    /** Whether it answered. */
    isThis: boolean;
    /** Agents' connections that are open on it. */
    sessions: number;
    /** What it does for all. */
    duties: string[];
    /** What failed on it and is left to others for a while. */
    resting: string[];
    /** By how many entries of the log the slowest of its readers is behind. */
    behind: number;
}

export function nodesOf(answer: Answer): ServingNode[] {
    const nodes = list(answer["nodes"]).map(fields).map((node) => ({
        id: text(node["id"]),
        name: text(node["name"]),
        version: text(node["version"]),
        started: instant(node["started"]),
        address: text(node["address"]),
        isThis: node["isThis"] === true,
        sessions: numberOrNull(node["sessions"]) ?? 0,
        duties: texts(node["duties"]),
        resting: texts(node["resting"]),
        behind: Math.max(0, ...list(node["readers"]).map((one) =>
            numberOrNull(fields(one)["behind"]) ?? 0)),
    }));
    return nodes.sort((one, other) => one.name.localeCompare(other.name));
}
