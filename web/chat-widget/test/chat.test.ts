// The life of a chat: start, lost links, reloads, refusals, end.

import assert from "node:assert/strict";
import {test} from "node:test";
import {AGENT, CUSTOMER, KEYS, line, settled, Stage} from "./surroundings.ts";

test("a chat is asked for once the link is open, and waits until an agent comes", async () => {
    const stage = new Stage();
    const chat = stage.chat();
    chat.start({nickname: "Ann", subject: "Hello"}, {TimeZone: "60"});
    assert.equal(stage.link.published.length, 0);
    await stage.link.connect();
    assert.deepEqual(stage.link.of("requestChat"), [{nickname: "Ann", subject: "Hello", userData: {TimeZone: "60"}, messageId: "name-1"}]);
    stage.link.deliver({...KEYS, messages: [line(1, "ParticipantJoined", CUSTOMER)], queuePosition: 3, expectedWait: 90});
    assert.equal(chat.phase, "waiting");
    assert.deepEqual(chat.place, {position: 3, expectedWait: 90});
    stage.link.deliver({messages: [line(2, "ParticipantJoined", AGENT)]});
    assert.equal(chat.phase, "chatting");
    assert.deepEqual(chat.place, {});
});

test("a start whose link is lost is tried again under the same name", async () => {
    const stage = new Stage();
    stage.chat().start({nickname: "Ann"}, {});
    await stage.link.connect();
    stage.link.events.lost();
    await stage.pass(1_000);
    await stage.link.connect();
    assert.equal(stage.links.length, 2);
    assert.deepEqual(stage.link.of("requestChat")[0]?.["messageId"], "name-1");
});

test("closed hours and a full queue are told apart, with the server's advice", async () => {
    for (const [code, kind] of [[2002, "closed"], [2003, "full"], [4002, "refused"]] as const) {
        const stage = new Stage();
        const chat = stage.chat();
        chat.start({nickname: "Ann"}, {});
        await stage.link.connect();
        stage.link.deliver({statusCode: code === 2003 ? 1 : 2, chatEnded: false, errors: [{code, advice: "Monday at 8"}]});
        assert.equal(chat.phase, "none");
        assert.deepEqual(chat.problem, {kind, advice: "Monday at 8"});
        assert.ok(stage.link.isClosed);
    }
});

test("after a lost link the server is told how far the transcript is known", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    stage.link.events.lost();
    assert.equal(chat.isConnected, false);
    await stage.pass(1_000);
    await stage.link.connect();
    assert.deepEqual(stage.link.of("requestNotifications"), [{secureKey: "key", transcriptPosition: 3}]);
});

test("what is typed without a link is sent afterwards, in order, each once", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    stage.link.events.lost();
    chat.say("one");
    chat.say("two");
    await stage.pass(1_000);
    await stage.link.connect();
    assert.deepEqual(stage.link.of("sendMessage").map((data) => data["message"]), ["one"]);
    stage.link.deliver({messages: [line(3, "Message", CUSTOMER, {text: "one", messageId: "name-2"})]});
    assert.deepEqual(stage.link.of("sendMessage").map((data) => data["message"]), ["one", "two"]);
    stage.link.deliver({messages: [line(4, "Message", CUSTOMER, {text: "two", messageId: "name-3"})]});
    await stage.pass(30_000);
    assert.equal(stage.link.of("sendMessage").length, 2);
});

test("a message that was on its way when the link broke is sent again under its name", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    chat.say("one");
    stage.link.events.lost();
    await stage.pass(1_000);
    await stage.link.connect();
    assert.equal(stage.link.of("sendMessage")[0]?.["messageId"], "name-2");
});

test("a message whose line does not come is sent again", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    chat.say("one");
    await stage.pass(10_000);
    const sent = stage.link.of("sendMessage");
    assert.deepEqual(sent.map((data) => data["messageId"]), ["name-2", "name-2"]);
});

test("a message that the server refuses is shown as such and the next one goes", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    chat.say("bad");
    chat.say("good");
    stage.link.deliver({statusCode: 2, chatEnded: false, messageId: "name-2", errors: [{code: 5, advice: "no"}]});
    assert.equal(chat.phase, "chatting");
    assert.deepEqual(stage.link.of("sendMessage").map((data) => data["message"]), ["bad", "good"]);
    assert.equal(chat.takeBack("name-2"), "bad");
});

test("a message that the server has no time for is sent again soon", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    chat.say("one");
    stage.link.deliver({statusCode: 1, chatEnded: false, messageId: "name-2", errors: [{code: 4001, advice: "wait"}]});
    await stage.pass(1_000);
    assert.deepEqual(stage.link.of("sendMessage").map((data) => data["messageId"]), ["name-2", "name-2"]);
    assert.equal(chat.phase, "chatting");
});

test("a refusal of something else ends nothing", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    stage.link.deliver({statusCode: 1, chatEnded: false, errors: [{code: 6001, advice: "later"}]});
    stage.link.deliver({statusCode: 2, chatEnded: false, errors: [{code: 1002, advice: "wrong"}]});
    assert.equal(chat.phase, "chatting");
});

test("a gap makes the chat ask again", async () => {
    const stage = new Stage();
    await stage.chatting();
    const before = stage.link.of("requestNotifications").length;
    stage.link.deliver({messages: [line(5, "Message", AGENT, {text: "later"})]});
    await stage.pass(1_000);
    assert.deepEqual(stage.link.of("requestNotifications").at(before), {secureKey: "key", transcriptPosition: 3});
});

