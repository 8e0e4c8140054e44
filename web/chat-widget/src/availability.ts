// Who is there to answer, as the server says it, and how that is said to the customer. Nothing is promised that the server did not say.

import {fill, type Language} from "./languages.ts";

/** What a service can be. */
export type AvailabilityState = "Open" | "NobodyThere" | "Closed" | "Full";

/** Hours of some days, all the same. */
export interface OpenHours {
    /** `Mon` to `Sun`. */
    days: string[];
    /** `09:00`. */
    from: string;
    to: string;
}

/** Whether somebody can answer now, and what else the customer can do. */
export interface Availability {
    state: AvailabilityState;
    /** When it opens again, in ms since 1970. */
    opensAt?: number;
    hours: OpenHours[];
    /** The zone of the hours. */
    timeZone?: string;
    /** The e-mail service that takes a message instead. */
    leaveMessage?: string;
}

const STATES: readonly string[] = ["Open", "NobodyThere", "Closed", "Full"];
const DAYS: readonly string[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/** A Monday, for the names of the days. */
const SOME_MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;
/** More lines of hours than a week can need are not hours. */
const HOURS_MAX = 14;

/** Reads it from an answer; nothing when it is not there, and so for a state that is not known: then nothing is said. */
export function readAvailability(value: unknown): Availability | undefined {
    if (typeof value !== "object" || value === null) {
        return undefined;
    }
    const {state, opensAt, hours, timeZone, leaveMessage} = value as Record<string, unknown>;
    if (typeof state !== "string" || !STATES.includes(state)) {
        return undefined;
    }
    return {
        state: state as AvailabilityState,
        hours: Array.isArray(hours) ? hours.slice(0, HOURS_MAX).flatMap(readHours) : [],
        ...(typeof opensAt === "number" && Number.isFinite(opensAt) && opensAt > 0 ? {opensAt} : {}),
        ...(typeof timeZone === "string" && timeZone !== "" ? {timeZone} : {}),
        ...(typeof leaveMessage === "string" && leaveMessage !== "" ? {leaveMessage} : {}),
    };
}

function readHours(value: unknown): OpenHours[] {
    const {days, from, to} = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
    const known = Array.isArray(days) ? days.filter((day): day is string => DAYS.includes(day as string)) : [];
    const isTime = (text: unknown): text is string => typeof text === "string" && /^\d{2}:\d{2}$/u.test(text);
    return known.length > 0 && isTime(from) && isTime(to) ? [{days: known, from, to}] : [];
}

/** What is said while nobody can answer: why, when that changes, and the hours; nothing while somebody can. */
export function explain(availability: Availability | undefined, language: Language): string[] {
    const {words, tag} = language;
    if (availability === undefined || availability.state === "Open") {
        return [];
    }
    const {state, opensAt, hours, timeZone} = availability;
    const said: string[] = [{NobodyThere: words.nobodyThere, Closed: words.closed, Full: words.full}[state]];
    const opening = opensAt === undefined || state === "Full" ? undefined : moment(opensAt, tag);
    if (opening !== undefined) {
        said.push(fill(words.opensAt, {time: opening}));
    }
    if (hours.length > 0 && state !== "Full") {
        const zone = timeZone === undefined || timeZone === ownZone() ? "" : ` (${timeZone.replaceAll("_", " ")})`;
        said.push(fill(words.hours, {hours: hours.map((one) => openHours(one, tag)).join(", ")}) + zone);
    }
    return said;
}

/** A moment in the reader's own zone; a time that no calendar has is not shown. */
function moment(at: number, tag: string): string | undefined {
    try {
        return new Intl.DateTimeFormat(tag, {weekday: "long", hour: "numeric", minute: "2-digit", day: "numeric", month: "long"}).format(at);
    } catch {
        return undefined;
    }
}

function openHours({days, from, to}: OpenHours, tag: string): string {
    const format = new Intl.DateTimeFormat(tag, {weekday: "short", timeZone: "UTC"});
    const name = (day: string) => format.format(SOME_MONDAY + DAYS.indexOf(day) * DAY_MS);
    return `${ranges(days).map(([first, last]) => (first === last ? name(first) : `${name(first)}–${name(last)}`)).join(", ")} ${from}–${to}`;
}

/** Days that follow each other are one range. */
function ranges(days: string[]): [string, string][] {
    const found: [string, string][] = [];
    for (const day of DAYS.filter((one) => days.includes(one))) {
        const range = found.at(-1);
        if (range !== undefined && DAYS.indexOf(range[1]) + 1 === DAYS.indexOf(day)) {
            range[1] = day;
        } else {
            found.push([day, day]);
        }
    }
    return found;
}

function ownZone(): string {
    return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
