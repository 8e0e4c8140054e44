// Whether it is open by some hours, and until when, as the clock of their place says.

import type {Fields} from "../api/fields.ts";
import type {AdminTexts} from "../texts/admin.ts";
import {missing, type Fault} from "./faults.ts";

export interface Hours {
    open: readonly string[];
    exceptions: readonly string[];
    timeZone: string;
}

/** The fields that a form has of hours. */
export const HOURS = ["timeZone", "open", "exceptions"] as const;

export function isOfHours(field: string): boolean {
    return HOURS.some((one) => one === field);
}

/** Returns hours as requests have them; without times they are none. */
export function hoursOf({timeZone, open, exceptions}: Hours): Fields {
    return open.length === 0 ? {} : {timeZone: timeZone.trim(), open, exceptions};
}

/** Times, dates and the zone go together. */
export function hoursFaults({timeZone, open, exceptions}: Hours): Fault[] {
    const isSometimes = open.length > 0;
    const isMore = timeZone.trim() !== "" || exceptions.length > 0;
    const faults = isSometimes
        ? missing("timeZone", timeZone, (t) => t.timeZoneMissing)
        : isMore ? [{at: "open", says: (t: AdminTexts) => t.openMissing}] : [];
    return faults.map((fault) => ({...fault, with: HOURS}));
}

export interface Opening {
    isOpen: boolean;
    /** The date on which that changes, how many days on, and the time; `null` where it never does. */
    changes: {date: string; inDays: number; time: string} | null;
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY_MIN = 1_440;
const WEEK = 7;
const CLOSED = "closed";
const EXCEPTION = /^(\d{4}-\d\d-\d\d) (closed|\d\d:\d\d-\d\d:\d\d)$/;
const TIMES = /^(\w{3})(?:-(\w{3}))? (\d\d:\d\d-\d\d:\d\d)$/;

/** Minutes from midnight of some day, from one on and before another. */
type Span = [from: number, to: number];

/** Returns how a service is at a moment; `null` where its hours do not say, or nobody may use it. */
export function openingOf(form: Hours & {usable: boolean}, now: number): Opening | null {
    return form.usable && form.open.length > 0 ? openingAt(form, now) : null;
}

/** Returns how it is at a moment; `null` where hours or zone are not to be understood. */
export function openingAt({open, exceptions, timeZone}: Hours, now: number): Opening | null {
    const weekly = open.map(spansOf);
    const special = exceptions.map((line) => EXCEPTION.exec(line));
    const here = placeIn(timeZone.trim(), now);
    if (here === null || weekly.includes(null) || special.includes(null)) {
        return null;
    }
    // Beyond the dates with times of their own it goes on as in any week.
    const days = Array.from({length: WEEK + 1 + exceptions.length}, (_, day) => day);
    const spans = days.flatMap((day) => {
        const own = special.filter((it) => it?.[1] === dateAfter(here.date, day));
        const times = own.length > 0
            ? own.map((it) => it?.[2] ?? CLOSED).filter((it) => it !== CLOSED).map(spanOf)
            : weekly.flatMap((it) => it ?? [])
                .filter(([weekday]) => weekday === (here.weekday + day) % WEEK)
                .map(([, span]) => span);
        return times.map(([from, to]): Span => [from + day * DAY_MIN, to + day * DAY_MIN]);
    });
    const isIn = (at: number): boolean => spans.some(([from, to]) => from <= at && at < to);
    const isOpen = isIn(here.minute);
    // It changes at an end of a span, if anywhere; what comes after the last day is not known.
    const next = spans.flat()
        .filter((at) => at > here.minute && at < days.length * DAY_MIN && isIn(at) !== isOpen)
        .sort((one, other) => one - other)[0];
    return {isOpen, changes: next === undefined ? null : placed(here.date, next)};
}

function placed(today: string, minute: number): Opening["changes"] {
    const [inDays, ofDay] = [Math.floor(minute / DAY_MIN), minute % DAY_MIN];
    const two = (count: number): string => String(count).padStart(2, "0");
    const time = `${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)}`;
    return {date: dateAfter(today, inDays), inDays, time};
}

function dateAfter(date: string, days: number): string {
    return new Date(Date.parse(`${date}T00:00Z`) + days * DAY_MIN * 60_000)
        .toISOString().slice(0, 10);
}

function spanOf(clock: string): Span {
    const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] =
        clock.split(/[:-]/).map(Number);
    return [fromHour * 60 + fromMinute, toHour * 60 + toMinute];
}

/** Returns days from Monday as 0, each with a time; `null` where it is no line of hours. */
function spansOf(text: string): [weekday: number, Span][] | null {
    const [, first = "", last = first, clock = ""] = TIMES.exec(text) ?? [];
    const [begin, end] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    const span = spanOf(clock);
    if (begin === -1 || end < begin || span[0] >= span[1] || span[1] > DAY_MIN) {
        return null;
    }
    return DAYS.slice(begin, end + 1).map((_, place) => [begin + place, span]);
}

/** Returns hours day by day, as they are however days and lines are put together. */
export function byDays(open: readonly string[]): string[] {
    const days = open.flatMap((line) =>
        spansOf(line)?.map((one) => one.flat().join("-")) ?? [line]);
    return [...new Set(days)].sort();
}

function placeIn(
    timeZone: string, now: number,
): {date: string; weekday: number; minute: number} | null {
    try {
        const parts = new Intl.DateTimeFormat("en-GB", {
            timeZone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
            year: "numeric", month: "2-digit", day: "2-digit",
        }).formatToParts(now);
        const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
        return {
            date: `${part("year")}-${part("month")}-${part("day")}`,
            weekday: DAYS.indexOf(part("weekday")),
            minute: Number(part("hour")) * 60 + Number(part("minute")),
        };
    } catch {
        return null;
    }
}

/** Returns a date in few letters: by its day of the week while that is the next of its name. */
export function dayName({date, inDays}: {date: string; inDays: number}, language: string): string {
    const far = inDays < WEEK ? {} : {day: "numeric", month: "short"} as const;
    return new Intl.DateTimeFormat(language, {weekday: "short", timeZone: "UTC", ...far})
        .format(Date.parse(`${date}T00:00Z`));
}
