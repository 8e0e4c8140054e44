import assert from "node:assert/strict";
import {test} from "node:test";
import {Api} from "../src/api/http.ts";
import {readEntrance, Session} from "../src/app/session.ts";

/** A session whose server answers with what is given, one after the other. */
function session(...answers: (Response | Error | Promise<Response>)[]) {
    const asked: string[] = [];
    const bodies: string[] = [];
    const headers: Record<string, string>[] = [];
    const api = new Api("http://desk.example/", {
        fetch: (address, init) => {
            asked.push(`${init?.method} ${new URL(String(address)).pathname}`);
            bodies.push(String(init?.body ?? ""));
            headers.push(init?.headers as Record<string, string>);
            const answer = answers.shift() ?? new Error("asked too often");
            return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
        },
        signedOut: (sentence) => made.lost(sentence),
        passwordDemanded: () => made.demanded(),
    });
    const made = new Session(api);
    return {session: made, api, asked, bodies, headers};
}

function answer(status: number, body: object, headers: Record<string, string> = {}): Response {
    return new Response(JSON.stringify(body), {status, headers});
}

const KATE = {statusCode: 0, user: {id: "1", userName: "kate", roles: ["ROLE_AGENT"]}};
const OUT = {statusCode: 20, statusMessage: "Log in."};

test("a cookie that counts lets in, another one asks", async () => {
    const {session: first} = session(answer(200, KATE));
    await first.ask();
    assert.equal(first.gate.value.kind, "in");
    const {session: second} = session(answer(401, OUT));
    await second.ask();
    assert.deepEqual(second.gate.value, {kind: "out", reason: null});
});

test("each way in which signing in fails is told apart", async () => {
    const outcomes = [];
    for (const one of [
        answer(401, OUT),
        answer(429, {statusCode: 4}, {"Retry-After": "7"}),
        answer(503, {statusCode: 4}),
        new Error("refused"),
        answer(403, {statusCode: 5, statusMessage: "The account is disabled."}),
    ]) {
        const outcome = await session(one).session.signIn("kate", "no");
        outcomes.push(outcome.kind === "unanswered"
            ? [outcome.trouble.why, outcome.trouble.retryAfterMs]
            : outcome.kind);
    }
    assert.deepEqual(outcomes, [
        "wrong", ["busy", 7_000], ["unavailable", 0], ["unreachable", 0], "refused",
    ]);
});

test("a code is asked for where the password is right, and goes along with it", async () => {
    const refused = {statusCode: 20, statusMessage: "Give the code, too."};
    const {session: one, headers} = session(
        answer(401, {...refused, secondFactor: "required"}),
        answer(401, {...refused, secondFactor: "wrong"}),
        answer(200, KATE),
    );
    assert.deepEqual(await one.signIn("kate", "right"), {kind: "code", isWrong: false});
    assert.deepEqual(await one.signIn("kate", "right", "111111"), {kind: "code", isWrong: true});
    assert.deepEqual(await one.signIn("kate", "right", "123456"), {kind: "in"});
    assert.deepEqual(headers.map((of) => of["X-Second-Factor"]), [undefined, "111111", "123456"]);
});

test("a login session that ends leaves the page to whoever was in", async () => {
    const {session: one} = session(answer(200, KATE));
    await one.ask();
    one.lost("You were disabled.");
    const gate = one.gate.value;
    assert.ok(gate.kind === "ended" && gate.me.userName === "kate");
    one.lost("Again.");
    assert.equal(one.gate.value, gate);
});

test("leaving a computer and ending work are two things", async () => {
    const token = {"X-CSRF-TOKEN": "t"};
    const done = {statusCode: 0};
    const computer = session(answer(200, KATE, token), answer(200, done));
    await computer.session.ask();
    await computer.session.leave("computer");
    assert.equal(computer.asked.at(-1), "DELETE /api/v2/me/session");
    assert.equal(computer.session.gate.value.kind, "out");
    const work = session(answer(200, KATE, token), answer(401, OUT));
    await work.session.ask();
    await work.session.leave("work");
    assert.equal(work.asked.at(-1), "POST /api/v2/me");
    assert.deepEqual(work.session.gate.value, {kind: "out", reason: null});
});

test("what is known before anybody signs in is read leniently", () => {
    const nothing = {center: null, version: null, demo: [], providers: []};
    assert.deepEqual(readEntrance({}), nothing);
    assert.deepEqual(readEntrance({demo: ["kate", {firstName: "Kate"}]}), nothing);
    const kate = {
        userName: "kate", firstName: "Kate", roles: ["ROLE_AGENT"], groups: ["Support"],
        password: "p",
    };
    const corp = {name: "corp", label: "Corp"};
    const providers = [{...corp, uri: "https://…"}, "corp", {label: "Nothing"}];
    const told = {center: "Demo", version: "1.0", demo: [kate], providers, more: 1};
    const read = {center: "Demo", version: "1.0", demo: [kate], providers: [corp]};
    assert.deepEqual(readEntrance(told), read);
});

