// Mail that is delivered straight to the program by LMTP.

import assert from "node:assert/strict";

import {step} from "../../interop/lib/center.mjs";
import {DIRECT} from "../lib/mailboxes.mjs";
import {delivers, sends} from "../lib/post.mjs";

const EVE = "eve@customer.test";

export async function straight({sam}) {
    await sends({from: EVE, to: DIRECT, subject: "Straight by Postfix", text: "An order"});
    const [letter] = await sam.waiting("waiting", "Straight by Postfix");
    assert.deepEqual([letter.mailbox, letter.from], [DIRECT, EVE]);
    step("Postfix delivers to the program by LMTP");

    // A copy has its date as well: two that are composed around the end of a second would be two letters.
    const twice = {from: EVE, to: DIRECT, subject: "Straight and twice", text: "Once", messageId: "<twice@customer.test>", date: new Date()};
    await Promise.all([delivers(twice), delivers(twice)]);
    await delivers(twice);
    await delivers({...twice, subject: "Straight and other", text: "Another text", messageId: "<twice@customer.test>"});
    await sam.waiting("waiting", "Straight and other");
    assert.equal((await sam.waiting("waiting", "Straight and twice")).length, 1);
    step("what is delivered three times is one interaction, and another text with its Message-ID is another");

    const refused = await delivers({from: EVE, to: "nobody@direct.test", subject: "x", text: "x"}).catch(error => error);
    assert.equal(refused.responseCode, 550, String(refused));
    step("an address that nobody has is refused with 550");
}
