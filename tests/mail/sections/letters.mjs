// Letters as mail programs really write them: each is delivered byte for byte, read by an admin, and some are answered by way of a relay of the oldest kind.

import assert from "node:assert/strict";

import {Caller, basic, step, succeeded} from "../../interop/lib/center.mjs";
import {Desk} from "../lib/desk.mjs";
import {ALIAS, DESK, LETTERS, OTHER, PICTURE} from "../lib/letters.mjs";
import {delivers} from "../lib/lmtp.mjs";
import {Sink} from "../lib/sink.mjs";

const OURS = [DESK, ALIAS, OTHER];
const squeezed = text => (text ?? "").replace(/\s+/g, " ").trim();
/** Tells one mailbox from another: quotes that are not needed and the case of letters do not. */
const mailbox = address => address.replace(/^"([\w.+-]*)"@/, "$1@").toLowerCase();

class Admin extends Caller {
    async letters() {
        const path = "/interactions?fields=*&limit=1000&channel=email";
        return succeeded(await this.call("GET", path), path).interactions;
    }

    async reads(id) {
        return succeeded(await this.call("GET", `/interactions/${id}?fields=*`), "GET").interaction;
    }
}

/** Delivers a letter; gives the code and what came of it. */
async function brought(admin, {name, raw, expected}) {
    const before = new Set((await admin.letters()).map(({id}) => id));
    const from = /^From: .*?<?([\w.+-]+@[\w.-]+)>?\r$/m.exec(raw.toString("latin1"))?.[1] ?? "nora@customer.test";
    const code = await delivers(raw, {sender: from, recipient: expected.recipient ?? DESK});
    assert.ok((expected.lmtp ?? ["250"]).includes(code), `${name}: ${code}`);
    const added = (await admin.letters()).filter(({id}) => !before.has(id));
    return {code, added};
}

/** Compares what an admin reads. */
async function compare(read, expected) {
    const equals = {subject: read.subject, from: read.from, text: squeezed(read.bodyAsPlainText)};
    for (const [field, found] of Object.entries(equals)) {
        if (field in expected) {
            assert.equal(found, expected[field], field);
        }
    }
    for (const part of expected.has ?? []) {
        assert.ok(read.bodyAsPlainText.includes(part), `${part} in ${read.bodyAsPlainText}`);
    }
    if (expected.files) {
        const left = [...read.attachments];
        for (const [wanted, type] of expected.files) {
            const at = left.findIndex(({name, mime}) =>
                (typeof wanted === "string" ? name === wanted : wanted.test(name)) && (type === null || mime === type));
            assert.ok(at >= 0, `${wanted} ${type} among ${JSON.stringify(left)}`);
            left.splice(at, 1);
        }
        assert.deepEqual(left, []);
    }
    if (expected.picture) {
        await seesPicture(read, expected.picture);
    }
}

async function seesPicture(read, where) {
    const shown = [...read.body.matchAll(/<img[^>]*\ssrc="([^"]+)"/g)].map(([, address]) => address);
    const addresses = where === "in the text" ? shown : [...shown, ...read.attachments.map(({uri}) => uri)];
    for (const address of addresses) {
        const headers = address.startsWith("data:") ? {} : {authorization: basic("ada")};
        const response = await fetch(address, {headers});
        if (response.ok && PICTURE.equals(Buffer.from(await response.arrayBuffer()))) {
            return;
        }
    }
    assert.fail(`the picture is not ${where}: ${read.body}`);
}

/** Answers; compares whom the relay is given. */
async function answered(lea, sink, id, operation, wanted) {
    await lea.notified(`the offer of ${id}`, data => data.id === id && data.state === "Invited");
    await lea.does(id, "Accept");
    await lea.sees(id, "Processing");
    await lea.does(id, operation, {body: "<p>Yes.</p>"});
    const draft = await lea.notified("a draft", data => data.parentId === id && data.state === "Composing");
    const [sent, told] = [sink.mails.length, sink.heard.length];
    await lea.sendsOff(draft.id);
    const mail = sink.mails[sent];
    assert.deepEqual(mail.recipients.map(mailbox).sort(), wanted.map(mailbox).sort());
    for (const [, local] of mail.recipients.map(address => /^(.*)@/.exec(address))) {
        assert.ok(/^"/.test(local) || !/^\.|\.$|\.\./.test(local), `${local} stands in quotes`);
    }
    assert.ok(!sink.heard.slice(told).some(line => /SMTPUTF8|8BITMIME/i.test(line)));
    const headers = mail.raw.toString("latin1").split("\r\n\r\n")[0];
    const [, listed] = /^To:((?:.*\r\n[ \t])*.*)/m.exec(headers);
    const copied = /^Cc:((?:.*\r\n[ \t])*.*)/m.exec(headers)?.[1] ?? "";
    assert.ok(!OURS.some(own => `${listed}${copied}`.toLowerCase().includes(own)), headers);
    assert.ok(mail.raw.every(byte => byte < 128), "nothing but ASCII goes to a relay that takes nothing else");
    assert.match(mail.raw.toString("latin1"), /Yes\./);
    await lea.does(id, "Complete");
}

/** Delivers one letter, and compares what becomes of it. */
async function checked({admin, lea, sink}, letter, known) {
    const {expected, name} = letter;
    const {code, added} = await brought(admin, letter);
    if (expected.copyOf || code !== "250") {
        assert.deepEqual(added, []);
        step(`${name}: ${expected.copyOf ? "one interaction" : "refused for good"}`);
        return;
    }
    assert.equal(added.length, 1, "one interaction");
    const read = await admin.reads(added[0].id);
    known.set(name, read);
    await compare(read, expected);
    if (expected.apartFrom) {
        assert.notEqual(read.id, known.get(expected.apartFrom).id);
    }
    if (expected.strangerTo) {
        assert.notEqual(read.contactId, known.get(expected.strangerTo).contactId);
    }
    const [operation, wanted] = expected.replyAll ? ["ReplyAll", expected.replyAll] : ["Reply", expected.replyTo];
    if (wanted) {
        await answered(lea, sink, read.id, operation, wanted);
    }
    step(name);
}

export async function letters() {
    const [admin, lea, sink] = [new Admin("ada"), new Desk("lea"), new Sink()];
    await sink.start(Number(process.env.MAIL_SINK_PORT));
    await lea.begin();
    const [known, failures] = [new Map(), []];
    for (const letter of LETTERS) {
        // All that is wrong is told at once: letters of one kind go wrong together.
        await checked({admin, lea, sink}, letter, known).catch(error => failures.push(`${letter.name}: ${error.message.slice(0, 600)}`));
    }
    await sink.stop();
    assert.deepEqual(failures, []);
}
