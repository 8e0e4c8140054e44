// What the last hours' arrivals would have come to by a queue as its form has it.

import {described, fields, list, numberOrNull, text} from "../api/fields.ts";
import type {Answer} from "../api/http.ts";
import type {AdminTexts} from "../texts/admin.ts";
import {length} from "../texts/times.ts";

/** Returns where it is asked, from the API's root. */
export const WHAT_IF = "system/routing/what-if";
/** For how many hours it can be asked here; more take the server longer. */
export const HOURS = [1, 8, 24] as const;

const SECOND_MS = 1_000;

export interface QueueRow {
    id: string;
    name: string;
    /** What is shown of it, as it was and as it would be. */
    lines: {title: string; was: string; wouldBe: string; isSame: boolean}[];
}

export interface WhatIf {
    waits: number;
    recognized: number;
    different: number;
    /** The queue that is asked about, and those which something else would have come to. */
    queues: QueueRow[];
}

export function whatIfOf(answer: Answer, queueId: string, own: AdminTexts): WhatIf {
    const it = described<"WhatIf">(answer);
    const queues = list(it["queues"]).map(fields).map((queue): QueueRow => ({
        id: text(queue["id"]),
        name: text(queue["name"]),
        lines: linesOf(queue["was"], queue["wouldBe"], own),
    }));
    return {
        waits: numberOrNull(it["waits"]) ?? 0,
        recognized: numberOrNull(it["recognized"]) ?? 0,
        different: numberOrNull(it["different"]) ?? 0,
        queues: queues.filter(({id, lines}) =>
            id === queueId || lines.some(({isSame}) => !isSame)),
    };
}

function linesOf(was: unknown, wouldBe: unknown, own: AdminTexts): QueueRow["lines"] {
    const [before, after] = [valuesOf(was), valuesOf(wouldBe)];
    const titles = [
        own.waited, own.offered, own.accepted, own.passed, own.leftQueue, own.stillWaiting,
        own.medianWait, own.p90Wait, own.longestWait,
    ];
    return titles.map((title, place) => {
        const [one, other] = [before[place] ?? "", after[place] ?? ""];
        return {title, was: one, wouldBe: other, isSame: one === other};
    });
}

/** In the order of the titles. */
function valuesOf(value: unknown): string[] {
    const it = described<"WhatIfQueue">(value);
    const waits = fields(it["waitSeconds"]);
    const count = (of: unknown): string => String(numberOrNull(of) ?? 0);
    const time = (of: unknown): string => {
        const seconds = numberOrNull(of);
        return seconds === null ? "–" : length(seconds * SECOND_MS);
    };
    return [
        count(it["waited"]), count(it["offered"]), count(it["accepted"]), count(it["passed"]),
        count(it["left"]), count(it["waiting"]), time(waits["median"]), time(waits["p90"]),
        time(waits["longest"]),
    ];
}
