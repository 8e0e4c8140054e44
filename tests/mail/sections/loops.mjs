// Programs that answer programs: mailboxes that acknowledge, and one at the customer's that answers everything and does not say that it is a program.

import assert from "node:assert/strict";

import {step} from "../../interop/lib/center.mjs";
import {gets, lettersOf, sends} from "../lib/post.mjs";

const [FIRST, SECOND] = ["first@center.test", "second@center.test"];
const [EVE, OTTO, MALLORY] = ["eve@customer.test", "otto@customer.test", "mallory@customer.test"];

const isAcknowledgement = one => one.headers.get("auto-submitted") === "auto-replied";

async function acknowledgementsTo(address) {
    return (await lettersOf(address)).filter(isAcknowledgement).length;
}

async function customers(sam) {
    for (const subject of ["Loop for once", "Loop for twice"]) {
        await sends({from: OTTO, to: FIRST, subject, text: "?"});
        await sam.waiting("answered", subject);
    }
    const answer = await gets(OTTO, "an acknowledgement", isAcknowledgement);
    assert.equal(answer.subject, "We have your message");
    assert.match(answer.raw, /^Return-Path: <>/im);
    step("a customer's letter is acknowledged, as by a program and from nobody");
}

async function answerer(sam) {
    await sends({from: MALLORY, to: FIRST, subject: "Loop of a program", text: "?"});
    const {messageId} = await gets(MALLORY, "an acknowledgement", isAcknowledgement);
    for (const subject of ["Loop answer", "Loop again"]) {
        await sends({from: MALLORY, to: FIRST, subject, text: "I am away.", inReplyTo: messageId, references: messageId});
        const [received] = await sam.waiting("answered", subject);
        const facts = await sam.factsOf(received.id);
        assert.ok(facts.some(({fact}) => fact === "NotAcknowledged"), JSON.stringify(facts));
    }
}

/** As if the first had written to the second, of another contact center. */
async function amongThemselves(sam) {
    await sends({from: FIRST, to: SECOND, subject: "Loop", text: "Who answers?"});
    await gets(FIRST, "the other's acknowledgement", isAcknowledgement);
    const [received] = await sam.waiting("answered", "We got it");
    const facts = await sam.factsOf(received.id);
    assert.ok(facts.some(({fact}) => fact === "NotAcknowledged"), JSON.stringify(facts));
}

export async function loops({sam}) {
    await customers(sam);
    await answerer(sam);
    await amongThemselves(sam);
    // Whatever was answered to the above went before these.
    for (const to of [FIRST, SECOND]) {
        const subject = to === FIRST ? "We have your message" : "We got it";
        await sends({from: EVE, to, subject: "Loop is over", text: "?"});
        await gets(EVE, "the acknowledgement of what came last", one => isAcknowledgement(one) && one.subject === subject);
    }
    assert.equal(await acknowledgementsTo(OTTO), 1);
    assert.equal(await acknowledgementsTo(MALLORY), 1);
    step("a customer, and a program that answers everything, gets one acknowledgement and no more that day");
    assert.deepEqual([await acknowledgementsTo(FIRST), await acknowledgementsTo(SECOND)], [1, 0]);
    step("two mailboxes that acknowledge do not go on answering each other");
}
