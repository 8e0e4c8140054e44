// The servers of a run: each is started and ended here, by its number. run.sh ends whatever is left.

import {spawn, execFileSync} from "node:child_process";
import {existsSync, openSync, readFileSync, writeFileSync} from "node:fs";
import {connect} from "node:net";

import {origin} from "../../interop/lib/center.mjs";

const home = process.env.MAIL_HOME;
/** How long a server may take to start or to end, in ms. */
const BOUND = 15_000;

/** Waits until something holds; gives what it gave. */
export async function until(what, holds, {bound = BOUND, pause = 50} = {}) {
    const end = Date.now() + bound;
    for (;;) {
        const found = await holds();
        if (found) {
            return found;
        }
        if (Date.now() > end) {
            throw new Error(`not within ${bound / 1000} s: ${what}`);
        }
        await new Promise(done => setTimeout(done, pause));
    }
}

function answers(port) {
    return new Promise(done => {
        const socket = connect({host: "127.0.0.1", port: Number(port)});
        socket.on("connect", () => {
            socket.destroy();
            done(true);
        });
        socket.on("error", () => done(false));
    });
}

function isRunning(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}

const gone = pid => until(`the end of ${pid}`, () => !isRunning(pid));

/** A server that writes down its number itself. */
class Daemon {
    constructor(command, pidFile, ports) {
        Object.assign(this, {command, pidFile: `${home}/${pidFile}`, ports});
    }

    async start() {
        execFileSync(this.command[0], this.command.slice(1), {stdio: ["ignore", "inherit", "inherit"]});
        for (const port of this.ports) {
            await until(`${this.command[0]} listens on ${port}`, () => answers(port));
        }
    }

    async stop() {
        const pid = Number(readFileSync(this.pidFile, "utf8"));
        process.kill(pid, "SIGTERM");
        await gone(pid);
        for (const port of this.ports) {
            await until(`${port} is free`, async () => !(await answers(port)));
        }
    }
}

const {MAIL_IMAP_PORT, MAIL_DOVECOT_LMTP_PORT, MAIL_SMTP_PORT, MAIL_SUBMISSION_PORT} = process.env;

/** The server with everybody's mailboxes. */
export const dovecot = new Daemon(
    ["dovecot", "-c", `${home}/dovecot.conf`],
    "dovecot/run/master.pid",
    [MAIL_IMAP_PORT, MAIL_DOVECOT_LMTP_PORT],
);

/** The server between them. */
export const postfix = new Daemon(
    ["postfix", "-c", `${home}/postfix`, "start"],
    "postfix/queue/pid/master.pid",
    [MAIL_SMTP_PORT, MAIL_SUBMISSION_PORT],
);

/** The program under test. */
export const handoff = {
    process: null,

    async start() {
        const log = openSync(`${home}/handoff.log`, "a");
        const started = spawn(process.env.HANDOFF_BIN, ["serve", "--config", `${home}/handoff.toml`], {
            stdio: ["ignore", log, log],
        });
        writeFileSync(`${home}/handoff.pid`, String(started.pid));
        this.process = started;
        await until("the program is ready", async () => {
            if (started.exitCode !== null) {
                throw new Error(`the program ended with ${started.exitCode}`);
            }
            return fetch(`${origin}/readyz`).then(({ok}) => ok, () => false);
        });
    },

    /** Ends it in order, or at once. */
    async stop(signal = "SIGTERM") {
        const ended = new Promise(done => this.process.once("exit", done));
        this.process.kill(signal);
        await ended;
    },

    get log() {
        return existsSync(`${home}/handoff.log`) ? readFileSync(`${home}/handoff.log`, "utf8") : "";
    },
};
