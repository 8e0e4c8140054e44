// Lengths of time as a reader of numbers wants them: exact while it is short.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Returns a length of time such as `0:07`, `59:59`, `3 h`. */
export function length(ms: number): string {
    const whole = Math.max(0, ms);
    if (whole >= HOUR) {
        return `${Math.floor(whole / HOUR)} h`;
    }
    const seconds = Math.floor((whole % MINUTE) / SECOND);
    return `${Math.floor(whole / MINUTE)}:${String(seconds).padStart(2, "0")}`;
}

/** Returns whole seconds that are left, never less than none. */
export function secondsLeft(ms: number): number {
    return Math.max(0, Math.ceil(ms / SECOND));
}

/** Dates are written as in Europe, the day before the month. */
function localeOf(language: string): string {
    return language === "en" ? "en-GB" : language;
}

/** Returns a time of day such as `14:07`. */
export function timeOfDay(at: number, language: string): string {
    return new Intl.DateTimeFormat(language, {hour: "2-digit", minute: "2-digit", hour12: false})
        .format(at);
}

/** Returns a time of day for today, else a date such as `2 Nov`. */
export function shortDate(at: number, now: number, language: string): string {
    const isToday = new Date(at).toDateString() === new Date(now).toDateString();
    return isToday
        ? timeOfDay(at, language)
        : new Intl.DateTimeFormat(localeOf(language), {day: "numeric", month: "short"}).format(at);
}

/** Returns a time of day for today, else a date; of another year with that, such as `2 Nov 2025`. */
export function dayOf(at: number, now: number, language: string): string {
    return new Date(at).getFullYear() === new Date(now).getFullYear()
        ? shortDate(at, now, language)
        : new Intl.DateTimeFormat(localeOf(language), {
            day: "numeric", month: "short", year: "numeric",
        }).format(at);
}

/** Returns a date and a time of day, such as `2 Nov 2026, 14:07`. */
export function dateAndTime(at: number, language: string): string {
    return new Intl.DateTimeFormat(localeOf(language), {
        day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
        hour12: false,
    }).format(at);
}

/** Returns a date with its year, such as `2 November 2026`. */
export function wholeDate(at: number, language: string): string {
    return new Intl.DateTimeFormat(localeOf(language), {day: "numeric", month: "long", year: "numeric"})
        .format(at);
}
