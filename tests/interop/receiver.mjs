// The receiver of docs/api/webhooks.md as it stands there, with the library that it names, on what the program sends. Usage: node
// receiver.mjs

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {readFileSync, writeFileSync} from "node:fs";
import {createServer} from "node:net";
import {createInterface} from "node:readline";

import {Caller, check, run, succeeded} from "./lib/center.mjs";
import {NEIGHBOUR} from "./lib/desks.mjs";

/** How long each step may take, in s: what is not taken at once is sent again after 5. */
const BOUND = 20;
const PAGE = new URL("../../docs/api/webhooks.md", import.meta.url);
/** Beside the packages, where the library is found. */
const COPY = new URL("node_modules/.receiver.mjs", import.meta.url);

async function freePort() {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const {port} = server.address();
    server.close();
    return port;
}

/** Starts the page's receiver at a port; gives what it prints, line by line. */
function start(port, secret) {
    const [, code] = /```js\n([^]*?)```/.exec(readFileSync(PAGE, "utf8"));
    const [before, after, more] = code.split(".listen(8080)");
    assert.ok(after !== undefined && more === undefined, "the receiver listens at 8080, once");
    writeFileSync(COPY, `${before}.listen(${port}, "127.0.0.1")${after}`);
    const env = {...process.env, HANDOFF_WEBHOOK_SECRET: secret};
    const receiver = spawn(process.execPath, [COPY.pathname], {env, stdio: ["ignore", "pipe", "inherit"]});
    process.on("exit", () => receiver.kill());
    return createInterface({input: receiver.stdout})[Symbol.asyncIterator]();
}

run("the receiver of the page on webhooks", 60_000, async () => {
    const [ada, intake, port] = [new Caller("ada"), new Caller("intake"), await freePort()];
    const hook = {name: "page", url: `http://127.0.0.1:${port}/`, events: ["interaction.queued"]};
    const {id, secret} = succeeded(await ada.call("POST", "/webhooks", hook), "a webhook");
    const lines = start(port, secret);
    const submit = async () => {
        const work = {operationName: "Create", channel: "workitem", queueName: NEIGHBOUR};
        return succeeded(await intake.call("POST", "/interactions", work), "a work item").id;
    };
    const isTold = async (interaction) => {
        assert.equal((await lines.next()).value, `interaction.queued ${interaction}`);
    };
    await check("an event is verified by the library of Standard Webhooks, and told", BOUND, async () => {
        await isTold(await submit());
    });
    await check("what is sent again is known by its id", BOUND, async () => {
        const replay = {operationName: "Replay", from: 0};
        succeeded(await ada.call("POST", `/webhooks/${id}`, replay), "a replay");
        await isTold(await submit());
    });
    await check("what has no signature is refused", BOUND, async () => {
        const forged = await fetch(hook.url, {method: "POST", body: "{}"});
        assert.equal(forged.status, 400);
    });
    await check("events under a new secret are verified by the one before", BOUND, async () => {
        const another = succeeded(await ada.call("POST", `/webhooks/${id}`, {operationName: "RotateSecret"}), "a secret");
        assert.notEqual(another.secret, secret);
        await isTold(await submit());
    });
    assert.equal((await ada.call("DELETE", `/webhooks/${id}`)).status, 200);
});
