// What the owner offers to a colleague, and what the reader can do with work as a whole.

import assert from "node:assert/strict";
import {test} from "node:test";
import {actionsOf, type ActionName} from "../../src/actions/offered.ts";
import {whyNot} from "../../src/actions/rules.ts";
import {canTake, readTargetList} from "../../src/api/targets.ts";
import {readInteraction, type Interaction} from "../../src/api/interaction.ts";
import {readNotification} from "../../src/api/notification.ts";
import {declinedOf} from "../../src/offers/shown.ts";
import {endOf, handingOf} from "../../src/state/handing.ts";
import {EMPTY, type DeskState, type Me} from "../../src/state/model.ts";
import {textsOf} from "../../src/texts/index.ts";
import {reduce} from "../../src/state/reduce.ts";

const KATE: Me = {
    id: "k", userName: "kate", firstName: "Kate", lastName: "Lund", roles: [], groups: [],
};
const BEN = {id: "b", userName: "ben", firstName: "Ben", lastName: "Ortiz"};
const OFFER = {
    kind: "Transfer", from: {id: "k"}, to: BEN,
    at: "2026-11-29 14:00:00.000+0000", expires: "2026-11-29 14:00:30.000+0000",
};
const EXPIRES = Date.parse("2026-11-29T14:00:30Z");
const TOPIC = "/v2/me/interactions";

function message(sequence: number, fields: object): Record<string, unknown> {
    return {
        messageType: "InteractionStateMessage", notificationType: "StatusChange", sequence,
        id: "a", channel: "chat", state: "Chatting", ...fields,
    };
}

function told(messages: {at: number; fields: object}[]): DeskState {
    const begin: DeskState = {...EMPTY, me: KATE, isStale: false, lastRead: 1};
    return messages.reduce((state, {at, fields}, place) => {
        const notification = readNotification(TOPIC, message(place + 1, fields));
        return reduce(state, {type: "told", topic: TOPIC, notification, at});
    }, begin);
}

function here(state: DeskState): Interaction {
    const interaction = state.work["a"];
    assert.ok(interaction);
    return interaction;
}

test("what the owner offers stands until it is over, and its end is told by its time", () => {
    const standing = told([{at: 1, fields: {offer: OFFER}}]);
    assert.equal(handingOf(standing, here(standing))?.to.firstName, "Ben");
    const error = {notificationType: "Error", errorMessage: "The transfer did not come about."};
    for (const [at, how] of [[EXPIRES - 1, "declined"], [EXPIRES, "unanswered"]] as const) {
        const over = told([{at: 1, fields: {offer: OFFER}}, {at, fields: error}]);
        assert.equal(handingOf(over, here(over)), null);
        assert.equal(endOf(over, here(over))?.how, how);
        const seen = reduce(over, {type: "dismissed", interactionId: "a"});
        assert.equal(endOf(seen, here(seen)), null);
    }
});

test("what somebody else offers is nobody's handing over", () => {
    const theirs = told([{at: 1, fields: {offer: {...OFFER, from: {id: "x"}, to: {id: "k"}}}}]);
    assert.equal(handingOf(theirs, here(theirs)), null);
    const routed = told([{at: 1, fields: {offer: {...OFFER, from: null}}}]);
    assert.equal(handingOf(routed, here(routed)), null);
});

test("who took what was handed over is named, unless the owner did something else with it", () => {
    const goes = (fields: object) =>
        told([{at: 1, fields: {offer: OFFER}}, {at: 2, fields: {state: "Completed", ...fields}}])
            .departures[0]?.to;
    assert.equal(goes({})?.id, "b");
    assert.equal(goes({referenceId: 7}), null);
    const invited = told([
        {at: 1, fields: {offer: {...OFFER, kind: "Invite"}}},
        {at: 2, fields: {state: "Completed"}},
    ]);
    assert.equal(invited.departures[0]?.to, null);
});

function of(fields: object, where: "mine" | "parked" | "elsewhere" = "mine"): ActionName[] {
    const interaction = readInteraction({id: "a", channel: "email", state: "Processing", ...fields});
    assert.ok(interaction);
    return actionsOf({
        ...EMPTY,
        work: where === "mine" ? {a: interaction} : {},
        parked: where === "parked" ? {bin: [interaction]} : {},
    }, interaction);
}

test("only what the server allows is offered", () => {
    const all = ["Transfer", "PlaceInQueue", "PlaceInWorkbin", "SplitFromThread", "Complete"];
    const letter = {operations: all, currentQueue: "mail", threadId: "first"};
    assert.deepEqual(of(letter), [
        "transfer", "park", "toQueue", "split", "print", "copyLink", "complete",
    ]);
    // It begins its thread already.
    assert.ok(!of({...letter, threadId: "a"}).includes("split"));
    assert.ok(!of({...letter, currentQueue: null}).includes("toQueue"));
    assert.deepEqual(of(letter, "parked"), ["take", "print", "copyLink"]);
    assert.deepEqual(of(letter, "elsewhere"), ["print", "copyLink"]);
    assert.deepEqual(of({...letter, state: "Invited"}), ["print", "copyLink"]);
});

test("a chat that is over leaves a letter to be written, and whoever was invited can leave", () => {
    const chat = {channel: "chat"};
    assert.ok(of({...chat, state: "LeftChat", operations: ["Complete"]}).includes("writeLetter"));
    const invited = of({...chat, state: "Chatting", operations: ["Leave"]});
    assert.deepEqual(invited, ["print", "copyLink", "leave"]);
    const owner = of({...chat, state: "Chatting", operations: ["Leave", "Complete", "Consult"]});
    assert.deepEqual(owner, ["invite", "print", "copyLink", "complete"]);
});

test("an offer that the reader declined is told from one that somebody else took away", () => {
    const offered = {state: "Invited", offer: {...OFFER, kind: "Routed", from: null, to: {id: "k"}}};
    const ended = (fields: object) =>
        told([{at: 1, fields: offered}, {at: 2, fields: {state: "Revoked", ...fields}}]);
    assert.equal(declinedOf(ended({referenceId: 4})).length, 1);
    assert.equal(declinedOf(ended({})).length, 0);
});

test("targets are read as the server tells them, with why somebody cannot take it", () => {
    const channelState = {channel: "chat", userState: {state: "NotReady", reason: "Lunch"}};
    const able = {kind: "User", user: BEN, channelState: {}, used: 2, capacity: 3, able: true};
    const [ben, full, lunch, queue, ...others] = readTargetList([
        able,
        {...able, used: 3, able: false, rule: "Full"},
        {...able, channelState, able: false, rule: "NotReady"},
        {kind: "Queue", queue: {id: "q", name: "billing"}, waiting: 4, able: 2},
        {kind: "Robot"},
    ]);
    assert.ok(ben?.kind === "User" && full?.kind === "User" && lunch?.kind === "User");
    assert.ok(canTake(ben) && !canTake(full) && !canTake(lunch));
    assert.equal(whyNot(full, textsOf("en")), "No room: 3 of 3");
    assert.equal(whyNot(lunch, textsOf("en")), "Not ready: Lunch");
    assert.deepEqual(queue, {kind: "Queue", id: "q", name: "billing", waiting: 4, able: 2});
    assert.ok(queue !== undefined && canTake(queue));
    assert.deepEqual(others, []);
});
