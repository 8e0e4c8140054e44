// What a list and a chat show of what there is.

import assert from "node:assert/strict";
import {test} from "node:test";
import {DraftKeeper} from "../../src/conversation/drafts.ts";
import {linked} from "../../src/conversation/links.ts";
import {readInteraction} from "../../src/api/interaction.ts";
import {readLines} from "../../src/api/notification.ts";
import {goesOnTo, NOTHING_SHOWN, shownNext, type Shown} from "../../src/state/held.ts";
import type {Group, Row} from "../../src/state/lists.ts";
import type {Departure, Me, Pending} from "../../src/state/model.ts";
import {itemsOf, keptItems} from "../../src/state/turns.ts";

const ME: Me = {id: "kate", userName: "", firstName: "", lastName: "", roles: [], groups: []};

function row(id: string, group: string): Row {
    const interaction = readInteraction({id});
    assert.ok(interaction);
    const last = {by: "nobody", text: "", at: 0} as const;
    return {
        id, interaction, group, who: id, subject: "", last, draft: "", isTyping: false,
        undelivered: "", keptBack: null, notCompleted: "", waitingSince: null,
    };
}

function groups(given: Record<string, string[]>): Group[] {
    return Object.entries(given).map(([key, ids]) => ({
        key, name: null, rows: ids.map((id) => row(id, key)),
    }));
}

function went(state: string, ...ids: string[]): Departure[] {
    return ids.map((id) => ({
        interaction: row(id, "").interaction, state, at: 0, wasOffer: false, isOwn: false, to: null,
        wasExpired: false,
    }));
}

function seen({groups: all, hidden}: Shown): unknown {
    const ids = all.map(({key, rows}) =>
        `${key}: ${rows.map(({id, isGone}) => (isGone ? `-${id}-` : id)).join(" ")}`);
    return [...ids, hidden];
}

const FIRST = shownNext(NOTHING_SHOWN, groups({waiting: ["a", "b", "c"]}), [], "free");

test("under a hand no row moves, and what came is counted", () => {
    const fresh = groups({waiting: ["d", "c", "a"], answered: ["b"]});
    const held = shownNext(FIRST, fresh, [], "held");
    assert.deepEqual(seen(held), ["waiting: a b c", 1]);
    assert.deepEqual(seen(shownNext(held, fresh, [], "free")), [
        "waiting: d c a", "answered: b", 0,
    ]);
});

test("what was taken away stays where it was, struck through, until it is forgotten", () => {
    const fresh = groups({waiting: ["a", "c"]});
    const done = shownNext(FIRST, fresh, went("Completed", "b"), "free");
    assert.deepEqual(seen(done), ["waiting: a c", 0]);
    const taken = went("Revoked", "b");
    const free = shownNext(FIRST, fresh, taken, "free");
    assert.deepEqual(seen(free), ["waiting: a -b- c", 0]);
    assert.deepEqual(seen(shownNext(free, fresh, [], "free")), ["waiting: a c", 0]);
    assert.deepEqual(seen(shownNext(FIRST, fresh, taken, "held")), ["waiting: a -b- c", 0]);
    const all = shownNext(FIRST, [], went("Canceled", "a", "b", "c"), "free");
    assert.deepEqual(seen(all), ["waiting: -a- -b- -c-", 0]);
});

test("the focus goes on from what one has ended oneself, and stays on what was taken", () => {
    const own = (...ids: string[]): Departure[] =>
        went("Completed", ...ids).map((one) => ({...one, isOwn: true}));
    const shownWithout = (gone: string, departures: Departure[]): Shown => {
        const left = ["a", "b", "c"].filter((id) => id !== gone);
        return shownNext(FIRST, groups({waiting: left}), departures, "held");
    };
    assert.equal(goesOnTo(shownWithout("b", own("b")), own("b"), "b"), "c");
    assert.equal(goesOnTo(shownWithout("c", own("c")), own("c"), "c"), "b");
    const [taken, nobodys] = [went("Revoked", "b"), shownWithout("b", [])];
    assert.equal(goesOnTo(shownWithout("b", taken), taken, "b"), null);
    assert.equal(goesOnTo(nobodys, [], "b"), null);
    assert.equal(goesOnTo(shownWithout("b", own("b")), own("b"), "a"), null);
    assert.equal(goesOnTo(shownNext(FIRST, [], own("a", "b", "c"), "held"), own("a"), "a"), null);
});

