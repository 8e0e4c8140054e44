// How long finished work is kept, by channel: a setting of the contact center, as a form has it.

import {fields, numberOrNull} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import {DAY_S, type Fault} from "./faults.ts";
import type {Kind} from "./kinds.ts";
import {settledNumber, withPoint} from "./typed.ts";

/** The channels that it is said for. */
export const CHANNELS = ["chat", "email", "workitem"] as const;

/** In days, as they are typed; empty is for good. */
export type RetentionForm = Record<(typeof CHANNELS)[number], string>;

/** What the server takes, in days. */
export const DAYS_MIN = 3;
export const DAYS_MAX = 36_500;
/** So many digits tell every second of a day. */
const DIGITS = 6;
const PATH = "settings/retention";

/** The one thing that there is of its kind; `Center` reads and saves it like any other. */
export const RETENTION: Kind<RetentionForm> = {
    page: "settings",
    one: "setting",
    query: "",
    fixed: [],
    begin: () => ({chat: "", email: "", workitem: ""}),
    read: (it) => ({
        chat: daysOf(it["chat"]), email: daysOf(it["email"]), workitem: daysOf(it["workitem"]),
    }),
    body: (form, changed) => (changed.length === 0 ? {} : {retention: secondsOf(form)}),
    settled: ({chat, email, workitem}) => ({
        chat: settledNumber(withPoint(chat)), email: settledNumber(withPoint(email)),
        workitem: settledNumber(withPoint(workitem)),
    }),
    fields: () => CHANNELS,
    faults: (form) => CHANNELS.flatMap((channel) => daysFault(channel, form[channel])),
};

/** Returns the API as `Center` asks it, which shows the setting as it shows all else. */
export function settingOf(api: Pick<Api, "get" | "put" | "post" | "delete">): typeof api {
    return {
        async get() {
            const answer = await api.get(PATH);
            const setting = {
                ...fields(answer["retention"]), id: "retention", version: answer["version"],
            };
            return {...answer, setting};
        },
        put: (_, body, options) => api.put(PATH, body, options),
        post: (...asked) => api.post(...asked),
        delete: (...asked) => api.delete(...asked),
    };
}

/** Whether something would be removed that was kept until now. */
export function isShorter(form: RetentionForm, before: RetentionForm): boolean {
    const [now, then] = [secondsOf(form), secondsOf(before)];
    return CHANNELS.some((one) => (now[one] ?? Infinity) < (then[one] ?? Infinity));
}

function daysOf(value: unknown): string {
    const seconds = numberOrNull(value);
    return seconds === null ? "" : String(Number((seconds / DAY_S).toFixed(DIGITS)));
}

function secondsOf(form: RetentionForm): Partial<Record<keyof RetentionForm, number>> {
    return Object.fromEntries(CHANNELS
        .filter((one) => form[one].trim() !== "")
        .map((one) => [one, Math.round(Number(withPoint(form[one])) * DAY_S)]));
}

function daysFault(at: string, typed: string): Fault[] {
    const text = withPoint(typed);
    const days = Number(text);
    const isWithin = /^\d+(\.\d+)?$/.test(text) && days >= DAYS_MIN && days <= DAYS_MAX;
    return text === "" || isWithin
        ? []
        : [{at, says: (t) => t.notDays(DAYS_MIN, DAYS_MAX)}];
}

