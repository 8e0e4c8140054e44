// An agent who listens, and calls the API, with Python's `aiocometd-ng` or `aiocometd`. The client runs in a process of its own
// (agent.py) that is told what to do in lines of JSON.

import {spawn} from "node:child_process";
import {createInterface} from "node:readline";
import {fileURLToPath} from "node:url";

import {Agent} from "./agent.mjs";
import {BOUND, notifications, origin} from "./center.mjs";

/** An agent with a Python client. */
export class PythonAgent extends Agent {
    #child;
    #asked = 0;
    #waiting = new Map();

    /** A careful client asks for what it missed after every break: the packages have no acknowledgements. */
    constructor(user, {module = "aiocometd_ng", endpoint = notifications, isCareful = true} = {}) {
        super(user);
        const program = fileURLToPath(new URL("../agent.py", import.meta.url));
        const python = process.env.HANDOFF_PYTHON ?? "python3";
        const options = JSON.stringify({origin, user, module, endpoint, isCareful});
        this.#child = spawn(python, ["-B", program, options], {stdio: ["pipe", "pipe", "inherit"]});
        this.#child.on("exit", code => this.#ended(new Error(`agent.py ended with ${code}`)));
        this.#child.on("error", error => this.#ended(new Error(`cannot start ${python}: ${error.message}`)));
        createInterface({input: this.#child.stdout}).on("line", line => this.#take(JSON.parse(line)));
    }

    call(method, path, body) {
        return this.#ask({do: "call", method, path, body});
    }

    async connect(transport) {
        const {transport: chosen} = await this.#ask({do: "connect", transport});
        if (chosen !== transport) {
            throw new Error(`the Python client chose ${chosen}, not ${transport}`);
        }
    }

    subscribe(topic) {
        return this.#ask({do: "subscribe", topic});
    }

    settled() {
        return this.#ask({do: "settle"});
    }

    unsubscribe(topic) {
        return this.#ask({do: "unsubscribe", topic});
    }

    publish(topic, data) {
        return this.#ask({do: "publish", topic, data});
    }

    /** Disconnects and lets the process end. */
    async disconnect() {
        await this.#ask({do: "disconnect"});
        this.#child.stdin.end();
    }

    #ask(request) {
        this.#asked += 1;
        const number = this.#asked;
        return new Promise((resolve, reject) => {
            const late = () => reject(new Error(`agent.py did not answer ${JSON.stringify(request)}`));
            this.#waiting.set(number, {resolve, reject, timer: setTimeout(late, BOUND)});
            this.#child.stdin.write(`${JSON.stringify({number, ...request})}\n`);
        });
    }

    #take(line) {
        if (line.message) {
            this.inbox.push(line.message);
            return;
        }
        const waiting = this.#waiting.get(line.number);
        this.#waiting.delete(line.number);
        clearTimeout(waiting.timer);
        if (line.error) {
            waiting.reject(new Error(`agent.py: ${line.error}`));
        } else {
            waiting.resolve(line.answer);
        }
    }

    #ended(error) {
        for (const {reject, timer} of this.#waiting.values()) {
            clearTimeout(timer);
            reject(error);
        }
        this.#waiting.clear();
    }
}
