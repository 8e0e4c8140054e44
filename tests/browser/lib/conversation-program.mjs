// The program under test, with a data directory that outlives it: it can be killed and started again at the same address.

import {spawn} from "node:child_process";
import {once} from "node:events";
import {existsSync} from "node:fs";
import {appendFile, mkdtemp, readFile, rm} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";

const TARGET = process.env.CARGO_TARGET_DIR ?? new URL("../../../target", import.meta.url).pathname;

/** The built program, or the one that HANDOFF_BIN names. */
export const PROGRAM = process.env.HANDOFF_BIN ?? join(TARGET, "debug/handoff");

/** What the program prints once it accepts connections. */
const LISTENING = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/;

/** How much of the log is shown when something failed, in lines. */
const LOG_LINES = 40;

/** The demo center on a free port of this machine. */
export class Program {
    #home;
    #child;
    #options = [];

    /** Starts it with nothing in its data, and with more options of the demo. */
    static async start(...options) {
        if (!existsSync(PROGRAM)) {
            throw new Error(`${PROGRAM} is not there: run cargo build -p handoff-server, or name it with HANDOFF_BIN`);
        }
        const program = new Program();
        program.#options = options;
        program.#home = await mkdtemp(join(tmpdir(), "handoff-conversation-"));
        await program.start("127.0.0.1:0");
        return program;
    }

    /** Starts it again, where it was. */
    async start(address = new URL(this.origin).host) {
        const demo = ["demo", "--listen", address, "--data", this.data, ...this.#options];
        this.#child = spawn(PROGRAM, demo, {stdio: ["ignore", "pipe", "pipe"]});
        this.#child.stderr.on("data", chunk => appendFile(this.#log, chunk));
        for await (const printed of createInterface({input: this.#child.stdout})) {
            const [, origin] = LISTENING.exec(printed) ?? [];
            if (origin !== undefined) {
                this.origin = origin;
                // Nobody reads the rest, and nothing may wait for that.
                this.#child.stdout.resume();
                return;
            }
        }
        throw new Error(`the program does not listen:\n${await this.log()}`);
    }

    /** Ends it in this moment with SIGKILL, or in good order with SIGTERM. */
    async end(signal) {
        const child = this.#child;
        if (child.exitCode === null && child.signalCode === null) {
            const ended = once(child, "exit");
            child.kill(signal);
            await ended;
        }
    }

    /** The end of what it logged. */
    async log() {
        const text = await readFile(this.#log, "utf8").catch(() => "");
        return text.split("\n").slice(-LOG_LINES).join("\n");
    }

    /** Ends it for good and forgets its data. */
    async remove() {
        await this.end("SIGKILL");
        await rm(this.#home, {recursive: true, force: true});
    }

    /** Where its data is. */
    get data() {
        return join(this.#home, "data");
    }

    get #log() {
        return join(this.#home, "log");
    }
}