test("each way in which a change of the password fails is told apart", async () => {
    const refusal = (sentence: string) =>
        answer(400, {statusCode: 10, statusMessage: sentence});
    const isNew = "The field newPassword has fewer than 10 characters; choose another.";
    const isPresent = "The field password is not your password; correct it.";
    const outcomes = [];
    for (const one of [
        answer(200, {statusCode: 0}, {"X-CSRF-TOKEN": "t2"}),
        refusal(isNew),
        refusal(isPresent),
        answer(409, {statusCode: 2, statusMessage: "Your account was changed."}),
        answer(429, {statusCode: 4}, {"Retry-After": "7"}),
        new Error("lost"),
        answer(401, OUT),
    ]) {
        const {session: own} = session(answer(200, KATE, {"X-CSRF-TOKEN": "t"}), one);
        await own.ask();
        const outcome = await own.changePassword("present", "next");
        outcomes.push(outcome.kind === "refused"
            ? [outcome.field, outcome.sentence]
            : outcome.kind === "busy" ? outcome.retryAfterMs : outcome.kind);
    }
    assert.deepEqual(outcomes, [
        "changed", ["next", isNew], ["present", isPresent], [null, "Your account was changed."],
        7_000, "unanswered", "unanswered",
    ]);
});

const TOKEN = {"X-CSRF-TOKEN": "t"};
const GIVEN = {...KATE, user: {...KATE.user, changePasswordOnFirstLogin: true}};
const DONE = answer.bind(null, 200, {statusCode: 0}, {"X-CSRF-TOKEN": "t2"});

test("whoever was given a password chooses one of their own, and is in then", async () => {
    const {session: one, bodies} = session(answer(200, GIVEN, TOKEN), DONE());
    assert.deepEqual(await one.signIn("kate", "given by ada"), {kind: "in"});
    const asks = one.gate.value;
    assert.ok(asks.kind === "choosing" && asks.isKnown && !asks.isOver);
    assert.deepEqual(await one.choosePassword("", "my own word"), {kind: "changed"});
    assert.deepEqual(JSON.parse(bodies.at(-1) ?? ""), {
        operationName: "ChangePassword", password: "given by ada", newPassword: "my own word",
    });
    const gate = one.gate.value;
    assert.ok(gate.kind === "in" && gate.how === "signedIn");
});

test("a page that is loaded again asks for the given password as well", async () => {
    const {session: one, bodies} = session(answer(200, GIVEN, TOKEN), DONE());
    await one.ask();
    const gate = one.gate.value;
    assert.ok(gate.kind === "choosing" && !gate.isKnown);
    await one.choosePassword("given by ada", "my own word");
    assert.equal(JSON.parse(bodies.at(-1) ?? "").password, "given by ada");
});

test("where another one was given meanwhile, it is asked for", async () => {
    const sentence = "The field password is not your password; correct it.";
    const refused = answer(403, {statusCode: 5, statusMessage: sentence});
    const {session: one} = session(answer(200, GIVEN, TOKEN), refused);
    await one.signIn("kate", "given by ada");
    await one.choosePassword("", "my own word");
    const gate = one.gate.value;
    assert.ok(gate.kind === "choosing" && !gate.isKnown);
});

test("who is in is asked over their page, and goes on there", async () => {
    const demand = {statusCode: 8, statusMessage: "Change your password."};
    const {session: one, api} = session(answer(200, KATE, TOKEN), answer(403, demand), DONE());
    await one.ask();
    await assert.rejects(api.get("me/interactions"));
    const gate = one.gate.value;
    assert.ok(gate.kind === "choosing" && gate.isOver && !gate.isKnown);
    await one.choosePassword("given", "my own word");
    const {kind}: {kind: string} = one.gate.value;
    assert.equal(kind, "in");
});

test("who is signed out while they choose begins anew", async () => {
    const {session: one} = session(answer(200, GIVEN, TOKEN), answer(401, OUT), answer(401, OUT));
    await one.signIn("kate", "given by ada");
    await one.choosePassword("", "my own word");
    assert.deepEqual(one.gate.value, {kind: "out", reason: "Log in."});
});

test("a demand from before the password was changed asks for no other one", async () => {
    let late: (response: Response) => void = () => {};
    const waiting = new Promise<Response>((resolve) => { late = resolve; });
    const again = answer(200, {statusCode: 0});
    const {session: one, api} = session(answer(200, GIVEN, TOKEN), waiting, DONE(), again);
    await one.signIn("kate", "given by ada");
    const reading = api.get("queues");
    await one.choosePassword("", "my own word");
    late(answer(403, {statusCode: 8, statusMessage: "Choose one."}));
    await reading;
    assert.equal(one.gate.value.kind, "in");
});
