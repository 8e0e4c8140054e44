// What passes by without numbers: what one left in chats oneself, who else looks, who asks.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readNotification, type Topic} from "../../src/api/notification.ts";
import {EMPTY, type DeskState, type Pending} from "../../src/state/model.ts";
import {changesOf, chatsToAsk} from "../../src/state/marks.ts";
import {reduce} from "../../src/state/reduce.ts";
import {BEN, ME} from "./fake-server.ts";

const INTERACTIONS: Topic = "/v2/me/interactions";
const PERSON_ME = {
    id: ME, userName: "kate", firstName: "Kate", lastName: "Lund", roles: [], groups: [],
};
const PERSON = {id: BEN, userName: "ben", firstName: "Ben", lastName: "Ortiz"};

function told(state: DeskState, data: Record<string, unknown>, topic = INTERACTIONS): DeskState {
    const notification = readNotification(topic, data);
    return reduce(state, {type: "told", topic, notification, at: 0});
}

const owned = (owner: string) => ({
    messageType: "InteractionStateMessage", notificationType: "StatusChange", id: "a",
    channel: "chat", state: "Chatting", assignedTo: owner, operations: [],
});

test("what one left in a chat is asked for once, and then told", () => {
    let state = told(EMPTY, owned(ME));
    assert.deepEqual(chatsToAsk(state), ["a"]);
    const draft = {text: "typed", visibility: "Agents"};
    const message = {messageType: "ChatDraftMessage", interactionId: "a", draft, referenceId: 3};
    assert.equal(told(state, message).marks["a"], undefined, "the read will have it");
    const nothing = {draft: null, readIndex: null};
    state = reduce(state, {type: "marksRead", interactionId: "a", marks: nothing, since: 0});
    assert.deepEqual(chatsToAsk(state), []);
    state = told(state, message);
    assert.deepEqual(state.marks["a"], {draft, readIndex: null, referenceId: 3});
    const read = {index: 4, unread: 0};
    state = told(state, {messageType: "ChatReadMessage", interactionId: "a", read});
    assert.deepEqual(state.marks["a"], {draft, readIndex: 4, referenceId: 3});
    assert.deepEqual(chatsToAsk(reduce(state, {type: "marksMissed"})), ["a"]);
});

test("the next owner asks for the draft, and whoever lost the chat forgets it", () => {
    const nothing = {draft: null, readIndex: 2};
    const known = (state: DeskState) =>
        reduce(state, {type: "marksRead", interactionId: "a", marks: nothing, since: 0});
    const consulted = known(told(EMPTY, owned(BEN)));
    assert.deepEqual(chatsToAsk(told(consulted, owned(BEN))), []);
    assert.deepEqual(chatsToAsk(told(consulted, owned(ME))), ["a"]);
    const gone = told(known(told(EMPTY, owned(ME))), {...owned(ME), state: "Completed"});
    assert.deepEqual(gone.marks, {});
});

test("who else looks, and who asks, is as it was told last", () => {
    const message = {messageType: "ViewersMessage", interactionId: "a", viewers: [PERSON]};
    let state = told(EMPTY, message);
    assert.deepEqual(state.viewers["a"], [PERSON]);
    state = told(state, {...message, viewers: []});
    assert.deepEqual(state.viewers["a"], []);
    const question = {messageType: "AskMessage", from: PERSON, text: "Is it yours?"};
    state = told(state, {...question, interactionId: "a"}, "/v2/me");
    state = told(state, question, "/v2/me");
    assert.deepEqual(state.questions.map((one) => one.interactionId), ["a", null]);
    const [first] = state.questions;
    assert.ok(first);
    state = reduce(state, {type: "questionSeen", question: first});
    assert.equal(state.questions.length, 1);
    for (let count = 0; count < 30; count += 1) {
        state = told(state, question, "/v2/me");
    }
    assert.equal(state.questions.length, 20, "nobody fills the page");
    assert.deepEqual(state.numbers, {}, "nothing of it has a number");
});

