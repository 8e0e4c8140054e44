// What somebody can be signed in by: their login sessions, and the tokens that programs show.

import {fields, instant, list, text, textOrNull, texts} from "../api/fields.ts";
import type {Api} from "../api/http.ts";

export interface LoginSession {
    id: string;
    /** In ms since 1970, as all times here. */
    created: number | null;
    lastSeen: number | null;
    address: string | null;
    /** The browser or program, as it calls itself. */
    userAgent: string | null;
    /** Whether this page goes by it. */
    isCurrent: boolean;
}

export interface AccessToken {
    id: string;
    name: string;
    scopes: string[];
    created: number | null;
    expires: number | null;
    /** `null` is never. */
    lastUsed: number | null;
    isExpired: boolean;
}

/** What a token may be for. */
export const SCOPES = ["read", "work", "submit", "admin"] as const;
/** How long a token may live, and does when nobody says otherwise, in days. */
export const DAYS_MAX = 365;
export const DAYS = 90;

type Requests = Pick<Api, "get" | "post" | "delete">;

export class Access {
    readonly #api: Requests;
    readonly #whose: string;

    /** `user` is the id of whose they are, for admins; without it they are one's own. */
    constructor(api: Requests, user: string | null) {
        this.#api = api;
        this.#whose = user === null ? "me" : `users/${encodeURIComponent(user)}`;
    }

    async sessions(): Promise<LoginSession[]> {
        const answer = await this.#api.get(`${this.#whose}/sessions`);
        return list(answer["sessions"]).map(fields).map((it) => ({
            id: text(it["id"]),
            created: instant(it["created"]),
            lastSeen: instant(it["lastSeen"]),
            address: textOrNull(it["address"]),
            userAgent: textOrNull(it["userAgent"]),
            isCurrent: it["current"] === true,
        }));
    }

    async endSession(id: string): Promise<void> {
        await this.#api.delete(`${this.#whose}/sessions/${encodeURIComponent(id)}`);
    }

    async tokens(): Promise<AccessToken[]> {
        const answer = await this.#api.get(`${this.#whose}/tokens`);
        return list(answer["tokens"]).map(fields).map((it) => ({
            id: text(it["id"]),
            name: text(it["name"]),
            scopes: texts(it["scopes"]),
            created: instant(it["created"]),
            expires: instant(it["expires"]),
            lastUsed: instant(it["lastUsed"]),
            isExpired: it["expired"] === true,
        }));
    }

    /** Makes a token and returns it; nobody is shown it again. */
    async makeToken(name: string, scopes: string[], expiresInDays: number): Promise<string> {
        const body = {name, scopes, expiresInDays};
        return text((await this.#api.post(`${this.#whose}/tokens`, body))["token"]);
    }

    async removeToken(id: string): Promise<void> {
        await this.#api.delete(`${this.#whose}/tokens/${encodeURIComponent(id)}`);
    }
}

/** Returns days as a number; `null` for what a token cannot live. */
export function daysOf(typed: string): number | null {
    const days = Number(typed.trim() || Number.NaN);
    return Number.isInteger(days) && days >= 1 && days <= DAYS_MAX ? days : null;
}

/** The browsers that most go by, and what they call themselves; those that pose as others first. */
const BROWSERS: readonly [RegExp, string][] = [
    [/\bEdg\w*\//, "Edge"], [/\bOPR\//, "Opera"], [/\bFirefox\//, "Firefox"],
    [/Chrom(e|ium)\//, "Chrome"], [/\bSafari\//, "Safari"],
];
const SYSTEMS: readonly [RegExp, string][] = [
    [/\bWindows\b/, "Windows"], [/\bAndroid\b/, "Android"], [/\b(iPhone|iPad)\b/, "iOS"],
    [/\bMac OS X\b/, "macOS"], [/\bLinux\b/, "Linux"],
];

/** Returns what a browser is called, such as `Firefox, Linux`; of a program its own words. */
export function browserName(userAgent: string): string {
    const named = (rows: typeof BROWSERS): string | undefined =>
        rows.find(([words]) => words.test(userAgent))?.[1];
    const browser = named(BROWSERS);
    return browser === undefined
        ? userAgent
        : [browser, named(SYSTEMS)].filter((one) => one !== undefined).join(", ");
}
