// Mail that cannot be delivered: refused at once, and reported later.

import assert from "node:assert/strict";

import {step} from "../../interop/lib/center.mjs";
import {gets, sends} from "../lib/post.mjs";

const OTTO = "otto@customer.test";

async function drafts(kate, subject) {
    await sends({from: OTTO, to: "support@center.test", subject, text: "Write to me elsewhere."});
    const letter = await kate.accepts(subject);
    const draft = await kate.replies(letter.id, {body: "<p>Here</p>", bodyAsPlainText: "Here"});
    return {letter, draft};
}

async function refusedAtOnce(kate) {
    const {letter, draft} = await drafts(kate, "Nobody there");
    await kate.does(draft.id, "Send", {queueName: "support", email: {to: ["nobody@customer.test"]}});
    await kate.sees(draft.id, "Sending");
    const back = await kate.notified("an Error", data => data.id === draft.id && data.notificationType === "Error");
    assert.equal(back.state, "Composing");
    assert.match(JSON.stringify(back), /nobody@customer\.test: 550/);
    step("an address that the customer's server refuses brings the draft back with what it said");
    const before = (await kate.reads(draft.id)).messageId;
    await kate.does(draft.id, "Send", {queueName: "support", email: {to: [OTTO]}});
    await kate.sees(draft.id, "Sent");
    const reply = await gets(OTTO, "the corrected reply", one => one.subject === "Re: Nobody there");
    assert.notEqual(reply.messageId, `<${before}>`);
    assert.deepEqual(reply.to.value.map(({address}) => address), [OTTO]);
    step("corrected, it is sent as a new message");
    await kate.does(letter.id, "Complete");
}

async function reportedLater(kate) {
    const {letter, draft} = await drafts(kate, "Gone later");
    await kate.sendsOff(draft.id, {queueName: "support", email: {to: ["gone@direct.test"]}});
    const offer = await kate.notified("the report", data => data.state === "Invited" && data.interactionSubType === "InboundNDR");
    await kate.does(offer.id, "Accept");
    await kate.sees(offer.id, "Processing");
    const report = await kate.reads(offer.id);
    assert.deepEqual([report.parentId, report.threadId], [draft.id, letter.threadId]);
    const [{address, action, status}] = report.report.recipients;
    assert.deepEqual([address, action, status?.[0]], ["gone@direct.test", "failed", "5"]);
    step("a report that Postfix writes later belongs to the mail that it is about, and says who did not get it");
    await kate.does(offer.id, "Complete");
    await kate.does(letter.id, "Complete");
}

export async function bounces({kate}) {
    await refusedAtOnce(kate);
    await reportedLater(kate);
}
