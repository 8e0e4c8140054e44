// A relay that cannot, will not yet or never will take a mail.

import assert from "node:assert/strict";

import {step} from "../../interop/lib/center.mjs";
import {DESK} from "../lib/letters.mjs";
import {delivers} from "../lib/lmtp.mjs";
import {Desk} from "../lib/desk.mjs";
import {Sink} from "../lib/sink.mjs";
import {until} from "../lib/servers.mjs";

const NORA = "nora@customer.test";
/** A mail goes out again after a second here (handoff.toml). */
const LATER = 30_000;

/** A new letter and lea's draft in answer to it. */
async function drafted(lea, subject) {
    const raw = `From: ${NORA}\r\nTo: ${DESK}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(" ", ".")}@customer.test>\r\n\r\n?\r\n`;
    assert.equal(await delivers(Buffer.from(raw), {sender: NORA, recipient: DESK}), "250");
    const letter = await lea.accepts(subject);
    return lea.replies(letter.id, {body: "<p>Schöne Grüße</p>"});
}

const factsNamed = async (lea, id, name) => (await lea.factsOf(id)).filter(({fact}) => fact === name);

/** Refuses for now, in every class and at every step; the same mail goes out later, once. */
async function putsOff(lea, sink) {
    const moods = [
        ["greylisting", [["RCPT", "450 4.7.1 come back later"], ["RCPT", "451 4.7.1 not yet"]]],
        ["no room", [["MAIL", "452 4.3.1 no room"]]],
        ["an error of its own", [["DATA", "451 4.3.0 try again"]]],
        ["a restart", [["MAIL", "421 4.3.2 restarting"], ["MAIL", "421 4.3.2 restarting"]]],
    ];
    for (const [name, answers] of moods) {
        const draft = await drafted(lea, `Relay with ${name}`);
        const before = sink.mails.length;
        sink.moods.push(...answers);
        await lea.does(draft.id, "Send");
        await until(`the mail in spite of ${name}`, () => sink.mails.length > before, {bound: LATER});
        await lea.sees(draft.id, "Sent");
        assert.equal(sink.mails.length, before + 1, name);
        assert.deepEqual(sink.mails[before].recipients, [NORA]);
        assert.ok((await factsNamed(lea, draft.id, "DeliveryDeferred")).length > 0, name);
        assert.ok(sink.mails[before].raw.every(byte => byte < 128), "text outside ASCII is encoded for a relay of seven bits");
        step(`${name}: the mail goes out later, once`);
    }
}

/** Refuses for good, or says beforehand that it would. */
async function refuses(lea, sink) {
    const draft = await drafted(lea, "Relay that refuses");
    sink.moods.push(["RCPT", "550 5.1.1 nobody has that address"]);
    await lea.does(draft.id, "Send");
    const back = await lea.notified("the draft again", data => data.id === draft.id && data.notificationType === "Error");
    assert.match(back.errorMessage, /550 5\.1\.1/);
    step("what is refused for good comes back as a draft that says why");

    await lea.attaches(draft.id, "large.bin", "application/octet-stream", Buffer.alloc(20_000, 1));
    // A connection that is kept knows the old bound.
    sink.abilities = ["SIZE 10000"];
    sink.moods.push(["MAIL", "421 restarting"]);
    const [mails, heard] = [sink.mails.length, sink.heard.length];
    await lea.does(draft.id, "Send");
    const tooLarge = await lea.notified("the draft again", data => data.id === draft.id && data.notificationType === "Error");
    assert.match(tooLarge.errorMessage, /larger than the relay takes/);
    const said = sink.heard.slice(heard).filter(line => /^(DATA|RCPT)/i.test(line));
    assert.deepEqual([said, sink.mails.length], [[], mails], "nothing of it was sent");
    step("what is larger than SIZE is not begun, and comes back");
    await lea.does(draft.id, "Cancel");
}

/** Knows nothing but HELO. */
async function isOld(lea, sink) {
    const draft = await drafted(lea, "Relay of old");
    sink.moods.push(["MAIL", "421 restarting"], ["EHLO", "502 unknown"]);
    const before = sink.mails.length;
    await lea.does(draft.id, "Send");
    await until("the mail", () => sink.mails.length > before, {bound: LATER});
    await lea.sees(draft.id, "Sent");
    assert.ok(sink.heard.some(line => /^HELO /.test(line)));
    step("a relay without extensions gets the mail by HELO");
}

export async function relay() {
    const [lea, sink] = [new Desk("lea"), new Sink()];
    await sink.start(Number(process.env.MAIL_SINK_PORT));
    await lea.begin();
    await putsOff(lea, sink);
    await refuses(lea, sink);
    await isOld(lea, sink);
    await sink.stop();
}
