// What has to be looked at before it goes out.

import assert from "node:assert/strict";

import {step} from "../../interop/lib/center.mjs";
import {gets, lettersOf, sends} from "../lib/post.mjs";

const OTTO = "otto@customer.test";

export async function review({ben, sam}) {
    await ben.begin();
    await sends({from: OTTO, to: "reviewed@center.test", subject: "Review", text: "May I?"});
    const letter = await ben.accepts("Review");
    const draft = await ben.replies(letter.id, {body: "<p>You may</p>", bodyAsPlainText: "You may"});
    await ben.does(draft.id, "Send", {queueName: "reviewed"});
    await ben.sees(draft.id, "Completed");
    const waiting = await ben.reads(draft.id);
    assert.equal(waiting.currentQueue, "review");
    assert.equal((await lettersOf(OTTO)).filter(one => one.subject === "Re: Review").length, 0);
    step("ben's Send goes to the queue for reviews, and to nobody else");

    await sam.begin();
    const offer = await sam.notified("the draft", data => data.id === draft.id && data.state === "Invited");
    assert.equal(offer.subject, "Re: Review");
    await sam.does(draft.id, "Accept");
    await sam.sees(draft.id, "Composing");
    await sam.sendsOff(draft.id, {queueName: "reviewed"});
    const reply = await gets(OTTO, "what was reviewed", one => one.subject === "Re: Review");
    assert.equal(reply.from.value[0].address, "reviewed@center.test");
    step("sam accepts it, sends it, and the customer has it");
    await ben.does(letter.id, "Complete");
    for (const agent of [ben, sam]) {
        await agent.me("EndContactCenterSession");
        await agent.disconnect();
    }
}
