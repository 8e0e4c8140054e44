// What a page's or a program's fetch sees of a refusal: always the answer, however large the body was that nobody wanted, and never a
// browser's own question for a password. Usage: node refusals.mjs

import assert from "node:assert/strict";

import {basic, check, origin, run} from "./lib/center.mjs";

/** Within what the server takes in of a body that it does not want, and more than the kernels hold for a reader who does not read. */
const BODY = Buffer.alloc(7 * 1024 * 1024, "x");
/** How often each is tried: whether an answer gets through before the connection breaks is a matter of luck. */
const ROUNDS = 10;
/** How long all of one door may take, in s. */
const BOUND = 60;

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";
const MULTIPART_TYPE = "multipart/form-data; boundary=x";
const ATTACHMENTS = "/api/v2/me/interactions/0000000000000000/attachments";

/** Method, path, type of the body, whose credentials, status. */
const DOORS = [
    ["POST", "/elsewhere", JSON_TYPE, null, 404],
    ["PUT", "/api/v2/me", JSON_TYPE, "kate", 405],
    ["POST", "/api/v2/interactions", JSON_TYPE, "kate", 413],
    ["POST", "/api/v2/interactions", "text/plain", "kate", 413],
    ["POST", ATTACHMENTS, MULTIPART_TYPE, null, 401],
    ["POST", ATTACHMENTS, MULTIPART_TYPE, "intake", 403],
    ["POST", ATTACHMENTS, MULTIPART_TYPE, "kate", 404],
    ["POST", "/api/v2/notifications/subscribe", "text/plain", "kate", 415],
    ["POST", "/api/v2/chats", JSON_TYPE, null, 413],
    ["POST", "/genesys/2/chat/customer-support/", FORM_TYPE, null, 413],
    ["POST", "/genesys/2/chat/nobody/x/file", MULTIPART_TYPE, null, 404],
    ["POST", "/genesys/2/email/nobody", MULTIPART_TYPE, null, 404],
    ["POST", "/genesys/2/openmedia/workitems/", FORM_TYPE, null, 413],
];

/** Signs that a script waits for the answer, each by itself. */
const SIGNS = [
    {"x-requested-with": "XMLHttpRequest"},
    {origin},
    {"sec-fetch-mode": "cors"},
    {authorization: `Basic ${Buffer.from("kate:wrong").toString("base64")}`},
];

async function refused(method, path, type, user, status) {
    const headers = {"content-type": type, ...(user && {authorization: basic(user)})};
    for (let round = 1; round <= ROUNDS; round += 1) {
        const response = await fetch(origin + path, {method, headers, body: BODY});
        const text = await response.text();
        assert.equal(response.status, status, `attempt ${round}: ${text.slice(0, 300)}`);
    }
}

run("refusals as fetch sees them", 300_000, async () => {
    for (const door of DOORS) {
        const [method, path, type, user, status] = door;
        const whose = user ?? "nobody";
        await check(`${method} ${path} (${type}) by ${whose}: ${status}, ${ROUNDS} of ${ROUNDS}`, BOUND, () => refused(...door));
    }
    for (const headers of SIGNS) {
        await check(`a 401 to a script with ${Object.keys(headers)[0]} opens no login window`, BOUND, async () => {
            const response = await fetch(`${origin}/api/v2/me`, {headers});
            assert.equal(response.status, 401);
            assert.equal(response.headers.get("www-authenticate"), null);
        });
    }
});
