// A code of one's device beside the password.

import {createHmac} from "node:crypto";

import {expect as impatient, test} from "../lib/desk.mjs";

const expect = impatient.configure({timeout: 20_000});

/** Returns the present code of a device that has a secret in base 32 (RFC 6238). */
function codeOf(secret) {
    const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
    const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
    const step = Buffer.alloc(8);
    step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
    const hash = createHmac("sha1", key).update(step).digest();
    const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, "0");
}

test("whoever has a second factor is asked for a code, and goes on at the desk with it", async ({page, person}) => {
    const {secret} = await person.does("/me/second-factor", {operationName: "Enrol", password: "handoff-demo"}, "mia");
    const {recoveryCodes} = await person.does("/me/second-factor", {operationName: "Confirm", code: codeOf(secret)}, "mia");

    await person.signIn("mia");
    const code = page.getByLabel("Code", {exact: true});
    await expect(code).toBeFocused();
    await expect(code).toHaveAccessibleDescription(/present code of your device/);
    await person.isAccessible();
    await code.fill("no code");
    await code.press("Enter");
    await expect(page.getByRole("alert").filter({hasText: "The code is wrong or was used."})).toBeVisible();
    await expect(code).toBeFocused();
    await expect(code).toHaveValue("");
    await code.fill(recoveryCodes[0]);
    await code.press("Enter");
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await page.reload();
    await expect(person.state).toHaveAccessibleName(/^Your state: /);
});
