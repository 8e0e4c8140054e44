import assert from "node:assert/strict";
import {test} from "node:test";
import {sendFile} from "../src/api/files.ts";
import {Api} from "../src/api/http.ts";

test("a file keeps its key until it was answered", async () => {
    const keys: (string | null)[] = [];
    const done = (): Response => new Response(JSON.stringify({statusCode: 0}), {
        headers: {"X-CSRF-TOKEN": "t"},
    });
    const answers = [done, () => { throw new Error("lost"); }, done, done];
    const api = new Api("http://desk.example/", {
        fetch: async (_, init) => {
            keys.push(new Headers(init?.headers).get("Idempotency-Key"));
            return (answers.shift() ?? done)();
        },
    });
    const scan = (): File => new File(["words"], "scan.pdf", {lastModified: 1});
    await assert.rejects(sendFile(api, "a", scan()));
    await sendFile(api, "a", scan());
    await sendFile(api, "a", scan());
    const [token, lost, again, anew] = keys;
    assert.equal(token, null);
    assert.equal(again, lost);
    assert.notEqual(anew, again);
});