test("a reload goes on with the same chat, reads it from the start and sends what waited", async () => {
    const stage = new Stage();
    const before = await stage.chatting();
    stage.link.events.lost();
    before.say("typed before");
    before.suspend();
    const chat = stage.chat();
    assert.ok(chat.resume());
    await stage.link.connect();
    assert.deepEqual(stage.link.of("requestNotifications"), [{secureKey: "key", transcriptPosition: 1}]);
    assert.deepEqual(stage.link.of("sendMessage"), [{secureKey: "key", message: "typed before", messageId: "name-2"}]);
});

test("a reload into a chat that is no more shows its end and forgets it", async () => {
    const stage = new Stage();
    (await stage.chatting()).suspend();
    const chat = stage.chat();
    chat.resume();
    await stage.link.connect();
    stage.link.deliver({statusCode: 2, chatEnded: true, errors: []});
    assert.equal(chat.phase, "ended");
    assert.equal(stage.remembered, undefined);
});

test("without CometD plain requests take over, and CometD comes back when it works", async () => {
    const stage = new Stage();
    const chat = stage.chat();
    chat.start({nickname: "Ann"}, {});
    await stage.link.fail();
    await stage.pass(1_000);
    await stage.link.fail();
    await stage.pass(1_000);
    assert.equal(stage.link.kind, "rest");
    await stage.link.connect();
    stage.link.deliver({...KEYS, messages: [line(1, "ParticipantJoined", CUSTOMER)]});
    const rest = stage.link;
    await stage.pass(60_000);
    assert.equal(stage.link.kind, "cometd");
    assert.equal(rest.isClosed, false);
    await stage.link.connect();
    assert.equal(rest.isClosed, true);
    assert.deepEqual(stage.link.of("requestNotifications"), [{secureKey: "key", transcriptPosition: 2}]);
});

test("plain requests that worked are tried again first, and CometD again when they fail", async () => {
    const stage = new Stage();
    stage.chat().start({nickname: "Ann"}, {});
    await stage.link.fail();
    await stage.pass(1_000);
    await stage.link.fail();
    await stage.pass(1_000);
    await stage.link.connect();
    stage.link.deliver({...KEYS, messages: [line(1, "ParticipantJoined", CUSTOMER)]});
    stage.link.events.lost();
    await stage.pass(2_000);
    assert.deepEqual([stage.links.length, stage.link.kind], [4, "rest"]);
    await stage.link.fail();
    await stage.pass(4_000);
    assert.deepEqual([stage.links.length, stage.link.kind], [5, "cometd"]);
});

test("news of a link that was replaced count for nothing", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    const old = stage.link;
    old.events.lost();
    await stage.pass(1_000);
    old.deliver({messages: [line(3, "Message", AGENT, {text: "late"})]});
    assert.equal(chat.conversation.entries.length, 2);
});

test("the end waits for a connection, goes before messages, and needs no answer", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    stage.link.events.lost();
    chat.say("unsent");
    chat.end();
    assert.ok(chat.isEnding);
    await stage.pass(1_000);
    await stage.link.connect();
    assert.equal(stage.link.of("disconnect").length, 1);
    assert.equal(stage.link.of("sendMessage").length, 0);
    await stage.pass(3_000);
    assert.equal(chat.phase, "ended");
    assert.deepEqual(chat.conversation.pending.map(({text, state}) => [text, state]), [["unsent", "unsent"]]);
    assert.equal(stage.remembered?.isOver, true);
});

test("typing is told once, again while it goes on, and stops by itself", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    chat.types(true);
    await stage.pass(3_000);
    chat.types(true);
    assert.equal(stage.link.of("startTyping").length, 1);
    await stage.pass(3_000);
    chat.types(true);
    assert.equal(stage.link.of("startTyping").length, 2);
    await stage.pass(4_000);
    assert.equal(stage.link.of("stopTyping").length, 1);
});

test("sending a message ends typing without another word", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    chat.types(true);
    chat.say("done");
    await stage.pass(6_000);
    assert.equal(stage.link.of("stopTyping").length, 0);
});

test("an agent who stopped typing without a word is not said to type for ever, whatever else arrives", async () => {
    const stage = new Stage();
    const chat = await stage.chatting();
    stage.link.deliver({messages: [line(undefined, "TypingStarted", AGENT)]});
    await stage.pass(10_000);
    stage.link.deliver({messages: []});
    assert.equal(chat.conversation.typing.length, 1);
    await stage.pass(6_000);
    assert.equal(chat.conversation.typing.length, 0);
});

test("the place in line is asked for while waiting only", async () => {
    const stage = new Stage();
    const chat = stage.chat();
    chat.start({nickname: "Ann"}, {});
    await stage.link.connect();
    stage.link.deliver({...KEYS, messages: [line(1, "ParticipantJoined", CUSTOMER)]});
    await stage.pass(30_000);
    const asked = stage.link.of("requestNotifications").length;
    assert.equal(asked, 2);
    stage.link.deliver({messages: [line(2, "ParticipantJoined", AGENT)]});
    await stage.pass(30_000);
    assert.equal(stage.link.of("requestNotifications").length, asked);
    await settled();
});
