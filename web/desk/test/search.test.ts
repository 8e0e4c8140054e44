import assert from "node:assert/strict";
import {test} from "node:test";
import {readHappening} from "../src/api/happening.ts";
import type {Answer} from "../src/api/http.ts";
import {Refused} from "../src/api/trouble.ts";
import {
    askedOf, findWork, piecesOf, queryOf, RECENT_MS, type Asked, type Page,
} from "../src/search/search.ts";
import {stepsOf} from "../src/search/happened.ts";
import {Searching, type Found} from "../src/search/searching.ts";
import {textsOf} from "../src/texts/index.ts";

const NOW = Date.UTC(2026, 10, 30, 12);
const asked = (words: string, ...wider: Asked["wider"]): Asked => ({words, wider});

async function queryFor(what: Asked, cursor: string | null = null): Promise<Record<string, string>> {
    let path = "";
    const api = {get: async (to: string): Promise<Answer> => {
        path = to;
        return {statusCode: 0};
    }};
    const {signal} = new AbortController();
    await findWork(api, what, {readerId: "kate", now: NOW, cursor, signal});
    const {fields, limit, ...query} = Object.fromEntries(new URL(path, "http://x").searchParams);
    assert.ok(path.startsWith("interactions?") && fields?.includes("subject") && limit === "25");
    return query;
}

test("what is open, one's own and recent is searched, and more where that is wanted", async () => {
    const from = new Date(NOW - RECENT_MS).toISOString();
    // A space behind a word says that it is whole.
    assert.deepEqual(await queryFor(asked("a & b ")), {
        search: "a & b ", assignedTo: "kate", from,
    });
    assert.deepEqual(await queryFor(asked("a", "finished", "people", "time"), "c+1"), {
        search: "a", cursor: "c+1",
    });
});

test("an address asks for what it was made of", () => {
    for (const one of [asked(""), asked("50 % & <b>"), asked("a", "finished", "time")]) {
        assert.deepEqual(askedOf(queryOf(one)), one);
    }
    assert.deepEqual(askedOf({q: ["a", "b"], in: "time,nothing,finished"}),
        asked("", "finished", "time"));
});

test("a text is cut where words were found, and never beyond it", () => {
    const marked = (text: string, ...ranges: unknown[]): string =>
        piecesOf(text, ranges).map((one) => (one.isFound ? `[${one.text}]` : one.text)).join("");
    assert.equal(marked("a lost umbrella", [2, 6], [7, 15]), "a [lost] [umbrella]");
    assert.equal(marked("<b>😀 lost</b>", [6, 10]), "<b>😀 [lost]</b>");
    assert.equal(marked("lost", [0, 99]), "[lost]");
    assert.equal(marked("lost", [9, 12], [-3, 2], [1, 3], "x", [1], [0.5, 2]), "lost");
    assert.equal(marked("lost", [0, 2], [1, 3], [3, 1]), "[lo][s]t");
    assert.equal(marked(""), "");
});

test("what is over is left out, and pages without a row are passed over", async () => {
    const ids = (page: Page): string[] => page.hits.map(({interaction}) => interaction.id);
    const pages = [
        [{id: "1", state: "Completed"}], [], [{id: "2", state: "Sent"}, {id: "3", state: "Queued"}],
        [{id: "4", state: "Canceled"}],
    ];
    const cursors: (string | null)[] = [];
    const api = {get: async (path: string): Promise<Answer> => {
        const cursor = new URL(path, "http://x").searchParams.get("cursor");
        cursors.push(cursor);
        const at = Number(cursor ?? 0);
        const isLast = at === pages.length - 1;
        const more = isLast ? {behind: true} : {nextCursor: String(at + 1)};
        return {statusCode: 0, interactions: pages[at] ?? [], ...more};
    }};
    const {signal} = new AbortController();
    const find = (what: Asked, cursor: string | null): Promise<Page> =>
        findWork(api, what, {readerId: "kate", now: NOW, cursor, signal});
    const open = await find(asked("a"), null);
    assert.deepEqual([ids(open), open.next, open.isBehind], [["3"], "3", false]);
    assert.deepEqual(cursors, [null, "1", "2"]);
    const rest = await find(asked("a"), open.next);
    assert.deepEqual([ids(rest), rest.next, rest.isBehind], [[], null, true]);
    assert.deepEqual(ids(await find(asked("a", "finished"), null)), ["1"]);
});

test("whoever searches is asked before page after page is read in vain", async () => {
    let asks = 0;
    const api = {get: async (): Promise<Answer> => {
        asks += 1;
        return {statusCode: 0, interactions: [], nextCursor: String(asks)};
    }};
    const {signal} = new AbortController();
    const page = await findWork(api, asked("a"), {readerId: "k", now: NOW, cursor: null, signal});
    assert.deepEqual([page.hits, page.next, asks], [[], "5", 5]);
});

test("an answer is read, without what is none", async () => {
    const api = {get: async (): Promise<Answer> => ({
        statusCode: 0, nextCursor: "on", interactions: [
            {id: "1", channel: "chat", subject: "Lost", highlights: [
                {field: "subject", text: "Lost", ranges: [[0, 4]]}, {field: "note"}, 7,
            ]},
            {channel: "chat"}, null,
        ],
    })};
    const {signal} = new AbortController();
    const page = await findWork(api, asked("lost"), {
        readerId: "kate", now: NOW, cursor: null, signal,
    });
    assert.equal(page.next, "on");
    assert.deepEqual(page.hits.map(({interaction, highlights}) => [interaction.id, highlights]), [
        ["1", [{field: "subject", pieces: [{text: "Lost", isFound: true}]}]],
    ]);
});

