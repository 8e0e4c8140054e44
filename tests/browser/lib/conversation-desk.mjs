// One agent with npm `cometd`, in a process of their own because the package's adapter keeps one cookie jar for all clients of a process.
// conversation-agent.mjs starts it and tells it what to do; HANDOFF_ORIGIN is where the program is. It is careful, or not, as
// tests/interop has it.

import {setTimeout as pause} from "node:timers/promises";

import {JavaScriptAgent} from "../../interop/lib/javascript-agent.mjs";

/** How long to wait before a request that came to nothing is made again, in ms. */
const AGAIN_MS = 100;

const {user, endpoint, isCareful} = JSON.parse(process.argv[2]);
const agent = new JavaScriptAgent(user, {endpoint, isCareful});

const doings = {
    connect: async ({transport, topics}) => {
        await agent.connect(transport);
        for (const topic of topics) {
            await agent.subscribe(topic);
        }
    },
    call: ({method, path, body}) => agent.call(method, path, body),
    insist,
    heard: () => agent.inbox.all,
    disconnect: () => agent.disconnect(),
};

/** Asks until there is an answer; the key makes one request of all attempts. */
async function insist({method, path, body, key}) {
    for (;;) {
        try {
            const answer = await agent.call(method, path, body, {"idempotency-key": key});
            if (answer.status !== 503) {
                return answer;
            }
        } catch {
            // Nobody there, or gone in the middle of it: whether it was done is not known, and need not be.
        }
        await pause(AGAIN_MS);
    }
}

process.on("message", async ({number, what, fields}) => {
    try {
        process.send({number, answer: await doings[what](fields)});
    } catch (error) {
        process.send({number, error: String(error.cause ?? error)});
    }
});
process.on("disconnect", () => process.exit(0));
