import assert from "node:assert/strict";
import {test} from "node:test";
import type {Channel} from "../src/api/notification.ts";
import {loadOf} from "../src/app/load.ts";
import {chosenReason, missedChannels, presenceOf, reasonNames, sinceOf} from "../src/app/presence.ts";
import {readReasons} from "../src/app/reasons.ts";
import {EMPTY} from "../src/state/model.ts";

function channel(name: string, state: string, more: Partial<Channel> = {}): Channel {
    return {
        channel: name, state, reason: null, isUndisturbed: false, since: null, capacity: null,
        ...more,
    };
}

test("a state is put together from the channels that work comes by", () => {
    const voice = channel("voice", "NotReady");
    const [chat, email] = [channel("chat", "Ready"), channel("email", "Ready")];
    assert.deepEqual(presenceOf([]), {kind: "offWork"});
    assert.deepEqual(presenceOf([channel("chat", "LoggedOut")]), {kind: "offWork"});
    assert.deepEqual(presenceOf([chat, email, voice]), {kind: "ready"});
    const notReady = channel("email", "NotReady");
    assert.deepEqual(presenceOf([chat, notReady]), {kind: "mixed", ready: ["chat"]});
    assert.deepEqual(presenceOf([notReady]), {kind: "notReady", reason: null});
});

test("do not disturb is a state of its own, and a reason is told where all channels have it", () => {
    const undisturbed = {isUndisturbed: true};
    assert.deepEqual(presenceOf([channel("chat", "Ready", undisturbed)]), {kind: "undisturbed"});
    const lunch = {reason: "Lunch"};
    const both = ["chat", "email"].map((name) => channel(name, "NotReady", lunch));
    assert.deepEqual(presenceOf(both), {kind: "notReady", reason: "Lunch"});
    const one = [channel("chat", "NotReady", lunch), channel("email", "NotReady")];
    assert.deepEqual(presenceOf(one), {kind: "notReady", reason: null});
});

test("what offers that passed by did is no reason that anybody chose", () => {
    const missed = {reason: "MissedOffers"};
    const all = [
        channel("chat", "NotReady", missed), channel("email", "NotReady"),
        channel("workitem", "NotReady", missed), channel("voice", "NotReady", missed),
    ];
    assert.deepEqual(missedChannels(all), ["chat", "workitem"]);
    assert.deepEqual(missedChannels(all.map((one) => ({...one, state: "Ready"}))), []);
    const both = all.filter(({reason}) => reason !== null);
    assert.deepEqual(presenceOf(both), {kind: "notReady", reason: null});
});

test("the reasons are those of the contact center, in its order", () => {
    const settings = [
        {id: "1", displayName: "Ready", state: "Ready", operationName: "Ready"},
        {id: "2", displayName: "Not Ready", state: "NotReady", operationName: "NotReady"},
        {id: "2:Lunch", displayName: "Lunch", state: "NotReady", reason: "Lunch"},
        {id: "2:Break", displayName: "Break", state: "NotReady", reason: "Break"},
        "?",
    ];
    assert.deepEqual(readReasons({settings}), [
        {reason: "Lunch", name: "Lunch"}, {reason: "Break", name: "Break"},
    ]);
    assert.deepEqual(readReasons({}), []);
});

test("a reason is shown as the contact center calls it, and one of before as it is", () => {
    reasonNames.value = new Map([["lunch", "A long lunch"]]);
    assert.equal(chosenReason("lunch"), "A long lunch");
    assert.equal(chosenReason("Dinner"), "Dinner");
    reasonNames.value = new Map();
});

test("a state is as old as the last change of a channel", () => {
    assert.equal(sinceOf([channel("chat", "Ready")]), null);
    const changed = [channel("chat", "Ready", {since: 5}), channel("email", "Ready", {since: 9})];
    assert.equal(sinceOf([...changed, channel("voice", "Ready", {since: 11})]), 9);
});

test("drafts and offers are not in hand", () => {
    const work = Object.fromEntries(
        ["Chatting", "Invited"].map((state, id) => [id, {channel: "chat", state}]),
    ) as unknown as typeof EMPTY.work;
    const channels = [channel("chat", "Ready", {capacity: 3})];
    const load = loadOf({work, channels});
    assert.deepEqual(load.chat, {used: 1, capacity: 3});
    assert.deepEqual(load.email, {used: 0, capacity: null});
});
