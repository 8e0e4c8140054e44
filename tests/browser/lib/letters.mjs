// Letters: from customers who write HTML, and those that went out as files.

import {readdir, readFile} from "node:fs/promises";
import {join} from "node:path";

import {expect as impatient} from "./desk.mjs";
import {take} from "./at-work.mjs";

const expect = impatient.configure({timeout: 20_000});

const INTAKE = `Basic ${Buffer.from("intake:handoff-demo").toString("base64")}`;

/** Somebody writes to the contact center, as whoever submits letters passes it on. */
export async function writes(origin, {subject, from = "jonas@falk.example", body = "", text = ""}) {
    const email = {from, to: ["support@demo.example"], subject, body, bodyAsPlainText: text};
    const order = {operationName: "Create", channel: "email", queueName: "support-email", subject, email};
    const response = await fetch(`${origin}/api/v2/interactions`, {
        method: "POST",
        headers: {authorization: INTAKE, "content-type": "application/json"},
        body: JSON.stringify(order),
    });
    const answer = await response.json();
    expect(answer.statusCode, JSON.stringify(answer)).toBe(0);
    return answer.id;
}

/** Takes a letter and begins to answer it by a key. */
export async function answers(page, name) {
    await take(page, name);
    const option = page.getByRole("option", {name: new RegExp(name)});
    // Before the thread is there nothing hears the key.
    await expect(page.getByRole("button", {name: "Reply", exact: true})).toBeVisible();
    await option.focus();
    await page.keyboard.press("r");
    const draft = page.getByRole("form", {name: `Draft to ${name}`});
    const box = draft.getByRole("textbox", {name: `Letter to ${name}`});
    await expect(box).toBeFocused();
    return {option, draft, box};
}

/** The letters that went out, as they went. */
export async function sent(program) {
    const directory = join(program.data, "sent");
    const names = await readdir(directory).catch(() => []);
    return Promise.all(names.sort().map((name) => readFile(join(directory, name), "utf8")));
}

/** The parts of a letter with text in them, decoded. */
export function partsOf(letter) {
    const parts = letter.split(/^--[^\r\n]+\r?\n/m).slice(1);
    return Object.fromEntries(parts.flatMap((part) => {
        const [head, ...rest] = part.split(/\r?\n\r?\n/);
        const type = /^content-type:\s*(text\/\w+)/im.exec(head)?.[1];
        const coding = /^content-transfer-encoding:\s*(\S+)/im.exec(head)?.[1] ?? "7bit";
        return type === undefined ? [] : [[type, decoded(rest.join("\n\n"), coding)]];
    }));
}

function decoded(text, coding) {
    switch (coding.toLowerCase()) {
        case "base64":
            return Buffer.from(text, "base64").toString();
        case "quoted-printable": {
            const joined = text.replace(/=\r?\n/g, "");
            const bytes = joined.replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
            return Buffer.from(bytes, "latin1").toString();
        }
        default:
            return text;
    }
}
