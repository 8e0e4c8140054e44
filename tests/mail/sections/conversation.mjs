// A customer and an agent write to each other: what comes in, how it is shown, what goes out, and what belongs together.

import assert from "node:assert/strict";

import {step} from "../../interop/lib/center.mjs";
import {gets, lettersOf, sends} from "../lib/post.mjs";
import {until} from "../lib/servers.mjs";

const EVE = "eve@customer.test";
const SUBJECT = "Où est ma commande? 注文 №1";
/** A GIF of one point. */
const POINT = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
const INVOICE = Buffer.from(`%PDF-1.4\n${"facture ".repeat(5_000)}\n%%EOF\n`);

const bare = messageId => messageId?.replace(/^<|>$/g, "");

async function arrives(kate) {
    const began = Date.now();
    const messageId = await sends({
        from: {name: "Ève Dürr", address: EVE},
        to: "support@center.test",
        subject: SUBJECT,
        text: "Bonjour, où est ma commande?",
        html: '<p onclick="alert(1)">Bonjour, <b>où</b> est ma commande?</p><script>alert(2)</script><img src="cid:point@eve">',
        attachments: [
            {filename: "point.gif", content: POINT, cid: "point@eve", contentDisposition: "inline"},
            {filename: "facture été.pdf", content: INVOICE, contentType: "application/pdf"},
        ],
    });
    const letter = await kate.accepts(SUBJECT);
    step(`a customer's letter is offered to kate, accepted and read (${Date.now() - began} ms after it was written)`);
    assert.equal(letter.messageId, messageId);
    assert.equal(letter.interactionSubType, "InboundNew");
    assert.equal(letter.from, EVE);
    assert.match(letter.bodyAsPlainText, /Bonjour, où est ma commande\?/);
    assert.match(letter.body, /<b>où<\/b>/);
    assert.doesNotMatch(letter.body, /script|alert|onclick/);
    const [point, invoice] = letter.attachments;
    assert.deepEqual([point.name, point.inline, invoice.name, invoice.inline], ["point.gif", true, "facture été.pdf", false]);
    assert.ok(letter.body.includes(point.uri), letter.body);
    assert.ok((await kate.download(point.uri)).bytes.equals(POINT));
    assert.ok((await kate.download(invoice.uri)).bytes.equals(INVOICE));
    assert.ok((await kate.download(letter.rawUri)).bytes.includes(messageId));
    step("its HTML is clean, its image and its file are as they were sent, names and charset intact");
    return letter;
}

async function isAnswered(kate, letter) {
    const draft = await kate.replies(letter.id, {
        quoteOriginal: true,
        replyToStartLine: "Vous avez écrit:",
        body: "<p>Elle arrive demain — promis.</p>",
        bodyAsPlainText: "Elle arrive demain — promis.",
    });
    const terms = Buffer.from(Array.from({length: 70_000}, (_, index) => (index * 31) % 256));
    await kate.attaches(draft.id, "conditions générales.bin", "application/octet-stream", terms);
    const sent = await kate.sendsOff(draft.id, {queueName: "support"});
    step("kate's reply goes from Sending to Sent");
    const reply = await gets(EVE, "the reply", one => one.subject === `Re: ${SUBJECT}`);
    const {messageId} = await kate.reads(sent.id);
    assert.equal(bare(reply.messageId), messageId);
    assert.equal(bare(reply.inReplyTo), letter.messageId);
    assert.deepEqual([reply.references].flat().map(bare), [letter.messageId]);
    assert.deepEqual(reply.from.value, [{address: "support@center.test", name: "Zentrum für Hilfe"}]);
    assert.match(reply.text, /Elle arrive demain — promis\.\s+Vous avez écrit:\s+> Bonjour, où est ma commande\?/);
    assert.match(reply.html, /<blockquote>/);
    assert.doesNotMatch(reply.raw, /127\.0\.0\.1:\d+\/api|localhost:\d+\/api/, "no address of ours leaves");
    const attached = reply.attachments.find(one => one.filename === "conditions générales.bin");
    assert.ok(attached?.content.equals(terms), JSON.stringify(reply.attachments.map(one => one.filename)));
    step("the customer's mailbox has it: threaded, signed, quoted, its file intact");
    return {id: sent.id, reply};
}

