// The next mail server is away when something is sent, and is back within the minute after which it is tried again.

import assert from "node:assert/strict";

import {step} from "../../interop/lib/center.mjs";
import {gets, lettersOf, sends} from "../lib/post.mjs";
import {postfix, until} from "../lib/servers.mjs";

const [EVE, SUBJECT] = ["eve@customer.test", "Patience"];
/** The first rest is a minute and up to a tenth more; the outbox looks at it then. */
const REST_MS = 70_000;

let draft;

export async function begin({kate}) {
    await sends({from: EVE, to: "support@center.test", subject: SUBJECT, text: "Take your time."});
    const letter = await kate.accepts(SUBJECT);
    ({id: draft} = await kate.replies(letter.id, {body: "<p>Later</p>", bodyAsPlainText: "Later"}));
    await postfix.stop();
    await kate.does(draft, "Send", {queueName: "support"});
    await kate.sees(draft, "Sending");
    const deferred = async () => (await kate.factsOf(draft)).find(({fact}) => fact === "DeliveryDeferred");
    const {attempt} = await until("the mail is put off", deferred);
    assert.equal(attempt, 1);
    assert.equal((await kate.reads(draft)).state, "Sending");
    await postfix.start();
    await kate.does(letter.id, "Complete");
    step("the mail server is away: the mail waits, and its history says until when");
}

export async function end({kate}) {
    await kate.notified("the mail sent", data => data.id === draft && data.state === "Sent").catch(() => null);
    const isSent = async () => (await kate.reads(draft)).state === "Sent";
    await until("the mail is sent", isSent, {bound: REST_MS, pause: 500});
    await gets(EVE, "the mail", one => one.subject === `Re: ${SUBJECT}`);
    assert.equal((await lettersOf(EVE)).filter(one => one.subject === `Re: ${SUBJECT}`).length, 1);
    step("the mail server is back: the mail is sent, once, also though the program was killed meanwhile");
}
