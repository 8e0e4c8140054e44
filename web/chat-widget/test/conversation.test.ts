// Lines come once and in order; unsent messages stay until they are lines.

import assert from "node:assert/strict";
import {test} from "node:test";
import {Conversation, FOREIGN_MS, OUTBOX_MAX} from "../src/conversation.ts";
import {readAnswer, type Entry} from "../src/wire.ts";
import {AGENT, CUSTOMER, line} from "./surroundings.ts";

function entries(...lines: Record<string, unknown>[]): Entry[] {
    return readAnswer({statusCode: 0, messages: lines})?.messages ?? [];
}

test("lines are ordered by index, whatever the order of arrival", () => {
    const conversation = new Conversation();
    conversation.apply(entries(line(3, "Message", AGENT, {text: "c"}), line(1, "ParticipantJoined", CUSTOMER)));
    assert.equal(conversation.nextPosition, 2);
    assert.deepEqual(conversation.entries.map((entry) => entry.index), [1], "nothing behind a gap is shown");
    conversation.apply(entries(line(2, "Message", AGENT, {text: "b"})));
    assert.deepEqual(conversation.entries.map((entry) => entry.index), [1, 2, 3]);
    assert.equal(conversation.nextPosition, 4);
});

test("a line that comes again is not added again", () => {
    const conversation = new Conversation();
    const same = entries(line(1, "Message", AGENT, {text: "a"}));
    assert.equal(conversation.apply(same).added.length, 1);
    assert.equal(conversation.apply(same).added.length, 0);
    assert.equal(conversation.entries.length, 1);
});

test("a gap is told until it is filled", () => {
    const conversation = new Conversation();
    assert.equal(conversation.apply(entries(line(1, "Message", AGENT), line(4, "Message", AGENT))).gap, 2);
    assert.equal(conversation.apply(entries(line(2, "Message", AGENT))).gap, 3);
    assert.equal(conversation.apply(entries(line(3, "Message", AGENT))).gap, undefined);
});

test("one message is on its way at a time, and a line takes it away", () => {
    const conversation = new Conversation();
    conversation.queue({messageId: "m1", text: "one", at: 0});
    conversation.queue({messageId: "m2", text: "two", at: 0});
    const first = conversation.nextToSend(0);
    assert.equal(first?.messageId, "m1");
    first.state = "sent";
    assert.equal(conversation.nextToSend(0), undefined);
    conversation.apply(entries(line(1, "Message", CUSTOMER, {text: "one", messageId: "m1"})));
    assert.equal(conversation.nextToSend(0)?.messageId, "m2");
});

test("a line of the agent with the same text confirms nothing", () => {
    const conversation = new Conversation();
    conversation.queue({messageId: "m1", text: "yes", at: 0});
    const first = conversation.nextToSend(0);
    assert.ok(first);
    first.state = "sent";
    conversation.apply(entries(line(1, "Message", AGENT, {text: "yes"})));
    assert.equal(conversation.pending.length, 1);
});

test("a refused message does not hold up the next, and can be taken back", () => {
    const conversation = new Conversation();
    conversation.queue({messageId: "m1", text: "one", at: 0});
    conversation.queue({messageId: "m2", text: "two", at: 0});
    conversation.refuse("m1");
    assert.equal(conversation.nextToSend(0)?.messageId, "m2");
    assert.equal(conversation.discard("m1"), "one");
    assert.equal(conversation.pending.length, 1);
});

test("what another tab has to send is shown, left to that tab for a while, and gone when it is settled there", () => {
    const conversation = new Conversation();
    const own = {messageId: "own", text: "own", at: 2_000};
    const theirs = {messageId: "theirs", text: "theirs", at: 1_000};
    conversation.queue(own);
    conversation.share([theirs]);
    assert.deepEqual(conversation.unconfirmed, [theirs, own]);
    assert.equal(conversation.nextToSend(2_000)?.messageId, "own", "what is theirs holds up nothing");
    assert.equal(conversation.nextToSend(1_000 + FOREIGN_MS)?.messageId, "theirs", "their tab may be gone");
    conversation.share([own]);
    assert.deepEqual(conversation.unconfirmed, [own]);
    conversation.share([theirs, own]);
    assert.deepEqual(conversation.unconfirmed, [own], "what was settled does not come back");
});

test("a message that is a line already is not taken from another tab", () => {
    const conversation = new Conversation();
    conversation.apply(entries(line(1, "Message", CUSTOMER, {text: "one", messageId: "m1"})));
    conversation.share([{messageId: "m1", text: "one", at: 0}]);
    assert.deepEqual(conversation.pending, []);
});

test("what was not sent when the chat is over stays, is sent no more, and goes when it turns out to have arrived", () => {
    const conversation = new Conversation();
    conversation.queue({messageId: "m1", text: "one", at: 0});
    conversation.queue({messageId: "m2", text: "two", at: 0});
    conversation.close();
    conversation.keep({messageId: "m3", text: "half", at: 0});
    assert.equal(conversation.nextToSend(1e9), undefined);
    conversation.apply(entries(line(1, "Message", CUSTOMER, {text: "one", messageId: "m1"})));
    assert.deepEqual(conversation.pending.map(({text, state}) => [text, state]), [["two", "unsent"], ["half", "unsent"]]);
});

test("no more wait than there is room for", () => {
    const conversation = new Conversation();
    for (let count = 0; count < OUTBOX_MAX; count += 1) {
        assert.ok(conversation.queue({messageId: `m${count}`, text: "text", at: 0}));
    }
    assert.equal(conversation.queue({messageId: "more", text: "text", at: 0}), false);
});

test("agents come and go with the lines, also with late ones", () => {
    const conversation = new Conversation();
    conversation.apply(entries(line(1, "ParticipantJoined", CUSTOMER), line(3, "ParticipantLeft", AGENT)));
    conversation.apply(entries(line(2, "ParticipantJoined", AGENT)));
    assert.equal(conversation.agents.length, 0);
    conversation.apply(entries(line(4, "ParticipantJoined", AGENT)));
    assert.equal(conversation.agents.length, 1);
});

test("typing starts and stops, stops with a message, and is never the customer's own", () => {
    const conversation = new Conversation();
    const names = () => conversation.typing.map((party) => party.nickname);
    conversation.apply(entries(line(1, "ParticipantJoined", AGENT), line(undefined, "TypingStarted", AGENT)));
    assert.deepEqual(names(), ["Kate"]);
    conversation.apply(entries(line(undefined, "TypingStopped", AGENT)));
    assert.deepEqual(names(), []);
    conversation.apply(entries(line(undefined, "TypingStarted", AGENT), line(undefined, "TypingStarted", CUSTOMER)));
    conversation.apply(entries(line(2, "Message", AGENT, {text: "there"})));
    assert.deepEqual(names(), []);
    assert.equal(conversation.entries.length, 2);
});
