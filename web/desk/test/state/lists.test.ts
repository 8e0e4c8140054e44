// The lists: groups, order, and since when somebody waits.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction, type Interaction} from "../../src/api/interaction.ts";
import {readLines} from "../../src/api/notification.ts";
import {lastWords} from "../../src/state/owed.ts";
import {
    countOf, groupsOf, latenessOf, nameOf, offersOf, unreadOf,
} from "../../src/state/lists.ts";
import {EMPTY, type DeskState} from "../../src/state/model.ts";
import {ServerClock} from "../../src/state/clock.ts";
import {reduce} from "../../src/state/reduce.ts";

const NOW = Date.parse("2026-11-29T14:00:00Z");

function at(secondsAgo: number): string {
    return new Date(NOW - secondsAgo * 1000).toISOString().replace("T", " ").replace("Z", "+0000");
}

function work(fields: Record<string, unknown>): Interaction {
    const interaction = readInteraction({
        channel: "chat", state: "Chatting", direction: "Inbound", receivedDate: at(600), ...fields,
    });
    assert.ok(interaction);
    return interaction;
}

/** What the server tells of somebody who has waited so long; `null` is nobody. */
function owed(seconds: number | null, targetSeconds: number | null = null) {
    const owedSince = seconds === null ? null : at(seconds);
    return {answer: {owedSince, targetSeconds, lastFrom: null, lastText: null, lastAt: null}};
}

function state(all: Interaction[]): DeskState {
    return {...EMPTY, work: Object.fromEntries(all.map((one) => [one.id, one]))};
}

function mine(of: DeskState): unknown {
    return groupsOf(of, "mine", NOW).map(({key, rows}) => [key, rows.map((row) => row.id)]);
}

test("a customer waits since when the server says, and for nothing once it says so", () => {
    const [group] = groupsOf(state([work({id: "a", ...owed(50)})]), "mine", NOW);
    assert.equal(group?.rows[0]?.waitingSince, NOW - 50_000);
    assert.deepEqual(mine(state([work({id: "a", ...owed(null)})])), [["answered", ["a"]]]);
    const letter = {id: "a", channel: "email", state: "Processing"};
    assert.deepEqual(mine(state([work({...letter, ...owed(3)})])), [["waiting", ["a"]]]);
    assert.deepEqual(mine(state([work({...letter, ...owed(null)})])), [["answered", ["a"]]]);
});

test("what is half typed stands in the row while nobody waits for it", () => {
    const typed = {draft: {text: "I look\n for it", visibility: "All"}, read: null};
    const marks = {readIndex: null, draft: {text: "I look\n for it", visibility: "All" as const}, referenceId: null};
    const draftOf = (seconds: number | null): string | undefined => {
        const chat = work({id: "a", ...typed, ...owed(seconds)});
        const [group] = groupsOf({...state([chat]), marks: {a: marks}}, "mine", NOW);
        return group?.rows[0]?.draft;
    };
    assert.equal(draftOf(null), "I look for it");
    assert.equal(draftOf(5), "", "the customer's own words are there");
    const letter = {id: "b", channel: "email", state: "Composing", bodyAsPlainText: "Dear\n Ann"};
    const [group] = groupsOf(state([work(letter)]), "mine", NOW);
    assert.equal(group?.rows[0]?.draft, "Dear Ann");
});

test("each list says what of it could not be read", () => {
    const lists = ["mine", "drafts", "parked", "queues"] as const;
    const said = (unread: DeskState["unread"]) =>
        lists.map((list) => unreadOf({...EMPTY, unread}, list));
    assert.deepEqual(said({}), [null, null, null, null]);
    assert.deepEqual(said({work: "No."}), ["No.", "No.", "No.", null]);
    assert.deepEqual(said({workbins: "", queues: "No."}), [null, null, "", "No."]);
});

test("the last words are those that the server tells, of a draft its own", () => {
    const words = {lastFrom: "Agent", lastText: "We look.", lastAt: at(5)};
    const told = work({id: "a", answer: {owedSince: null, targetSeconds: null, ...words}});
    assert.deepEqual(lastWords(told), {by: "us", text: "We look.", at: NOW - 5_000});
    const asked = work({id: "a", answer: {...words, lastFrom: "Customer"}});
    assert.equal(lastWords(asked).by, "customer");
    const draft = {
        id: "a", channel: "email", state: "Composing", direction: "Outbound", answer: null,
        bodyAsPlainText: "Dear\n  Ann,",
    };
    assert.deepEqual(lastWords(work(draft)), {by: "us", text: "Dear Ann,", at: NOW - 600_000});
    const task = work({id: "a", channel: "workitem", ...owed(9)});
    assert.deepEqual(lastWords(task), {by: "nobody", text: "", at: NOW - 600_000});
});

