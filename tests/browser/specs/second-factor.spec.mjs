// A code of one's device beside the password. HANDOFF_PICTURES names a directory for pictures.

import {createHmac} from "node:crypto";
import {join} from "node:path";

import {expect as impatient, test} from "../lib/desk.mjs";

const expect = impatient.configure({timeout: 20_000});

const PICTURES = process.env.HANDOFF_PICTURES;

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

test("one sets up a second factor at the desk, keeps the recovery codes, and ends it with one of them", async ({page, person}) => {
    await person.signIn("kate");
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
    await page.goto(new URL("/settings", person.origin).href);
    await page.getByRole("button", {name: "Sign-ins and tokens"}).press("Enter");
    const dialog = page.getByRole("dialog", {name: "Sign-ins and tokens"});
    const section = dialog.getByRole("region", {name: "Second factor"});
    await expect(section).toContainText("It is off.");
    await section.getByRole("button", {name: "Set it up"}).press("Enter");
    const password = section.getByLabel("Your password");
    await expect(password).toBeFocused();
    await page.keyboard.type("not mine");
    await page.keyboard.press("Enter");
    await expect(section.getByRole("alert")).toContainText("is not your password");
    await expect(password).toBeFocused();
    await password.fill("handoff-demo");
    await page.keyboard.press("Enter");
    const code = section.getByLabel("Code that your device shows");
    await expect(code).toBeFocused();
    await expect(section.getByRole("img", {name: "Picture with the secret for your device"})).toBeVisible();
    await expect(section.getByRole("link", {name: "Open it on this device"})).toHaveAttribute("href", /^otpauth:\/\/totp\//);
    const secret = await section.getByLabel("Or type this secret there").inputValue();
    await looksAt(page, person, "set-up");
    await code.fill("no code");
    await page.keyboard.press("Enter");
    await expect(section.getByRole("alert")).toContainText("is not the present code");
    await code.fill(codeOf(secret));
    await page.keyboard.press("Enter");
    const codes = section.getByRole("list", {name: "Recovery codes"}).getByRole("listitem");
    await expect(codes).toHaveCount(10);
    await expect(section.getByRole("list", {name: "Recovery codes"})).toBeFocused();
    const [recovery] = await codes.allTextContents();
    await looksAt(page, person, "codes");
    // Nobody is shown them again: they are put away by their button alone.
    await page.keyboard.press("Escape");
    await expect(codes).toHaveCount(10);
    await section.getByRole("button", {name: "I have kept them"}).press("Enter");
    await expect(section).toContainText("It is on. 10 recovery codes are left.");
    await expect(section.getByRole("button", {name: "Remove it"})).toBeFocused();
    await page.keyboard.press("Enter");
    await section.getByLabel("Your password").fill("handoff-demo");
    await section.getByLabel("Code of your device, or a recovery code").fill(recovery);
    await page.keyboard.press("Enter");
    await expect(section).toContainText("It is off.");
    // Whoever changes how they are known goes on as they were.
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await page.reload();
    await expect(person.state).toHaveAccessibleName(/^Your state: Not ready/);
});

/** Looks at what is there in both themes, on a screen and on a phone. */
async function looksAt(page, person, name) {
    for (const [width, height, colorScheme] of [[1440, 900, "light"], [390, 844, "dark"]]) {
        await page.setViewportSize({width, height});
        await page.emulateMedia({colorScheme});
        if (PICTURES !== undefined) {
            await page.screenshot({path: join(PICTURES, `factor-${name}-${width}-${colorScheme}.png`)});
        }
        await person.isAccessible();
    }
}
