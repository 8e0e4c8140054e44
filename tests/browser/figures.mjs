// Prints the desk's figures as a table: `node figures.mjs`, on an idle machine, after `cargo xtask
// web` and `cargo build`. What each test of the desk measures is repeated HANDOFF_TIMES times (20),
// in a chat of HANDOFF_LONG lines (10,000); beside it stand the same steps by plain requests, and how
// much a browser loads.

import {spawn} from "node:child_process";
import {once} from "node:events";
import {readdir, readFile, stat} from "node:fs/promises";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {fileURLToPath} from "node:url";

import {Customer} from "./lib/at-work.mjs";
import {Colleague} from "./lib/colleague.mjs";
import {Program} from "./lib/conversation-program.mjs";
import {quantile} from "./shift/chance.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ASSETS = fileURLToPath(new URL("../../web/dist/desk/desk-assets", import.meta.url));
const TIMES = process.env.HANDOFF_TIMES ?? "20";
const LONG = process.env.HANDOFF_LONG ?? "10000";
const SPECS = [...(await readdir(join(HERE, "specs"))).filter((name) => name.startsWith("acceptance")), "long.spec.mjs"];
/** What a test prints, `figure | …`. */
const FIGURE = /^figure \| (.*)$/;

function row(...cells) {
    console.log(`| ${cells.join(" | ")} |`);
}

/** Runs the tests that measure; returns whether all passed. */
async function measure() {
    const test = join(HERE, "node_modules/@playwright/test/cli.js");
    const env = {...process.env, HANDOFF_TIMES: TIMES, HANDOFF_LONG: LONG};
    const child = spawn(process.execPath, [test, "test", "--workers=1", ...SPECS.map((name) => `specs/${name}`)],
        {cwd: HERE, env, stdio: ["ignore", "pipe", "inherit"]});
    const ended = once(child, "exit");
    for await (const line of createInterface({input: child.stdout})) {
        const [, figure] = FIGURE.exec(line) ?? [];
        if (figure !== undefined) {
            row(figure);
        } else if (/^ +(✘|\d+ (passed|failed))/.test(line)) {
            console.error(line);
        }
    }
    const [code] = await ended;
    return code === 0;
}

async function took(run) {
    const begun = performance.now();
    await run();
    return performance.now() - begun;
}

/** The steps of an agent and a customer by plain requests, each until it was answered. */
async function plainSteps() {
    const program = await Program.start();
    const times = {};
    const step = async (name, run) => {
        times[name] = [...(times[name] ?? []), await took(run)];
    };
    try {
        const kate = await Colleague.ready(program.origin, "kate");
        for (let round = 0; round < Number(TIMES); round += 1) {
            await plainChat(program.origin, kate, step);
            await plainLetter(program.origin, kate, step);
        }
        await kate.leaves();
    } finally {
        await program.remove();
    }
    for (const [name, all] of Object.entries(times)) {
        const [half, slow] = [0.5, 0.95].map((part) => quantile(all, part).toFixed(1));
        row(`plain: ${name}`, `${half} ms`, `${slow} ms`, all.length);
    }
}

async function plainChat(origin, kate, step) {
    await step("Not ready", () => kate.posts("/me", {operationName: "NotReady"}));
    await step("Ready", () => kate.posts("/me", {operationName: "Ready"}));
    const ann = new Customer(origin, "Ann");
    await step("a chat begins", () => ann.begin("Parcel not arrived"));
    await step("a chat is offered, asked for again and again", () => offered(kate, ann.chat));
    await step("Accept", () => kate.does(ann.chat, "Accept"));
    await step("the customer says something", () => ann.says("Where is it?"));
    await step("Send", () => kate.does(ann.chat, "Send", {text: "It comes tomorrow."}));
    await ann.does("disconnect");
    await step("Complete", () => kate.does(ann.chat, "Complete"));
}

async function plainLetter(origin, kate, step) {
    const {id} = await new Customer(origin, "Jonas").writesLetter("Invoice", "I was charged twice.");
    await offered(kate, id);
    await kate.does(id, "Accept");
    await step("Reply", () => kate.does(id, "Reply"));
    const {interactions} = await kate.reads("/me/interactions?fields=*");
    const draft = interactions.find(({parentId}) => parentId === id).id;
    const email = {body: "<p>You are right.</p>", bodyAsPlainText: "You are right."};
    await step("Save", () => kate.does(draft, "Save", {email}));
    await step("Send a letter", () => kate.does(draft, "Send"));
    await kate.does(id, "Complete");
    await step("all that is in hand", () => kate.reads("/me/interactions?fields=*"));
}

async function offered(agent, id) {
    while ((await agent.has(id))?.state !== "Invited") {
        // Asked again at once.
    }
}

/** What the build made, packed with gzip where it is packed. */
async function sizes() {
    const names = await readdir(ASSETS);
    const kib = async (name) => {
        const packed = names.includes(`${name}.gz`) ? `${name}.gz` : name;
        return ((await stat(join(ASSETS, packed))).size / 1024).toFixed(1);
    };
    const page = await readFile(join(ASSETS, "../depth-1.html"), "utf8");
    const first = names.filter((name) => page.includes(name));
    for (const name of [...first, ...names.filter((one) => /^(editor-.*\.js|inter-latin-wght.*woff2)$/.test(one))]) {
        row(`packed: ${name.replace(/-[\w-]{8}\./, ".")}`, `${await kib(name)} KiB`);
    }
}

row("what", "p50", "p95", "times", "limit or beside");
row("---", "---", "---", "---", "---");
const isRight = await measure();
await plainSteps();
await sizes();
process.exitCode = isRight ? 0 : 1;
