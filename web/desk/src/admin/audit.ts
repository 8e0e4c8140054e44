// Who did what, and when: read in pages, newest first.

import {fields, instant, list, numberOrNull, text, textOrNull, texts} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import type {Page} from "./kinds.ts";

export interface AuditEntry {
    id: string;
    /** In ms since 1970; `null` where it did not say. */
    at: number | null;
    action: string;
    /** Who did it; `null` where nobody was signed in. */
    by: {id: string; userName: string} | null;
    /** By which way, as the server calls it. */
    tool: string;
    address: string | null;
    isByToken: boolean;
    target: {kind: string; id: string; name: string} | null;
    fields: string[];
    /** How many tries it stands for. */
    count: number;
}

/** What is looked for; empty is any. */
export interface AuditFilter {
    user: string;
    action: string;
    target: string;
    /** Days, as `2026-11-30`, both of them included. */
    from: string;
    until: string;
}

export const ACTIONS = [
    "Added", "Changed", "Removed", "PasswordRight", "PasswordWrong", "Throttled", "SessionBegan",
    "SessionEnded", "TokenMade", "TokenRemoved", "CodeWrong", "RecoveryCodeUsed",
    "ProviderRight",
] as const;

/** How many pages without an entry are read before whoever reads is asked. */
const EMPTY_PAGES_MAX = 10;

export interface AuditPage {
    entries: AuditEntry[];
    /** Where to go on; `null` at the end. */
    next: string | null;
}

/** Reads on from a place; a page may be without an entry though there are more. */
export async function readAudit(
    api: Pick<Api, "get">,
    filter: AuditFilter,
    cursor: string | null,
): Promise<AuditPage> {
    let next = cursor;
    for (let pages = 1; ; pages += 1) {
        const answer = await api.get(`audit?${queryOf(filter, next)}`);
        const entries = list(answer["entries"]).map(entryOf);
        next = textOrNull(answer["nextCursor"]);
        if (entries.length > 0 || next === null || pages === EMPTY_PAGES_MAX) {
            return {entries, next};
        }
    }
}

export interface LastChange {
    userName: string;
    /** In ms since 1970. */
    at: number;
}

/** Returns who changed something last; `null` where nobody knows. */
export async function lastChange(
    api: Pick<Api, "get">,
    target: string,
): Promise<LastChange | null> {
    const filter = {user: "", action: "Changed", target, from: "", until: ""};
    try {
        const [last] = (await readAudit(api, filter, null)).entries;
        const by = last?.by ?? null;
        return by === null || last === undefined || last.at === null
            ? null
            : {userName: by.userName, at: last.at};
    } catch {
        // It is said without a name then.
        return null;
    }
}

function queryOf({from, until, ...exact}: AuditFilter, cursor: string | null): string {
    const query = new URLSearchParams(Object.entries(exact).filter(([, value]) => value !== ""));
    const [begins, ends] = [startOf(from, 0), startOf(until, 1)];
    if (begins !== null) {
        query.set("from", begins);
    }
    if (ends !== null) {
        query.set("until", ends);
    }
    if (cursor !== null) {
        query.set("cursor", cursor);
    }
    return query.toString();
}

/** Returns when a day begins where the reader is, or one that is `later` days after it. */
function startOf(day: string, later: number): string | null {
    const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
    if (parts === null) {
        return null;
    }
    const [, year, month, date] = parts;
    const start = new Date(Number(year), Number(month) - 1, Number(date) + later);
    return start.toISOString();
}

function entryOf(value: unknown): AuditEntry {
    const it = fields(value);
    const [by, target] = [fields(it["by"]), fields(it["target"])];
    return {
        id: text(it["id"]),
        at: instant(it["at"]),
        action: text(it["action"]),
        by: it["by"] ? {id: text(by["id"]), userName: text(by["userName"])} : null,
        tool: text(it["tool"]),
        address: textOrNull(it["address"]),
        isByToken: text(it["token"]) !== "",
        target: it["target"]
            ? {kind: text(target["kind"]), id: text(target["id"]), name: text(target["name"])}
            : null,
        fields: texts(it["fields"]),
        count: numberOrNull(it["count"]) ?? 1,
    };
}

const PAGE_OF: Readonly<Record<string, Page>> = {
    user: "users", skill: "skills", group: "groups", queue: "queues", workbin: "workbins",
    service: "services", mailbox: "mailboxes", webhook: "webhooks",
};

/** Returns where something is shown; `null` where it has no page or is there no more. */
export function addressOf({action, fields: changed, target}: AuditEntry): string | null {
    if (changed.includes("retentionMs")) {
        return "/admin/retention";
    }
    const page = target !== null && Object.hasOwn(PAGE_OF, target.kind)
        ? PAGE_OF[target.kind]
        : undefined;
    return page === undefined || target === null || action === "Removed"
        ? null
        : `/admin/${page}/${target.id}`;
}
