// What every script here needs: the address of the running program, callers with Basic credentials, checks that say what failed.

import assert from "node:assert/strict";
import {inspect} from "node:util";

/** How long a script waits for something that must happen, in ms. */
export const BOUND = 15_000;

/** The origin of the program under test. `localhost` and not an address: aiohttp keeps no cookies of bare addresses. */
export const origin = process.env.HANDOFF_ORIGIN;
if (!origin) {
    console.error("HANDOFF_ORIGIN is not set; start the scripts with tests/interop/run.sh");
    process.exit(2);
}

/** The CometD endpoint. */
export const notifications = `${origin}/api/v2/notifications`;

/** The value of the Authorization header of one of the demo accounts. */
export function basic(user) {
    return `Basic ${Buffer.from(`${user}:handoff-demo`).toString("base64")}`;
}

/** Someone who calls the REST API. */
export class Caller {
    constructor(user) {
        this.user = user;
    }

    /** Sends a request to /api/v2 + path; gives the HTTP status and the JSON body. */
    async call(method, path, body, headers = {}) {
        const response = await fetch(`${origin}/api/v2${path}`, {
            method,
            headers: {
                authorization: basic(this.user),
                ...(body === undefined ? {} : {"content-type": "application/json"}),
                ...headers,
            },
            body: body === undefined ? undefined : JSON.stringify(body),
            signal: AbortSignal.timeout(BOUND),
        });
        return {status: response.status, value: await response.json()};
    }
}

/** Reports something that was checked: one line, which run.sh counts. */
export function step(text) {
    console.log(`  ok ${text}`);
}

/** Does something that is checked within a bound, in seconds. */
export async function check(text, bound, body) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done within ${bound} s`)), bound * 1000);
    });
    try {
        await Promise.race([body(), late]);
    } catch (error) {
        throw new Error(text, {cause: error});
    } finally {
        clearTimeout(timer);
    }
    step(text);
}

/** Checks an answer that must be a success. */
export function succeeded(answer, what) {
    assert.ok(answer.status === 200 && answer.value.statusCode === 0, `${what}: ${JSON.stringify(answer)}`);
    return answer.value;
}

/** Checks that an answer has exactly this envelope, beside the referenceId that every operation adds; gives that number. */
export function exactly(answer, envelope, what) {
    succeeded(answer, what);
    const {referenceId, ...rest} = answer.value;
    assert.deepEqual(rest, envelope, what);
    assert.ok(Number.isInteger(referenceId) && referenceId > 0, `${what}: referenceId is ${referenceId}`);
    return referenceId;
}

/** Checks that an answer is this refusal in the older envelope ("status":"error") or the plain one. */
export function refused(answer, status, statusCode, older, what) {
    const {referenceId, ...rest} = answer.value;
    const statusMessage = rest.statusMessage;
    assert.ok(typeof statusMessage === "string" && statusMessage !== "", `${what}: ${JSON.stringify(answer)}`);
    const plain = {statusCode, statusMessage};
    const envelope = older ? {...plain, status: "error", errorDescription: statusMessage} : plain;
    assert.deepEqual({status: answer.status, value: rest}, {status, value: envelope}, what);
}

/** Runs a script's body within a bound in ms; the process ends with 0 or, after saying why, with 1. */
export function run(name, bound, body) {
    const fail = error => {
        console.log(`  FAILED ${name}: ${inspect(error)}`);
        process.exit(1);
    };
    const timer = setTimeout(() => fail(`not finished within ${bound / 1000} s`), bound);
    console.log(name);
    body().then(() => {
        clearTimeout(timer);
        process.exit(0);
    }, fail);
}
