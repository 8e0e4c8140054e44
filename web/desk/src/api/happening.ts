// What happened to an interaction, as its history tells it.

import {described, fields, instant, list, text, type Fields} from "./fields.ts";

/** One thing that happened; its name says what, its fields to whom and where. */
export interface Fact {
    name: string;
    fields: Fields;
}

export interface Happening {
    /** In ms since 1970 by the server's clock. */
    at: number;
    /** The user who caused it, by user name; empty for anybody else. */
    by: string;
    facts: Fact[];
}

/** Returns an entry of a history. */
export function readHappening(value: unknown): Happening {
    const it = described<"HistoryEntry">(value);
    return {
        at: instant(it["at"]) ?? 0,
        by: text(described<"Cause">(it["cause"])["userName"]),
        facts: list(it["facts"]).map((one) => {
            const fact = fields(one);
            return {name: text(fact["fact"]), fields: fact};
        }),
    };
}
