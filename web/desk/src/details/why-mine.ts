// Why something came to its reader, worked out of what happened to it.

import {fields, instant, list, numberOrNull, text} from "../api/fields.ts";
import type {Happening} from "../api/happening.ts";
import type {Answer} from "../api/http.ts";

export type Why =
    /** `of` is of how many who could take it; `null` where nobody counted them. */
    | {kind: "routed"; waitedMs: number; queue: string; of: number | null}
    /** A colleague gave it, by a transfer, an invitation or a question. */
    | {kind: "given"; by: string}
    | {kind: "taken"}
    | {kind: "made"}
    | {kind: "unknown"};

/** Returns why it is with a user; what happened last counts. */
export function whyMine(events: Happening[], userId: string): Why {
    let queued: {at: number; queue: string} | null = null;
    let offered: Offered | null = null;
    let why: Why = {kind: "unknown"};
    for (const {at, by, facts} of events) {
        for (const {name, fields: it} of facts) {
            if (name === "Queued") {
                queued = {at, queue: text(it["queue"])};
            } else if (name === "Offered" && it["to"] === userId) {
                offered = {at, by, kind: text(it["kind"]), of: numberOrNull(it["of"])};
            } else if (name === "Accepted" && it["by"] === userId && offered !== null) {
                why = acceptedOf(queued, offered);
            } else if (name === "Pulled" && it["by"] === userId) {
                why = {kind: "taken"};
            } else if (name === "Opened" && by !== "" && queued === null) {
                why = {kind: "made"};
            }
        }
    }
    return why;
}

interface Offered {
    at: number;
    by: string;
    kind: string;
    of: number | null;
}

function acceptedOf(queued: {at: number; queue: string} | null, offered: Offered): Why {
    if (offered.kind !== "Routed") {
        return {kind: "given", by: offered.by};
    }
    return queued === null
        ? {kind: "unknown"}
        : {
              kind: "routed",
              waitedMs: offered.at - queued.at,
              queue: queued.queue,
              of: offered.of,
          };
}

export interface Waiting {
    queue: string;
    since: number;
    /** How many could take it now. */
    able: number;
}

/** Returns where it waits; `null` when it waits nowhere. */
export function waitingOf(answer: Answer): Waiting | null {
    const it = fields(fields(answer["routing"] ?? answer)["waiting"]);
    const queue = text(it["queue"]);
    return queue === "" || numberOrNull(it["waitedMs"]) === null
        ? null
        : {queue, since: instant(it["since"]) ?? 0, able: list(it["eligible"]).length};
}
