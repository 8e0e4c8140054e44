// A server with a center of its own: services that refuse, and one that lets more through than the demo's.

import {execFile, spawn} from "node:child_process";
import {mkdtemp, rm, writeFile} from "node:fs/promises";
import {once} from "node:events";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {promisify} from "node:util";

import {PROGRAM} from "./conversation-program.mjs";

const LISTENING = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/;

/** The day that is the furthest from today, wherever the clock is. */
const OTHER_DAY = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][(new Date().getUTCDay() + 3) % 7];

const CENTER = `
[center]
name = "Shop"
[[group]]
name = "Support"
[[group]]
name = "Night shift"
[[user]]
userName = "nick"
firstName = "Nick"
lastName = "Night"
emailAddress = "nick@shop.example"
roles = ["agent"]
groups = ["Night shift"]
password = { env = "SHOP_PASSWORD" }
[[user]]
userName = "kate"
firstName = "Kate"
lastName = "Lund"
emailAddress = "kate@shop.example"
roles = ["agent"]
groups = ["Support"]
password = { env = "SHOP_PASSWORD" }
[[queue]]
name = "chats"
channel = "chat"
groups = ["Support"]
[[queue]]
name = "nobody"
channel = "chat"
[[queue]]
name = "empty"
channel = "chat"
groups = ["Night shift"]
[[queue]]
name = "letters"
channel = "email"
groups = ["Support"]
[[service]]
name = "contact"
type = "email"
queue = "letters"
mailbox = "help@shop.example"
[[service]]
name = "deserted"
type = "chat"
queue = "empty"
leaveMessage = "contact"
[[service]]
name = "patient"
type = "chat"
queue = "empty"
waitMax = "2s"
leaveMessage = "contact"
[[service]]
name = "open"
type = "chat"
queue = "chats"
customerSilence = "10m"
files = { uploads = 1000, downloads = 1000 }
[[service]]
name = "full"
type = "chat"
queue = "nobody"
maxWaiting = 1
[[service]]
name = "closed"
type = "chat"
queue = "chats"
leaveMessage = "contact"
hours = { timeZone = "UTC", open = ["${OTHER_DAY} 08:00-09:00"] }
`;

/** The running server. */
export class OwnCenter {
    #home;
    #child;
    #log = "";

    /** Makes the center, with more in its file and in the configuration, and starts. */
    static async start(more = "", config = "") {
        const center = new OwnCenter();
        center.#home = await mkdtemp(join(tmpdir(), "handoff-widget-"));
        const file = join(center.#home, "center.toml");
        await writeFile(file, CENTER + more);
        const configured = join(center.#home, "handoff.toml");
        await writeFile(configured, config);
        const env = {
            ...process.env,
            HANDOFF_CONFIG: configured,
            SHOP_PASSWORD: "handoff-demo",
            HANDOFF__STORE__PATH: join(center.#home, "data"),
            HANDOFF__SERVER__LISTEN: "127.0.0.1:0",
            // More than a person types: hundreds of strings are sent one after the other.
            HANDOFF__CHAT__MESSAGES_PER_SECOND: "10000",
        };
        await promisify(execFile)(PROGRAM, ["apply", file], {env});
        await center.#serve(env);
        return center;
    }

    async #serve(env) {
        this.#child = spawn(PROGRAM, ["serve"], {env, stdio: ["ignore", "pipe", "pipe"]});
        this.#child.stderr.on("data", (chunk) => (this.#log += chunk));
        for await (const printed of createInterface({input: this.#child.stdout})) {
            this.origin = LISTENING.exec(printed)?.[1];
            return;
        }
        throw new Error(`the program does not listen:\n${this.#log}`);
    }

    /** The end of what it logged. */
    async log() {
        return this.#log.split("\n").slice(-40).join("\n");
    }

    /** Stops it and forgets its data. */
    async remove() {
        const ended = once(this.#child, "exit");
        this.#child.kill("SIGKILL");
        await ended;
        await rm(this.#home, {recursive: true, force: true});
    }
}
