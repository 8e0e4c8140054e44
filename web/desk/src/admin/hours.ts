// Whether a service is open by its hours, and until when, as the clock of its place says.

export interface Opening {
    isOpen: boolean;
    /** The day on which that changes, from Monday as 0, and the time; `null` where it never does. */
    changes: {day: number; time: string} | null;
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY_MIN = 1_440;
const WEEK_MIN = 7 * DAY_MIN;
const TIMES = /^(\w{3})(?:-(\w{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)$/;

/** Minutes of a week, from one on and before another. */
type Span = [from: number, to: number];

/** Returns how a service is at a moment; `null` where its hours do not say, or nobody may use it. */
export function openingOf(
    {usable, open, timeZone}: {usable: boolean; open: readonly string[]; timeZone: string},
    now: number,
): Opening | null {
    return usable && open.length > 0 ? openingAt(open, timeZone, now) : null;
}

/** Returns how it is at a moment; `null` where hours or zone are not to be understood. */
export function openingAt(open: readonly string[], timeZone: string, now: number): Opening | null {
    const spans = open.map(spansOf);
    const minute = minuteOfWeek(timeZone.trim(), now);
    if (minute === null || spans.some((one) => one === null)) {
        return null;
    }
    const all = spans.flatMap((one) => one ?? []);
    const isIn = (at: number): boolean =>
        all.some(([from, to]) => from <= at % WEEK_MIN && at % WEEK_MIN < to);
    const isOpen = isIn(minute);
    // It changes at an end of a span, if anywhere.
    const ends = all.flat().flatMap((at) => [at, at + WEEK_MIN]);
    const next = ends.filter((at) => at > minute && isIn(at) !== isOpen)
        .sort((one, other) => one - other)[0];
    return {isOpen, changes: next === undefined ? null : placed(next)};
}

function placed(minute: number): {day: number; time: string} {
    const ofDay = minute % DAY_MIN;
    const two = (count: number): string => String(count).padStart(2, "0");
    return {
        day: Math.floor((minute % WEEK_MIN) / DAY_MIN),
        time: `${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)}`,
    };
}

function spansOf(text: string): Span[] | null {
    const [, first = "", last = first, ...clock] = TIMES.exec(text) ?? [];
    const [begin, end] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = clock.map(Number);
    const [from, to] = [fromHour * 60 + fromMinute, toHour * 60 + toMinute];
    if (begin === -1 || end < begin || from >= to || to > DAY_MIN) {
        return null;
    }
    return DAYS.slice(begin, end + 1).map((_, place) => {
        const start = (begin + place) * DAY_MIN;
        return [start + from, start + to];
    });
}

/** Returns hours day by day, as they are however days and lines are put together. */
export function byDays(open: readonly string[]): string[] {
    const days = open.flatMap((line) =>
        spansOf(line)?.map(([from, to]) => `${from}-${to}`) ?? [line]);
    return [...new Set(days)].sort();
}

function minuteOfWeek(timeZone: string, now: number): number | null {
    try {
        const parts = new Intl.DateTimeFormat("en-GB", {
            timeZone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
        }).formatToParts(now);
        const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
        return DAYS.indexOf(part("weekday")) * DAY_MIN
            + Number(part("hour")) * 60 + Number(part("minute"));
    } catch {
        return null;
    }
}

/** Returns a day of the week in few letters. */
export function dayName(day: number, language: string): string {
    // The first of January 2024 was a Monday.
    return new Intl.DateTimeFormat(language, {weekday: "short", timeZone: "UTC"})
        .format(Date.UTC(2024, 0, 1 + day));
}
