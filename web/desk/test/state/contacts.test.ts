// What is listed stands under its contact's name once that is known, and a name is read once.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction, type Interaction} from "../../src/api/interaction.ts";
import {nameOf} from "../../src/state/lists.ts";
import {EMPTY, type DeskState} from "../../src/state/model.ts";
import {reduce} from "../../src/state/reduce.ts";
import {FakeServer} from "./fake-server.ts";
import {Stage, Time} from "./stage.ts";

function letter(id: string, fields: Record<string, unknown> = {}): Interaction {
    const interaction = readInteraction({
        id, channel: "email", direction: "Inbound", state: "Processing", contactId: "jonas",
        from: "jonas@falk.example", subject: "Invoice",
        receivedDate: "2026-11-29 14:00:00.000+0000", ...fields,
    });
    assert.ok(interaction);
    return interaction;
}

function isCalled(state: DeskState, name: string | null): DeskState {
    return reduce(state, {type: "contactRead", contactId: "jonas", name});
}

const STATE: DeskState = {
    ...EMPTY,
    work: {a: letter("a"), b: letter("b", {contactId: null})},
    parked: {bin: [letter("c")]},
    queued: [letter("d")],
};

test("all of a contact's has their name in every list, and what is another's has not", () => {
    const state = isCalled(STATE, "Jonas Falk");
    const {a, b} = state.work;
    const all = [a, b, state.parked["bin"]?.[0], state.queued[0]];
    assert.deepEqual(all.map((one) => one && nameOf(one)), [
        "Jonas Falk", "jonas@falk.example", "Jonas Falk", "Jonas Falk",
    ]);
    assert.equal(b, STATE.work["b"], "what did not change is what it was");
});

test("what comes later has the name, also what is read anew", () => {
    const known = isCalled({...STATE, queued: []}, "Jonas Falk");
    const {queued: [one]} = reduce(known, {type: "queuesRead", interactions: [letter("e")]});
    assert.equal(one && nameOf(one), "Jonas Falk");
});

test("a name that could not be read leaves what was known, and one that nobody knows does not", () => {
    const known = isCalled(STATE, "Jonas Falk");
    assert.equal(isCalled(known, null).contactNames["jonas"], "Jonas Falk");
    const {a} = isCalled(known, "").work;
    assert.equal(a && nameOf(a), "jonas@falk.example");
    assert.equal("jonas" in isCalled(STATE, null).contactNames, false, "it is read again later");
});

test("a name is read once however much of it is shown, and nothing rests on it", async () => {
    const stage = new Stage(new FakeServer(), new Time());
    const {desk, server} = stage;
    server.contacts.set("jonas", "Jonas Falk");
    const reads: string[] = [];
    const answer = server.answer.bind(server);
    server.answer = (method, path, body, key) => {
        path.startsWith("ucs/") && reads.push(path);
        return answer(method, path, body, key);
    };
    desk.start();
    await stage.settle();
    for (const id of ["jonas", "jonas", "nobody"]) {
        desk.wantContact(id);
    }
    await stage.settle();
    assert.deepEqual(reads, ["ucs/contacts/jonas", "ucs/contacts/nobody"]);
    const {contactNames, contactsWanted, connection} = desk.store.state;
    assert.deepEqual(contactNames, {jonas: "Jonas Falk"});
    assert.deepEqual(contactsWanted, []);
    assert.equal(connection.kind, "live");
});
