// Several tabs of one visitor, and a chat that has ended: what the memory makes of them.

import assert from "node:assert/strict";
import {test} from "node:test";
import {AGENT, CUSTOMER, KEYS, line, Stage} from "./surroundings.ts";

const FIRST = line(1, "ParticipantJoined", CUSTOMER);

test("a tab that shows the form goes on with the chat of another tab", async () => {
    const stage = new Stage();
    const other = stage.chat();
    const chat = await stage.chatting();
    assert.equal(other.phase, "none");
    other.sync();
    assert.equal(other.phase, "waiting");
    assert.equal(other.question, "Hello");
    await stage.link.connect();
    assert.deepEqual(stage.link.of("requestNotifications"), [{secureKey: "key", transcriptPosition: 1}]);
    assert.equal(chat.phase, "chatting");
});

test("a tab that is asked to start goes on with the chat that there is", async () => {
    const stage = new Stage();
    await stage.chatting();
    const other = stage.chat();
    other.start({nickname: "Ann"}, {});
    await stage.link.connect();
    assert.equal(stage.link.of("requestChat").length, 0);
    assert.equal(other.credentials?.chatId, KEYS.chatId);
});

test("two tabs that ask at once ask for the same chat", async () => {
    const stage = new Stage();
    const [one, other] = [stage.chat(), stage.chat()];
    one.start({nickname: "Ann", subject: "one"}, {});
    const first = stage.link;
    // The second has not heard of the first yet.
    stage.remembered = undefined;
    other.start({nickname: "Ann", subject: "other"}, {});
    const second = stage.link;
    await first.connect();
    await second.connect();
    assert.deepEqual(first.of("requestChat"), second.of("requestChat"));
    assert.equal(one.question, "other");
});

test("a request rests until what another tab keeps has come", async () => {
    const stage = new Stage();
    stage.settleMs = 150;
    const one = stage.chat();
    one.start({nickname: "Ann"}, {});
    const link = stage.link;
    await link.connect();
    assert.equal(link.of("requestChat").length, 0);
    // The other tab asked in the same moment, and its request comes late.
    const theirs = {nickname: "Ann", messageId: "theirs"};
    stage.remembered = {request: theirs, question: "", pending: [], seen: 0, isOver: false};
    await stage.pass(150);
    assert.deepEqual(link.of("requestChat"), [theirs]);
});

test("a tab whose chat was asked for while it connected goes on with it", async () => {
    const stage = new Stage();
    const [one, other] = [stage.chat(), stage.chat()];
    one.start({nickname: "Ann"}, {});
    const late = stage.link;
    stage.remembered = undefined;
    other.start({nickname: "Ann"}, {});
    await stage.link.connect();
    stage.link.deliver({...KEYS, messages: [FIRST]});
    await late.connect();
    assert.equal(late.of("requestChat").length, 0);
    assert.equal(one.credentials?.chatId, KEYS.chatId);
});

test("a reload while a chat is asked for asks for the same one", async () => {
    const stage = new Stage();
    const before = stage.chat();
    before.start({nickname: "Ann"}, {TimeZone: "60"});
    before.suspend();
    const chat = stage.chat();
    assert.ok(chat.resume());
    assert.equal(chat.phase, "starting");
    await stage.link.connect();
    assert.deepEqual(stage.link.of("requestChat"), [{nickname: "Ann", userData: {TimeZone: "60"}, messageId: "name-1"}]);
});

test("who gives up asking gives up in all tabs", async () => {
    const stage = new Stage();
    const [one, other] = [stage.chat(), stage.chat()];
    one.start({nickname: "Ann"}, {});
    other.sync();
    assert.equal(other.phase, "starting");
    one.reset();
    other.sync();
    assert.equal(other.phase, "none");
});

test("a message of a tab that is gone is sent by another one, under its name", async () => {
    const stage = new Stage();
    const gone = await stage.chatting();
    const chat = stage.chat();
    chat.resume();
    const link = stage.link;
    await link.connect();
    link.deliver({messages: [FIRST, line(2, "ParticipantJoined", AGENT)]});
    stage.links[0]?.events.lost();
    gone.say("typed without a network");
    gone.suspend();
    chat.sync();
    assert.deepEqual(chat.conversation.pending.map(({text}) => text), ["typed without a network"]);
    assert.equal(link.of("sendMessage").length, 0);
    await stage.pass(8_000);
    assert.deepEqual(link.of("sendMessage"), [{secureKey: "key", message: "typed without a network", messageId: "name-2"}]);
    link.deliver({messages: [line(3, "Message", CUSTOMER, {text: "typed without a network", messageId: "name-2"})]});
    assert.deepEqual(stage.remembered?.pending, []);
});

test("what one tab writes down does not take away what another one did", async () => {
    const stage = new Stage();
    const one = await stage.chatting();
    const other = stage.chat();
    other.resume();
    stage.link.events.lost();
    stage.links[0]?.events.lost();
    one.say("one");
    await stage.pass(1);
    other.say("other");
    assert.deepEqual(stage.remembered?.pending.map(({text}) => text), ["one", "other"]);
});

test("what was seen in one tab is seen in all", async () => {
    const stage = new Stage();
    const one = await stage.chatting();
    const other = stage.chat();
    other.resume();
    one.looks();
    other.sync();
    assert.equal(other.seen, 2);
});