test("what happened is told by its steps, without what is only bookkeeping", () => {
    const texts = textsOf("en");
    const at = "2026-11-30 12:00:00.000+0000";
    const events = [
        {at, cause: {kind: "User", userName: "kate"}, facts: [
            {fact: "Accepted"}, {fact: "PropertiesChanged"}, {fact: "constructor"},
        ]},
        {at, facts: [{fact: "Queued", queue: "support"}, {fact: "Completed"}]},
    ].map(readHappening);
    assert.deepEqual(stepsOf(events, texts).map(({words, by}) => [words, by]), [
        [texts.search.accepted, "kate"], [texts.search.queued("support"), ""],
        [texts.search.completed, ""],
    ]);
});

/** A server that answers when it is told to, and a clock that stands still. */
class Stage {
    readonly asked: [words: string, cursor: string | null][] = [];
    readonly shown: Found[] = [];
    readonly began: string[] = [];
    readonly searching: Searching;
    #answers: {answer: (page: Page) => void; refuse: (trouble: Error) => void}[] = [];
    #later: (() => void)[] = [];

    constructor() {
        this.searching = new Searching({
            read: ({words}, cursor) => new Promise((answer, refuse) => {
                this.asked.push([words, cursor]);
                this.#answers.push({answer, refuse});
            }),
            show: (found) => this.shown.push(found),
            began: ({words}) => this.began.push(words),
            after: (_, run) => {
                this.#later.push(run);
                return () => {
                    this.#later = this.#later.filter((one) => one !== run);
                };
            },
        });
    }

    pass(): void {
        for (const run of this.#later.splice(0)) {
            run();
        }
    }

    async answer(request: number, ids: string[], next: string | null = null): Promise<void> {
        const hits = ids.map((id) => ({interaction: {id}, highlights: []}));
        this.#answers[request]?.answer({hits, next} as unknown as Page);
        await new Promise((resolve) => setImmediate(resolve));
    }

    async refuse(request: number, trouble: Error): Promise<void> {
        this.#answers[request]?.refuse(trouble);
        await new Promise((resolve) => setImmediate(resolve));
    }

    get found(): [ids: string, isReading: boolean, trouble: string | null] {
        const last = this.shown.at(-1);
        assert.ok(last !== undefined);
        const ids = last.hits.map(({interaction}) => interaction.id).join("");
        return [ids, last.isReading, last.trouble];
    }
}

test("whoever types is waited for, and what comes late for other words is dropped", async () => {
    const stage = new Stage();
    stage.searching.ask(asked("lo"), "typed");
    stage.searching.ask(asked("los"), "typed");
    assert.deepEqual(stage.asked, []);
    stage.pass();
    stage.searching.ask(asked("lost"), "typed");
    stage.pass();
    assert.deepEqual(stage.asked, [["los", null], ["lost", null]]);
    assert.deepEqual(stage.began, ["los", "lost"]);
    await stage.answer(1, ["a"]);
    await stage.answer(0, ["z"]);
    assert.deepEqual(stage.found, ["a", false, null]);
});

test("the same is not asked for twice, and nothing is not asked for", async () => {
    const stage = new Stage();
    stage.searching.ask(asked("lost"), "now");
    stage.searching.ask(asked("lost"), "typed");
    stage.pass();
    assert.equal(stage.asked.length, 1);
    stage.searching.ask(asked("lost", "finished"), "now");
    assert.equal(stage.asked.length, 2);
    stage.searching.ask(asked("  "), "now");
    await stage.answer(1, ["a"]);
    assert.deepEqual(stage.found, ["", false, null]);
    assert.equal(stage.asked.length, 2);
});

test("more is put behind what is there, each once", async () => {
    const stage = new Stage();
    stage.searching.ask(asked("lost"), "now");
    await stage.answer(0, ["a", "b"], "on");
    stage.searching.more();
    stage.searching.more();
    assert.deepEqual(stage.asked, [["lost", null], ["lost", "on"]]);
    await stage.answer(1, ["b", "c"]);
    assert.deepEqual(stage.found, ["abc", false, null]);
    stage.searching.more();
    assert.equal(stage.asked.length, 2);
});

test("what cannot be read leaves what was found, and can be asked for again", async () => {
    const stage = new Stage();
    stage.searching.ask(asked("lost"), "now");
    await stage.answer(0, ["a"]);
    stage.searching.ask(asked("lost umbrella"), "now");
    await stage.refuse(1, new Refused(10, "Too many words."));
    assert.deepEqual(stage.found, ["a", false, "Too many words."]);
    stage.searching.again();
    await stage.answer(2, ["b"]);
    assert.deepEqual(stage.found, ["b", false, null]);
});

test("nothing is shown once it is stopped", async () => {
    const stage = new Stage();
    stage.searching.ask(asked("lost"), "now");
    const shown = stage.shown.length;
    stage.searching.stop();
    await stage.answer(0, ["a"]);
    assert.equal(stage.shown.length, shown);
});
