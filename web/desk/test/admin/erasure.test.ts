import assert from "node:assert/strict";
import {test} from "node:test";
import {contactsMatching, Eraser} from "../../src/admin/erasure.ts";
import type {Answer} from "../../src/api/http.ts";
import {Refused, Unanswered} from "../../src/api/trouble.ts";

const COUNTS = {contacts: 1, interactions: 34};

/** A server that knows one contact and erases them. */
class Server {
    state: "there" | "running" | "gone" = "there";
    readonly asked: {path: string; body?: unknown; key?: string | undefined}[] = [];
    isMute = false;

    async get(path: string): Promise<Answer> {
        this.asked.push({path});
        if (path.endsWith("/erasure")) {
            if (this.state === "there") {
                throw new Refused(6, "There is no erasure of that id.");
            }
            const receipt = {text: "{}", signature: "ab", valid: true};
            const isOver = this.state === "gone";
            return {erasure: {
                contact: "c 1", state: isOver ? "Finished" : "Running", counts: COUNTS,
                ...(isOver ? {receipt, finished: "2026-12-01 10:00:00.000+0000"} : {}),
            }};
        }
        this.#mustBeThere();
        return {contact: {id: "c 1", displayName: "Ann"}, contacts: [{id: "c 1"}]};
    }

    async post(path: string, body: unknown, options: {key?: string} = {}): Promise<Answer> {
        this.asked.push({path, body, key: options.key});
        this.#mustBeThere();
        if ((body as {dryRun?: boolean}).dryRun === true) {
            return {erasure: {state: "DryRun", counts: COUNTS, open: ["0A"]}};
        }
        if (this.isMute) {
            throw new Unanswered("unreachable", 0);
        }
        this.state = "running";
        return {erasure: {state: "Running", counts: {}}};
    }

    #mustBeThere(): void {
        if (this.state === "gone") {
            throw new Refused(6, "There is no contact of that id.");
        }
    }
}

test("what there is of a contact is counted, and reading changes nothing", async () => {
    const server = new Server();
    const {contact, counted, erasure} = await new Eraser(server).read("c 1");
    assert.equal(contact?.displayName, "Ann");
    assert.deepEqual(counted?.counts, [["contacts", 1], ["interactions", 34]]);
    assert.deepEqual(counted?.open, ["0A"]);
    assert.equal(erasure, null);
    assert.equal(server.state, "there");
    assert.ok(server.asked.every(({path}) => path.startsWith("ucs/contacts/c%201")));
});

test("an erasure whose answer is lost is asked for again as the same", async () => {
    const server = new Server();
    const eraser = new Eraser(server);
    server.isMute = true;
    await assert.rejects(eraser.erase("c 1"), Unanswered);
    server.isMute = false;
    assert.equal((await eraser.erase("c 1")).state, "Running");
    const keys = server.asked.map(({key}) => key);
    assert.ok(keys[0] !== undefined && keys[0] === keys[1]);
});

test("of who is erased the receipt is left, and nothing else", async () => {
    const server = new Server();
    server.state = "gone";
    const {contact, counted, erasure} = await new Eraser(server).read("c 1");
    assert.deepEqual([contact, counted], [null, null]);
    assert.equal(erasure?.state, "Finished");
    assert.equal(erasure?.finished, Date.UTC(2026, 11, 1, 10));
    assert.deepEqual(erasure?.receipt, {text: "{}", signature: "ab", isValid: true});
});

test("what is refused for another reason is told", async () => {
    const server = new Server();
    server.get = () => Promise.reject(new Refused(5, "That is for admins."));
    await assert.rejects(new Eraser(server).read("c 1"), /That is for admins/);
});

test("a search asks for what was typed, and for no more than the server takes", async () => {
    const server = new Server();
    await contactsMatching(server, ` ${"ä&".repeat(100)} `);
    const [, query] = server.asked[0]?.path.split("?") ?? [];
    assert.equal(new URLSearchParams(query).get("search"), "ä&".repeat(50));
});