test("an ended chat is read again after a reload, and nothing more is asked of it", async () => {
    const stage = new Stage();
    const before = await stage.chatting();
    before.say("never confirmed");
    stage.link.deliver({messages: [line(3, "ParticipantLeft", CUSTOMER)], chatEnded: true});
    assert.equal(before.phase, "ended");
    const chat = stage.chat();
    assert.ok(chat.resume());
    assert.equal(chat.phase, "ended");
    await stage.link.connect();
    stage.link.deliver({messages: [FIRST, line(2, "ParticipantJoined", AGENT), line(3, "ParticipantLeft", CUSTOMER)], chatEnded: true});
    assert.equal(chat.conversation.entries.length, 3);
    assert.deepEqual(chat.conversation.pending.map(({text, state}) => [text, state]), [["never confirmed", "unsent"]]);
    assert.equal(stage.link.of("sendMessage").length, 0);
    assert.ok(stage.link.isClosed);
    const links = stage.links.length;
    await stage.pass(60_000);
    assert.equal(stage.links.length, links);
});

test("a chat that was left without the server's knowing is left when it is read again", async () => {
    const stage = new Stage();
    const before = await stage.chatting();
    before.end();
    await stage.pass(3_000);
    const chat = stage.chat();
    chat.resume();
    await stage.link.connect();
    stage.link.deliver({messages: [FIRST]});
    assert.equal(stage.link.of("disconnect").length, 1);
    assert.equal(chat.phase, "ended");
});

test("an ended chat that cannot be reached is not asked for without end", async () => {
    const stage = new Stage();
    (await stage.chatting()).end();
    await stage.pass(3_000);
    stage.chat().resume();
    for (let round = 0; round < 20; round += 1) {
        await stage.link.fail();
        await stage.pass(10_000);
    }
    assert.ok(stage.links.length < 8, `${stage.links.length} links`);
});

test("a new chat after an ended one is a new one, unless another tab has begun it", async () => {
    const stage = new Stage();
    const one = await stage.chatting();
    const other = stage.chat();
    other.resume();
    await stage.link.connect();
    for (const link of stage.links) {
        link.deliver({messages: [line(3, "ParticipantLeft", CUSTOMER)], chatEnded: true});
    }
    one.reset();
    assert.equal(stage.remembered, undefined);
    one.start({nickname: "Ann"}, {});
    await stage.link.connect();
    stage.link.deliver({...KEYS, chatId: "second", messages: [FIRST]});
    other.sync();
    assert.equal(other.phase, "ended", "what is read is not taken away");
    other.reset();
    assert.equal(other.credentials?.chatId, "second");
});

test("a tab that hears late of its chat's end leaves the next chat in the memory", async () => {
    for (const end of [
        {messages: [line(3, "ParticipantLeft", CUSTOMER)], chatEnded: true},
        {statusCode: 2, chatEnded: true, errors: [{code: 249, advice: "The chat is over."}]},
    ]) {
        const stage = new Stage();
        const one = await stage.chatting();
        const first = stage.link;
        const sleeper = stage.chat();
        sleeper.resume();
        const late = stage.link;
        await late.connect();
        first.deliver({messages: [line(3, "ParticipantLeft", CUSTOMER)], chatEnded: true});
        one.reset();
        one.start({nickname: "Ann"}, {});
        await stage.link.connect();
        stage.link.deliver({...KEYS, chatId: "second", messages: [FIRST]});
        late.deliver(end);
        assert.equal(sleeper.phase, "ended");
        sleeper.looks();
        sleeper.keepUnsent("half written");
        assert.equal(stage.remembered?.credentials?.chatId, "second");
        assert.equal(stage.remembered?.isOver, false);
    }
});

test("who is there is learned before a chat, while waiting and with a refusal, and takes a refusal back", async () => {
    const stage = new Stage();
    const chat = stage.chat();
    const away = {state: "Closed", hours: [], leaveMessage: "contact-us"} as const;
    chat.learnAvailability(away as never);
    assert.equal(chat.availability?.state, "Closed");
    chat.start({nickname: "Ann"}, {});
    await stage.link.connect();
    stage.link.deliver({statusCode: 2, chatEnded: false, errors: [{code: 2002, advice: ""}], availability: {...away, leaveMessage: "other"}});
    assert.equal(chat.availability?.leaveMessage, "other");
    assert.equal(chat.problem?.kind, "closed");
    chat.learnAvailability({state: "Open", hours: []});
    assert.equal(chat.problem, undefined);
    chat.start({nickname: "Ann"}, {});
    await stage.link.connect();
    stage.link.deliver({...KEYS, messages: [FIRST], availability: {state: "NobodyThere"}});
    assert.equal(chat.availability?.state, "NobodyThere");
    stage.link.deliver({messages: [line(2, "ParticipantJoined", AGENT)]});
    assert.equal(chat.availability, undefined);
});

test("whoever nobody took is told so, and whoever left by themselves is not", async () => {
    for (const [leaves, isUnserved] of [[false, true], [true, false]] as const) {
        const stage = new Stage();
        const chat = stage.chat();
        chat.start({nickname: "Ann"}, {});
        await stage.link.connect();
        stage.link.deliver({...KEYS, messages: [FIRST]});
        if (leaves) {
            chat.end();
        }
        stage.link.deliver({messages: [line(2, "ParticipantLeft", CUSTOMER)], chatEnded: true});
        assert.equal(chat.isUnserved, isUnserved);
    }
});