test("who has used up more of the target is above, then who waits longer", () => {
    const all = [
        work({id: "mail", channel: "email", state: "Processing", ...owed(3600)}),
        work({id: "chat-old", ...owed(50)}),
        work({id: "chat-new", ...owed(20)}),
        work({id: "task", channel: "workitem", state: "Processing", ...owed(9999)}),
        // What is promised sooner than usual is late sooner.
        work({id: "promised", channel: "workitem", state: "Processing", ...owed(90, 100)}),
    ];
    assert.deepEqual(mine(state(all)), [
        ["waiting", ["promised", "chat-old", "mail", "chat-new", "task"]],
    ]);
});

test("what has ended, what is written and what is offered have their own places", () => {
    const offer = {kind: "Routed", at: at(1), expires: at(-20)};
    const all = [
        work({id: "left", state: "LeftChat"}),
        work({id: "draft", channel: "email", state: "Composing", direction: "Outbound"}),
        work({id: "offered", state: "Invited", offer}),
        work({id: "earlier", state: "Invited", offer: {...offer, at: at(5)}}),
    ];
    const one = state(all);
    assert.deepEqual(mine(one), [["toFinish", ["left"]], ["draftsHere", ["draft"]]]);
    assert.deepEqual(offersOf(one).map(({id}) => id), ["earlier", "offered"]);
    assert.equal(countOf(one, "mine"), 2);
    assert.equal(countOf(one, "drafts"), 1);
});

test("a letter whose answer is on its way waits for nothing, and both have one row", () => {
    const letter = work({id: "letter", channel: "email", state: "Processing", ...owed(null)});
    const answer = work({id: "answer", channel: "email", state: "Sending", parentId: "letter"});
    assert.deepEqual(mine(state([letter, answer])), [["answered", ["letter"]]]);
    assert.deepEqual(mine(state([answer])), [["answered", ["answer"]]]);
});

test("lateness begins at the target and doubles", () => {
    const lateAfter = (seconds: number, target: number | null) => {
        const row = groupsOf(state([work({id: "a", ...owed(seconds, target)})]), "mine", NOW)[0]?.rows[0];
        return row && latenessOf(row, NOW);
    };
    const steps = ["inTime", "late", "late", "veryLate"];
    assert.deepEqual([59, 60, 119, 120].map((seconds) => lateAfter(seconds, null)), steps);
    assert.deepEqual([9, 10, 19, 20].map((seconds) => lateAfter(seconds, 10)), steps);
});

test("a row whose name is what it is about says its queue beside it", () => {
    const given = {id: "a", subject: "Refund 4711", currentQueue: "tasks", state: "Processing"};
    const shown = ({subject, ...more}: {subject: string; [key: string]: unknown}) => {
        const groups = groupsOf(state([work({...given, ...more, subject})]), "mine", NOW);
        return groups.flatMap(({rows}) => rows.map((one) => one.subject));
    };
    assert.deepEqual(shown({subject: "Refund 4711"}), ["tasks"]);
    assert.deepEqual(shown({subject: "Order 7", userData: {FirstName: "Ann"}}), ["Order 7"]);
});

test("a name is the contact's, else the nickname, the address, the subject", () => {
    const userData = {FirstName: "Ann", LastName: "Berg"};
    const participants = [{type: "Customer", nickname: "ann92"}];
    assert.equal(nameOf(work({id: "a", userData, participants})), "Ann Berg");
    assert.equal(nameOf(work({id: "a", participants})), "ann92");
    const mail = {channel: "email", from: "a@b.example", to: ["c@d.example"], subject: "S"};
    assert.equal(nameOf(work({id: "a", ...mail})), "a@b.example");
    assert.equal(nameOf(work({id: "a", ...mail, direction: "Outbound"})), "c@d.example");
    assert.equal(nameOf(work({id: "a", subject: "S"})), "S");
});

test("a clock that is an hour wrong, or is set meanwhile, changes no countdown", () => {
    let page = 5_000;
    const clock = new ServerClock(() => page, () => NOW + 3_600_000);
    const sent = clock.stamp();
    page += 40;
    clock.answered(sent, NOW, 0);
    assert.equal(clock.now(), NOW + 20);
    page += 10_000;
    // A poll that was held for long says less than the first answer did.
    clock.answered(page - 9_000, NOW + 5_000, 0);
    assert.equal(clock.now(), NOW + 10_020);
});

test("a customer who has left is still called by their name", () => {
    const line = {
        index: 1, type: "Text", text: "hello", visibility: "All", timestampSeconds: NOW,
        from: {type: "Customer", nickname: "Eve", participantId: "1"},
    };
    const gone = work({id: "a", state: "LeftChat", subject: "Order", participants: []});
    const read = reduce({...state([gone]), lastRead: 1}, {
        type: "transcriptRead", interactionId: "a", lines: readLines([line]), since: 1, answered: [],
    });
    assert.equal(groupsOf(read, "mine", NOW)[0]?.rows[0]?.who, "Eve");
});
