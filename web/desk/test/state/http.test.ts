// What answers mean.

import assert from "node:assert/strict";
import {test} from "node:test";
import {Api} from "../../src/api/http.ts";
import {Refused, SignedOut, Unanswered} from "../../src/api/trouble.ts";

/** An API whose answers are given one after another. */
function api(...answers: (Response | Error)[]) {
    const requests: {url: string; init: RequestInit}[] = [];
    const signedOut: string[] = [];
    const client = new Api("http://desk.example/below/", {
        fetch: async (url, init) => {
            requests.push({url: String(url), init: init ?? {}});
            const next = answers.shift();
            if (next instanceof Response) {
                return next;
            }
            throw next ?? new Error("unexpected");
        },
        signedOut: (sentence) => signedOut.push(sentence),
        whose: () => "kate",
    });
    return {client, requests, signedOut};
}

function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
    return new Response(JSON.stringify(body), {status, headers});
}

const TOKEN = {"X-CSRF-TOKEN": "t1"};

test("a change gets a token first, and a new one when another tab has signed in", async () => {
    const stale = {statusCode: 3, statusMessage: "Missing or invalid Csrf token"};
    const {client, requests} = api(
        answer({statusCode: 0}, 200, TOKEN),
        answer(stale, 403),
        answer({statusCode: 0}, 200, {"X-CSRF-TOKEN": "t2"}),
        answer({statusCode: 0}),
    );
    await client.post("me", {operationName: "Ready"}, {key: "k"});
    const tokens = requests.map(({init}) => new Headers(init.headers).get("X-CSRF-TOKEN"));
    assert.deepEqual(tokens, [null, "t1", null, "t2"]);
    assert.equal(requests[3]?.url, "http://desk.example/below/api/v2/me");
    assert.equal(new Headers(requests[3]?.init.headers).get("Idempotency-Key"), "k");
});

test("what the old session is refused for is asked again under the one that a change brings", async () => {
    const over = {statusCode: 20, statusMessage: "Log in."};
    const waits: ((response: Response) => void)[] = [];
    const asked: string[] = [];
    const signedOut: string[] = [];
    const client = new Api("http://desk.example/", {
        fetch: (url, init) => {
            const token = new Headers(init?.headers).get("X-CSRF-TOKEN");
            asked.push(`${String(url).split("/api/v2/")[1]} ${token}`);
            return new Promise((resolve) => waits.push(resolve));
        },
        signedOut: (sentence) => signedOut.push(sentence),
    });
    const arrives = async (response: Response): Promise<void> => {
        waits.shift()?.(response);
        await new Promise((resolve) => setImmediate(resolve));
    };
    const first = client.get("me");
    await arrives(answer({statusCode: 0}, 200, TOKEN));
    await first;
    const changed = client.renew("me", {operationName: "ChangePassword"});
    const done = client.post("me/interactions/a", {operationName: "Send"});
    const [change, other] = waits.splice(0);
    other?.(answer(over, 401));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(signedOut, []);
    change?.(answer({statusCode: 0}, 200, {"X-CSRF-TOKEN": "t2"}));
    await changed;
    await new Promise((resolve) => setImmediate(resolve));
    await arrives(answer({statusCode: 0}));
    await done;
    assert.deepEqual(asked, ["me null", "me t1", "me/interactions/a t1", "me/interactions/a t2"]);
    // A change that is refused for the same reason waits for nothing.
    const refused = assert.rejects(client.renew("me", {}), SignedOut);
    await arrives(answer(over, 401));
    await refused;
    assert.deepEqual(signedOut, ["Log in."]);
});

const user = (id: string) => ({statusCode: 0, user: {id}});

test("what is refused once somebody has signed in again is asked again, and ends nothing", async () => {
    const over = {statusCode: 20, statusMessage: "Log in."};
    const waits: ((response: Response) => void)[] = [];
    const signedOut: string[] = [];
    const client = new Api("http://desk.example/", {
        fetch: () => new Promise((resolve) => waits.push(resolve)),
        signedOut: (sentence) => signedOut.push(sentence),
    });
    const next = async (response: Response): Promise<void> => {
        waits.shift()?.(response);
        await new Promise((resolve) => setImmediate(resolve));
    };
    const first = client.get("me/channels").catch((trouble: unknown) => trouble);
    await next(answer(over, 401));
    assert.ok((await first) instanceof SignedOut);
    // Asked while nobody was in, and answered later than whoever signed in was.
    const late = client.get("interactions");
    const credentials = {userName: "kate", password: "right"};
    const signedIn = client.get("me", {credentials});
    const lateAnswer = waits.shift();
    await next(answer({statusCode: 0}, 200, TOKEN));
    await signedIn;
    lateAnswer?.(answer(over, 401));
    await new Promise((resolve) => setImmediate(resolve));
    await next(answer({statusCode: 0, interactions: []}));
    assert.deepEqual((await late)["interactions"], []);
    assert.deepEqual(signedOut, ["Log in."]);
});

