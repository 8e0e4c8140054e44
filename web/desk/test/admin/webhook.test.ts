import assert from "node:assert/strict";
import {test} from "node:test";
import {Center} from "../../src/admin/center.ts";
import {refusedFault} from "../../src/admin/faults.ts";
import {Editing} from "../../src/admin/editing.ts";
import {KINDS} from "../../src/admin/kinds.ts";
import {eventNames, Webhook} from "../../src/admin/webhook.ts";
import type {Answer} from "../../src/api/http.ts";
import {adminTextsOf} from "../../src/texts/admin.ts";

const own = adminTextsOf("en");
const SHOWN = {
    id: "w", name: "crm", url: "https://crm.example/hook", enabled: false,
    events: ["interaction.queued"], queues: [], secrets: 2,
    previousSecretUntil: "2026-12-01 12:00:00.000+0000", state: "Failing", lastDelivered: null,
    failingSince: "2026-11-30 12:00:00.000+0000", lastError: "timed out", position: 123,
    heldBack: 4, version: 3,
};

/** A server with one webhook; it keeps what was asked. */
class Server {
    readonly asked: [method: string, path: string, body?: unknown][] = [];
    answer: Answer = {};

    async get(path: string): Promise<Answer> {
        this.asked.push(["GET", path]);
        return {statusCode: 0, webhook: SHOWN, ...this.answer};
    }

    async post(path: string, body: unknown): Promise<Answer> {
        this.asked.push(["POST", path, body]);
        return {statusCode: 0, ...this.answer};
    }

    put = this.post;

    delete(): Promise<Answer> {
        return Promise.resolve({});
    }
}

test("a webhook is read and changed as a form", () => {
    const {read, body, faults} = KINDS.webhooks;
    const form = read(SHOWN);
    assert.deepEqual(form, {
        name: "crm", url: "https://crm.example/hook", events: ["interaction.queued"], queues: [],
        isTold: false,
    });
    assert.deepEqual(body({...form, isTold: true}, ["isTold"]), {enabled: true});
    assert.deepEqual(body(form, ["url", "queues"]), {url: form.url, queues: []});
    assert.deepEqual(
        faults({...form, name: " ", url: ""}, true).map(({at, says}) => [at, says(own)]),
        [["name", own.nameMissing], ["url", own.addressMissing]]);
});

test("what the server says of an address or an event stands at it", () => {
    const fields = Object.keys(KINDS.webhooks.begin());
    for (const fault of ["is no address, expected such as https://crm.example.com/handoff",
        "begins with https://", "names no server", "has 2048 bytes at most"]) {
        const sentence = `The webhook cannot be so: its url ${fault}; correct it.`;
        assert.equal(refusedFault(sentence, fields).at, "url", fault);
    }
    const unknown = 'there is no event "x"; GET /webhook-events lists them; correct it.';
    assert.equal(refusedFault(`The webhook cannot be so: ${unknown}`, fields).at, "events");
});

test("the secret of a new one comes with it, this once", async () => {
    const server = new Server();
    server.answer = {id: "w", secret: "whsec_1"};
    const editing = new Editing(KINDS.webhooks, new Center(server), null);
    Object.assign(editing.form.value, {name: "crm", url: "https://crm.example/hook"});
    assert.deepEqual(await editing.save(), {kind: "made", id: "w", secret: "whsec_1"});
    assert.deepEqual(server.asked[0], ["POST", "webhooks", {
        name: "crm", url: "https://crm.example/hook", events: [], queues: [], enabled: true,
    }]);
});

test("how it is doing is read, and what can be done with it is asked for", async () => {
    const server = new Server();
    const webhook = new Webhook(server, "w/1");
    assert.deepEqual(await webhook.state(), {
        state: "Failing", lastDelivered: null, failingSince: Date.UTC(2026, 10, 30, 12),
        lastError: "timed out", heldBack: 4, previousSecretUntil: Date.UTC(2026, 11, 1, 12),
    });
    server.answer = {deliveries: [{
        messageId: "m", event: "interaction.queued", interactionId: null, position: null,
        at: "2026-11-30 12:00:00.000+0000", attempt: 2, outcome: "Failed", status: 503,
        durationMs: 31, error: "refused", nextAttempt: "2026-11-30 12:01:00.000+0000",
    }]};
    assert.deepEqual(await webhook.deliveries(), [{
        messageId: "m", event: "interaction.queued", interactionId: null, position: null,
        at: Date.UTC(2026, 10, 30, 12), attempt: 2, outcome: "Failed", status: 503, durationMs: 31,
        error: "refused", nextAttempt: Date.UTC(2026, 10, 30, 12, 1),
    }]);
    server.answer = {messageId: "msg_test_1", secret: "whsec_2", events: ["interaction.opened", 7]};
    assert.equal(await webhook.test(), "msg_test_1");
    assert.equal(await webhook.rotateSecret(false), "whsec_2");
    assert.equal(await webhook.rotateSecret(true), "whsec_2");
    await webhook.replay({since: Date.UTC(2026, 10, 30, 12)});
    await webhook.replay({position: 1417});
    assert.deepEqual(await eventNames(server), ["interaction.opened"]);
    assert.deepEqual(server.asked.slice(2), [
        ["POST", "webhooks/w%2F1", {operationName: "Test"}],
        ["POST", "webhooks/w%2F1", {operationName: "RotateSecret"}],
        ["POST", "webhooks/w%2F1", {operationName: "RotateSecret", lost: true}],
        ["POST", "webhooks/w%2F1", {operationName: "Replay", since: "2026-11-30T12:00:00.000Z"}],
        ["POST", "webhooks/w%2F1", {operationName: "Replay", from: 1416}],
        ["GET", "webhook-events"],
    ]);
});
