import assert from "node:assert/strict";
import {test} from "node:test";
import {addressOf, lastChange, readAudit, type AuditFilter} from "../../src/admin/audit.ts";
import {actionName, kindName} from "../../src/admin/shown.ts";
import type {Answer} from "../../src/api/http.ts";
import {Refused} from "../../src/api/trouble.ts";
import {adminTextsOf} from "../../src/texts/admin.ts";
import {textsOf} from "../../src/texts/index.ts";

const words = {own: adminTextsOf("en"), common: textsOf("en").common};
const ANY: AuditFilter = {user: "", action: "", target: "", from: "", until: ""};
const ENTRY = {
    id: "1", at: "2026-11-30 19:20:11.035+0000", action: "Changed",
    by: {id: "a", userName: "ada"}, tool: "request", address: "192.0.2.7", token: null,
    target: {kind: "queue", id: "q", name: "tasks"}, fields: ["groups"], count: 1,
};

/** A server that gives these answers, one after another. */
function server(...answers: Answer[]): {asked: string[]; get(path: string): Promise<Answer>} {
    const asked: string[] = [];
    return {
        asked,
        async get(path) {
            asked.push(path);
            return answers.shift() ?? {};
        },
    };
}

test("an entry says who did what to what", async () => {
    const nobodys = {...ENTRY, id: "2", by: null, target: null, action: "PasswordWrong", count: 5};
    const page = await readAudit(server({entries: [ENTRY, nobodys]}), ANY, null);
    assert.equal(page.next, null);
    const [first, second] = page.entries;
    assert.deepEqual(first, {
        id: "1", at: Date.UTC(2026, 10, 30, 19, 20, 11, 35), action: "Changed",
        by: {id: "a", userName: "ada"}, tool: "request", address: "192.0.2.7", isByToken: false,
        target: {kind: "queue", id: "q", name: "tasks"}, fields: ["groups"], count: 1,
    });
    assert.deepEqual([second?.by, second?.target, second?.count], [null, null, 5]);
});

test("what is looked for is asked for, and days are whole where the reader is", async () => {
    const it = server({entries: [ENTRY]});
    const filter = {...ANY, action: "Changed", from: "2026-11-30", until: "2026-11-30"};
    await readAudit(it, filter, "c1");
    const query = new URLSearchParams(it.asked[0]?.split("?")[1]);
    assert.equal(query.get("action"), "Changed");
    assert.equal(query.get("cursor"), "c1");
    assert.equal(query.has("user"), false);
    const [from, until] = [query.get("from"), query.get("until")].map((at) => Date.parse(at ?? ""));
    assert.equal(new Date(from ?? 0).getHours(), 0);
    assert.equal((until ?? 0) - (from ?? 0), 86_400_000);
});

test("pages without an entry are gone past, and not for ever", async () => {
    const found = server({entries: [], nextCursor: "a"}, {entries: [ENTRY], nextCursor: "b"});
    const page = await readAudit(found, ANY, null);
    assert.deepEqual([page.entries.length, page.next, found.asked.length], [1, "b", 2]);
    const endless = server(...Array.from({length: 50}, () => ({entries: [], nextCursor: "x"})));
    assert.deepEqual(await readAudit(endless, ANY, null), {entries: [], next: "x"});
    assert.equal(endless.asked.length, 10);
});

test("who changed something is known, or it is said without a name", async () => {
    assert.deepEqual(await lastChange(server({entries: [ENTRY]}), "q"),
        {userName: "ada", at: Date.UTC(2026, 10, 30, 19, 20, 11, 35)});
    assert.equal(await lastChange(server({entries: [{...ENTRY, by: null}]}), "q"), null);
    assert.equal(await lastChange(server({entries: []}), "q"), null);
    const refuses = {get: () => Promise.reject(new Refused(5, "This is for others."))};
    assert.equal(await lastChange(refuses, "q"), null);
});

test("what is still there leads to its page", async () => {
    const of = async (changed: object): Promise<string | null> => {
        const {entries} = await readAudit(server({entries: [{...ENTRY, ...changed}]}), ANY, null);
        return entries[0] === undefined ? null : addressOf(entries[0]);
    };
    assert.equal(await of({}), "/admin/queues/q");
    assert.equal(await of({action: "Removed"}), null);
    assert.equal(await of({target: {kind: "constructor", id: "x", name: "x"}}), null);
    assert.equal(await of({target: null}), null);
    const center = {kind: "center", id: "c", name: "Demo"};
    assert.equal(await of({target: center}), null);
    assert.equal(await of({target: center, fields: ["retentionMs"]}), "/admin/retention");
    assert.deepEqual(
        [actionName("TokenMade", words), actionName("Later", words), kindName("queue", words)],
        ["Token made", "Later", "queue"]);
});