test("words that the outbox has are no draft, whenever it is told of them", () => {
    const draft = {text: "said ", visibility: "All"} as const;
    const read = (state: DeskState) => reduce(state, {
        type: "marksRead", interactionId: "a", marks: {draft, readIndex: 2},
        since: changesOf(state, "a"),
    });
    const pending: Pending = {
        key: "k", interactionId: "a", operationName: "Send", text: "said", visibility: "All",
        at: 0, stage: {kind: "waiting", attempts: 0},
    };
    const say = (state: DeskState) => reduce(state, {type: "pending", pending: [pending]});
    const message = {messageType: "ChatDraftMessage", interactionId: "a", draft, referenceId: 3};
    const state = told(EMPTY, owned(ME));
    assert.deepEqual(say(told(read(state), message)).marks["a"], {
        draft: null, readIndex: 2, referenceId: 3,
    });
    assert.equal(read(say(state)).marks["a"]?.draft, null);
    assert.equal(told(read(say(state)), message).marks["a"]?.draft, null);
    const other = reduce(state, {type: "pending", pending: [{...pending, interactionId: "b"}]});
    assert.deepEqual(read(other).marks["a"]?.draft, draft, "another chat's");
});

const OLD = {draft: {text: "o", visibility: "All"}, readIndex: null} as const;
const save = (state: DeskState, stage: "begun" | "over") =>
    reduce(state, {type: "draftSave", interactionId: "a", stage});

/** What may happen to a draft while it is read. */
const CHANGES: Record<string, (state: DeskState) => {atFirst: DeskState; atLast: DeskState}> = {
    "a save is under way": (state) => {
        const atFirst = save(state, "begun");
        return {atFirst, atLast: atFirst};
    },
    "a save begins": (state) => ({atFirst: state, atLast: save(state, "begun")}),
    "a save is answered": (state) => {
        const atFirst = save(state, "begun");
        return {atFirst, atLast: save(atFirst, "over")};
    },
    "a save begins and is answered": (state) =>
        ({atFirst: state, atLast: save(save(state, "begun"), "over")}),
    "another draft is told": (state) => {
        const draft = {text: "new", visibility: "All"};
        const message = {messageType: "ChatDraftMessage", interactionId: "a", draft};
        return {atFirst: state, atLast: told(state, {...message, referenceId: 3})};
    },
};

for (const [what, change] of Object.entries(CHANGES)) {
    test(`a read takes nothing back when meanwhile ${what}`, () => {
        const {atFirst, atLast} = change(told(EMPTY, owned(ME)));
        const since = changesOf(atFirst, "a");
        const read = (state: DeskState, since: number) =>
            reduce(state, {type: "marksRead", interactionId: "a", marks: OLD, since});
        const after = read(atLast, since);
        assert.equal(after.marks["a"], undefined);
        const isBusy = (after.draftChanges["a"]?.underWay ?? 0) > 0;
        assert.deepEqual(chatsToAsk(after), isBusy ? [] : ["a"]);
        const rest = isBusy ? save(after, "over") : after;
        assert.deepEqual(chatsToAsk(rest), ["a"], "it is asked again");
        assert.deepEqual(read(rest, changesOf(rest, "a")).marks["a"]?.draft, OLD.draft);
    });

    test(`a read of everything takes nothing back when meanwhile ${what}`, () => {
        const begin = (state: DeskState) => reduce(state, {type: "readBegun", id: 1});
        const {atFirst, atLast} = change(told(EMPTY, owned(ME)));
        const begun = {...atLast, reading: begin(atFirst).reading};
        const chat = begun.work["a"];
        assert.ok(chat);
        const snapshot = {
            me: PERSON_ME, channels: [], work: [{...chat, marks: OLD}], workbins: [], parked: {},
        };
        const done = (state: DeskState) =>
            reduce(state, {type: "readDone", id: 1, snapshot, at: 0});
        assert.equal(done(begun).marks["a"], undefined);
        assert.deepEqual(done(begin(told(EMPTY, owned(ME)))).marks["a"]?.draft, OLD.draft);
    });
}
