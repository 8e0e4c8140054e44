// When something that is parked is to come back.

/** What is offered beside a time of one's own. */
export const UNTILS = ["none", "hour", "tomorrow", "monday", "own"] as const;

export type Until = (typeof UNTILS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What the server takes. */
const DAYS_MAX = 366;
/** When work begins. */
const MORNING_H = 9;
const MONDAY = 1;
const WEEK = 7;

/**
 * Returns the time, in ms since 1970; `null` for what nobody brings back, and `NaN` for a time that
 * is none, or that the server does not take.
 */
export function untilAt(until: Until, own: string, now: number): number | null {
    switch (until) {
        case "none":
            return null;
        case "hour":
            return now + HOUR_MS;
        case "tomorrow":
            return morningIn(1, now);
        case "monday":
            return morningIn((MONDAY - new Date(now).getDay() + WEEK - 1) % WEEK + 1, now);
        case "own": {
            const at = Date.parse(own);
            return at > now && at <= now + DAYS_MAX * DAY_MS ? at : NaN;
        }
    }
}

/** By the clock of whoever chooses, also over a change to summer time. */
function morningIn(days: number, now: number): number {
    const day = new Date(now);
    return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, MORNING_H).getTime();
}