async function goesOn(kate, letter, {id, reply}) {
    const subject = "Re: quite another subject";
    await sends({from: EVE, to: "support@center.test", subject, text: "Merci!", inReplyTo: reply.messageId, references: reply.messageId});
    const answer = await kate.accepts(subject);
    assert.deepEqual(
        [answer.interactionSubType, answer.parentId, answer.threadId],
        ["InboundCustomerReply", id, letter.threadId],
    );
    step("the customer's answer belongs to the reply and to its thread, whatever its subject");
    await kate.does(answer.id, "Complete");
    await kate.does(letter.id, "Complete");
}

/** Whoever names a letter that they neither wrote nor got, or a Message-ID that looks like ours, joins nothing. */
async function strangersDoNotJoin(kate, letter, {reply}) {
    const forged = reply.messageId.replace(/[^<.@](?=[.@])/, one => (one === "a" ? "b" : "a"));
    assert.notEqual(forged, reply.messageId);
    for (const [index, named] of [`<${letter.messageId}>`, forged].entries()) {
        const text = `Let me in, ${index}`;
        await sends({from: "mallory@customer.test", to: "support@center.test", subject: `Re: ${SUBJECT}`, text, inReplyTo: named, references: named});
        const stranger = await kate.accepts(`Re: ${SUBJECT}`);
        assert.match(stranger.bodyAsPlainText, new RegExp(text));
        assert.deepEqual([stranger.interactionSubType, stranger.parentId, stranger.threadId], ["InboundNew", null, stranger.id]);
        const facts = await kate.factsOf(stranger.id);
        assert.ok(facts.some(({fact, how}) => fact === "Threaded" && how), JSON.stringify(facts));
        await kate.does(stranger.id, "Complete");
    }
    step("a stranger with the same subject and another's or a forged reference does not join");
}

/** A mail program that drops In-Reply-To and References. */
async function tokens(kate) {
    await sends({from: EVE, to: "care@center.test", subject: "A token", text: "First"});
    const letter = await kate.accepts("A token");
    const draft = await kate.replies(letter.id, {body: "<p>Answer here</p>", bodyAsPlainText: "Answer here"});
    await kate.sendsOff(draft.id, {queueName: "support"});
    const reply = await gets(EVE, "the reply with a token", one => one.subject === "Re: A token");
    const [{address}] = reply.replyTo.value;
    assert.match(address, /^care\+.+@center\.test$/);
    await sends({from: "eve.at.home@customer.test", to: address, subject: "No references", text: "From elsewhere"});
    const answer = await kate.accepts("No references");
    assert.deepEqual([answer.parentId, answer.threadId], [draft.id, letter.id]);
    step("an answer to the address with a token belongs to the thread without any reference");
    await kate.does(answer.id, "Complete");
    await kate.does(letter.id, "Complete");
}

/** What is watched is told at once: far less than the 5 s between looks at a folder that is not. */
async function isQuick(kate) {
    const took = [];
    for (let index = 0; index < 3; index += 1) {
        const began = Date.now();
        await sends({from: EVE, to: "support@center.test", subject: `Quick ${index}`, text: "?"});
        const letter = await kate.accepts(`Quick ${index}`);
        took.push(Date.now() - began);
        await kate.does(letter.id, "Complete");
    }
    step(`a letter is at the agent's by IDLE: ${took.join(", ")} ms from SMTP to Accept`);
    const flagged = async () => (await lettersOf("support@center.test")).every(({flags}) => flags.has("\\Seen"));
    await until("everything taken in is flagged", flagged);
}

export async function conversation({kate}) {
    const letter = await arrives(kate);
    const answered = await isAnswered(kate, letter);
    await goesOn(kate, letter, answered);
    await strangersDoNotJoin(kate, letter, answered);
    await tokens(kate);
    await isQuick(kate);
    // A control: the look into a mailbox finds out that there is nothing.
    const none = await gets("otto@customer.test", "nothing", () => true, 500).catch(error => error);
    assert.match(String(none), /not within/);
    step("a letter that nobody sent is reported as missing");
}