test("nothing is done as somebody else who has signed in in another tab", async () => {
    const stale = {statusCode: 3, statusMessage: "Missing or invalid Csrf token"};
    const {client, requests, signedOut} = api(
        answer(user("kate"), 200, TOKEN),
        answer(stale, 403),
        answer(user("ben"), 200, {"X-CSRF-TOKEN": "t2"}),
    );
    await assert.rejects(client.post("me/interactions/a", {operationName: "Send"}), SignedOut);
    assert.equal(requests.length, 3);
    assert.deepEqual(signedOut, [""]);
});

test("nothing of somebody else is read, and their token is not taken", async () => {
    const theirs = {"X-CSRF-TOKEN": "t2"};
    const {client, requests, signedOut} = api(
        answer(user("kate"), 200, TOKEN),
        answer({statusCode: 0, interactions: []}, 200, theirs),
        answer(user("ben"), 200, theirs),
    );
    await client.get("me");
    await assert.rejects(client.get("me/interactions?fields=*"), SignedOut);
    assert.equal(requests.at(-1)?.url, "http://desk.example/below/api/v2/me");
    assert.equal(client.token, "");
    assert.deepEqual(signedOut, [""]);
});

test("whoever signed in anew themselves goes on", async () => {
    const anew = {"X-CSRF-TOKEN": "t2"};
    const {client, signedOut} = api(
        answer(user("kate"), 200, TOKEN),
        answer({statusCode: 0, interactions: []}, 200, anew),
        answer(user("kate"), 200, anew),
    );
    await client.get("me?subresources=groups");
    assert.deepEqual((await client.get("me/workbins?limit=1"))["interactions"], []);
    assert.equal(client.token, "t2");
    assert.deepEqual(signedOut, []);
});

test("a refusal has the server's sentence, and the letter that came meanwhile", async () => {
    const newerMessage = {id: "x", subject: "Re: it", receivedDate: "2026-01-09 11:58:12.035+0000"};
    const body = {statusCode: 2, statusMessage: "They wrote again.", newerMessage};
    const {client} = api(answer({statusCode: 0}, 200, TOKEN), answer(body, 409));
    const refused = await client.post("me/interactions/a", {}).catch((trouble) => trouble);
    assert.ok(refused instanceof Refused);
    assert.deepEqual([refused.code, refused.sentence], [2, "They wrote again."]);
    assert.deepEqual(refused.newer, newerMessage);
});

test("the end of the login session is told; a wrong password is not one", async () => {
    const out = {statusCode: 20, statusMessage: "Sign in."};
    const {client, signedOut} = api(answer(out, 401), answer(out, 401));
    const credentials = {userName: "kate", password: "wröng"};
    await assert.rejects(client.get("me", {credentials}), SignedOut);
    assert.deepEqual(signedOut, []);
    await assert.rejects(client.get("me"), SignedOut);
    assert.deepEqual(signedOut, ["Sign in."]);
});

test("no answer, too many requests and a restart are told apart", async () => {
    const cases: [Response | Error, string, number][] = [
        [new Error("offline"), "unreachable", 0],
        [answer({statusCode: 10}, 429, {"Retry-After": "7"}), "busy", 7_000],
        [answer({statusCode: 4}, 503, {"Retry-After": "2"}), "unavailable", 2_000],
        [new Response("<html>bad gateway</html>", {status: 502}), "unavailable", 0],
        [new Response("<html>log in to the hotel</html>"), "unavailable", 0],
    ];
    for (const [given, why, retryAfterMs] of cases) {
        const trouble = await api(given).client.get("me").catch((error) => error);
        assert.ok(trouble instanceof Unanswered);
        assert.deepEqual([trouble.why, trouble.retryAfterMs], [why, retryAfterMs]);
    }
});

test("a large file has longer than a small request", async (context) => {
    const limits: number[] = [];
    context.mock.method(AbortSignal, "timeout", (ms: number) => {
        limits.push(ms);
        return new AbortController().signal;
    });
    const {client} = api(
        answer({statusCode: 0}, 200, TOKEN),
        answer({statusCode: 0}),
        answer({statusCode: 0}),
    );
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(1_600_000)]), "scan.pdf");
    await client.upload("me/interactions/a/files", form);
    await client.post("me", {});
    assert.deepEqual(limits, [20_000, 120_000, 20_000]);
});

test("a center file is given as it is, and what refuses it as ever", async () => {
    const toml = (body: string, status: number): Response =>
        new Response(body, {status, headers: {"Content-Type": "application/toml; charset=utf-8"}});
    const {client} = api(
        toml('[center]\nname = "Demo"\n', 200),
        toml("name", 502),
        answer({statusCode: 5, statusMessage: "This is for admins."}, 403),
    );
    assert.equal((await client.get("center"))["file"], '[center]\nname = "Demo"\n');
    await assert.rejects(client.get("center"), Unanswered);
    await assert.rejects(client.get("center"), new Refused(5, "This is for admins."));
});