test("one speaker keeps one name for two minutes, and a note is apart", () => {
    const ann = {nickname: "Ann", type: "Customer"};
    const kate = {nickname: "Kate", type: "Agent", path: "/users/kate"};
    const given = [
        [ann, 0, "All"], [ann, 119, "All"], [ann, 121, "All"], [kate, 122, "All"],
        [kate, 123, "Agents"],
    ] as const;
    const lines = readLines(given.map(([from, seconds, visibility], place) => ({
        index: place + 1, type: "Text", text: `${place + 1}`, from, visibility,
        timestampSeconds: seconds * 1000,
    })));
    const pending: Pending = {
        key: "k", interactionId: "", operationName: "Send", text: "6", visibility: "Agents",
        at: 124_000, stage: {kind: "sending"},
    };
    const items = itemsOf({me: ME, lines, pending: [pending], seen: 2});
    assert.deepEqual(
        items.map((item) => (item.kind === "turn"
            ? [item.whose, item.isOwn, item.said.map(({text}) => text).join("")]
            : item.kind)),
        [["them", false, "12"], "new", ["them", false, "3"], ["us", true, "4"],
            ["note", true, "56"]],
    );
});

test("what says what it said before is what it was, and nothing else is", () => {
    const lines = readLines([1, 2, 3].map((index) => ({
        index, type: "Text", text: `${index}`, from: {nickname: `Ann${index}`, type: "Customer"},
        visibility: "All", timestampSeconds: 1_000,
    })));
    const stages = [{kind: "waiting", attempts: 0}, {kind: "sending"}] as const;
    const pending: Pending = {
        key: "k", interactionId: "", operationName: "Send", text: "4", visibility: "All",
        at: 2_000, stage: stages[0],
    };
    const reading = {me: ME, lines: lines.slice(0, 2), pending: [pending], seen: null};
    const first = itemsOf(reading);
    const isKept = (all: typeof first) => all.map((item) => first.includes(item));
    assert.deepEqual(isKept(keptItems(first, itemsOf(reading))), [true, true, true]);
    const later = {...reading, lines, pending: [{...pending, stage: stages[1]}]};
    assert.deepEqual(isKept(keptItems(first, itemsOf(later))), [true, true, false, false]);
    const goesOn = {...lines[2]!, from: lines[1]!.from};
    const longer = {...reading, lines: [...lines.slice(0, 2), goesOn]};
    assert.deepEqual(isKept(keptItems(first, itemsOf(longer))), [true, false, true]);
});

test("addresses are links as they were written, and nothing that runs is one", () => {
    const hrefs = (text: string) => linked(text).map(({text: shown, href}) => href ?? `"${shown}"`);
    assert.deepEqual(hrefs("see https://a.example/x?y=1, or"), [
        '"see "', "https://a.example/x?y=1", '", or"',
    ]);
    for (const text of ["javascript:alert(1)", "data:text/html,x", "https://", "<b>&\"'"]) {
        assert.deepEqual(hrefs(text), [`"${text}"`]);
    }
    const whole = "(https://a.example/) http://b.example. end";
    assert.equal(linked(whole).map((piece) => piece.text).join(""), whole);
});

test("what is half written outlives the page, for its writer", () => {
    const kept: Record<string, string> = {};
    const storage = new Proxy(kept, {
        get: (all, name) => {
            const functions: Record<string, unknown> = {
                getItem: (key: string) => all[key] ?? null,
                setItem: (key: string, value: string) => { all[key] = value; },
                removeItem: (key: string) => { delete all[key]; },
            };
            return functions[String(name)] ?? all[String(name)];
        },
    }) as unknown as Storage;
    new DraftKeeper(storage, "kate").save("a", {text: "half a", visibility: "Agents"});
    new DraftKeeper(storage, "kate").save("b", {text: "half b", visibility: "All"});
    const later = new DraftKeeper(storage, "kate");
    assert.deepEqual(later.load("a"), {text: "half a", visibility: "Agents"});
    assert.equal(new DraftKeeper(storage, "ben").load("a").text, "");
    later.forget("a");
    const last = new DraftKeeper(storage, "kate");
    assert.deepEqual([last.load("a").text, last.load("b").text], ["", "half b"]);
});
