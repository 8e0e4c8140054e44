// A letter that is sent: by the queue that is asked for, whole, and with what is to come after it.

import assert from "node:assert/strict";
import {test} from "node:test";
import {createApp, effectScope, shallowRef} from "vue";
import {Announcer} from "../src/app/announcer.ts";
import {contextKey, deskKey, type Context, type OpenDesk} from "../src/app/context.ts";
import {readInteraction} from "../src/api/interaction.ts";
import {DEFAULTS} from "../src/app/settings.ts";
import type {Intent} from "../src/api/outbox.ts";
import type {Saving} from "../src/letters/saving.ts";
import {useSending, type Sending} from "../src/letters/sending.ts";
import {EMPTY} from "../src/state/model.ts";
import {turns} from "./state/stage.ts";

Object.defineProperty(globalThis, "navigator", {value: {languages: ["en"]}, configurable: true});

/** A form with an open draft. */
class Form {
    /** Whether the server says by which queue letters go. */
    answers = true;
    /** Whether the browser keeps anything. */
    keeps = true;
    readonly kept: Intent[][] = [];
    isLeaving = false;
    readonly state = shallowRef({...EMPTY, connection: {kind: "live" as const}});
    readonly sending: Sending;
    readonly settings = {chosen: {...DEFAULTS}};

    constructor({answers = true} = {}) {
        this.answers = answers;
        const read = {id: "draft", channel: "email", state: "Composing", parentId: "original"};
        const draft = readInteraction(read);
        assert.ok(draft);
        this.state.value = {...this.state.value, work: {draft, original: {...draft, id: "original"}}};
        const app = createApp({});
        const api = {
            get: async (path: string) => {
                if (!this.answers) {
                    throw new Error("no answer");
                }
                return path.startsWith("settings")
                    ? {settings: [{name: "email.outbound-queue", value: "out"}]}
                    : {queues: [{reviewQueue: "looked at"}]};
            },
        };
        const announcer = {say: () => {}} as unknown as Announcer;
        app.provide(contextKey, {api, announcer, settings: this.settings} as unknown as Context);
        const desk = {
            keep: async (...intents: Intent[]) => {
                if (!this.keeps) {
                    throw new Error("full");
                }
                this.kept.push(intents.filter((one) => one !== undefined));
                return "key";
            },
        };
        const open = {desk, state: this.state} as unknown as OpenDesk;
        app.provide(deskKey, open);
        const saving = {
            other: shallowRef(null),
            known: () => ({told: "told", sent: []}),
            leave: () => {
                this.isLeaving = true;
                return {subject: "Re: it"};
            },
            stay: () => {
                this.isLeaving = false;
            },
        } as unknown as Saving;
        const sending = effectScope().run(() =>
            app.runWithContext(() => useSending(() => draft, saving)));
        assert.ok(sending);
        this.sending = sending;
    }
}

test("a letter never goes without its queue because nobody answered which that is", async () => {
    const form = new Form({answers: false});
    await turns();
    await form.sending.send({}, "stays");
    assert.equal(form.kept.length, 0);
    assert.equal(form.isLeaving, false, "it is written on");
    assert.equal(form.sending.refusal.value, "the server did not answer.");
    form.answers = true;
    await form.sending.send({}, "stays");
    assert.equal(form.kept[0]?.[0]?.fields["queueName"], "out");
    assert.equal(form.sending.outbound.value?.review, "looked at");
    assert.equal(form.sending.refusal.value, "");
});

test("by which queue it goes is asked again once there is a connection", async () => {
    const form = new Form({answers: false});
    await turns();
    form.answers = true;
    const lost = {kind: "lost" as const, since: 0, why: "offline" as const, nextTryAt: null};
    form.state.value = {...form.state.value, connection: lost as never};
    await turns();
    assert.equal(form.sending.outbound.value?.queue, "out");
});

test("a letter and what is to be completed after it are kept together, or neither is", async () => {
    const form = new Form();
    await form.sending.send({}, "completes");
    const [send, complete] = form.kept[0] ?? [];
    assert.deepEqual([send?.operationName, complete?.operationName], ["Send", "Complete"]);
    assert.equal(complete?.interactionId, "original");
    assert.deepEqual(send?.known, {told: "told", sent: []});
    const full = new Form();
    full.keeps = false;
    await full.sending.send({}, "completes");
    assert.equal(full.isLeaving, false);
    assert.match(full.sending.refusal.value, /^Not sent/);
});

test("a letter waits so long as was chosen, and what would complete its original does not", async () => {
    const form = new Form();
    await form.sending.send({}, "stays");
    assert.equal(form.kept[0]?.[0]?.fields["delay"], DEFAULTS.undoSeconds);
    form.settings.chosen.undoSeconds = 0;
    await form.sending.send({}, "stays");
    form.settings.chosen.undoSeconds = 60;
    await form.sending.send({}, "completes");
    const later = form.kept.slice(1).map(([send]) => Object.keys(send?.fields ?? {}));
    assert.ok(later.every((fields) => !fields.includes("delay")));
});
