// The long forms of the desk's campaigns, outside of CI: `node shift/main.mjs shift --count 2000`,
// `kills --count 200`, `races --count 500`; with `--control` they must fail. `--seed` repeats a run.

import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";

import {chromium} from "@playwright/test";

import {LAUNCH} from "../lib/chromium.mjs";
import {Program} from "../lib/conversation-program.mjs";
import {kills} from "./kills.mjs";
import {races} from "./races.mjs";
import {shift} from "./shift.mjs";

const {values, positionals: [name]} = parseArgs({
    allowPositionals: true,
    options: {count: {type: "string"}, seed: {type: "string"}, control: {type: "string"}},
});
const COUNTS = {shift: 2000, kills: 200, races: 500};
const count = Number(values.count ?? COUNTS[name]);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const {control} = values;

const say = console.log;
/** How many lines of what a page says are kept. */
const SAID_MAX = 60;

/** The last of what a page said, and of the requests that it got no answer to. */
function listenTo(page) {
    const said = [];
    const note = (line) => said.push(`${new Date().toISOString()} ${line}`) > SAID_MAX && said.shift();
    page.on("console", (message) => note(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => note(`error: ${error.stack}`));
    page.on("requestfailed", (request) => note(`${request.failure()?.errorText}: ${request.method()} ${request.url()}`));
    page.on("framenavigated", (frame) => note(`at ${frame.url()}`));
    return said;
}

/** Keeps what a page shows that a campaign ended at. */
async function lookAt(page, said) {
    const picture = join(tmpdir(), `shift-${seed}.png`);
    await page.screenshot({path: picture, timeout: 10_000}).catch((error) => say(`no picture: ${error.message}`));
    say(`ended at ${page.url()}, pictured in ${picture}`);
    say(await page.locator("body").innerText({timeout: 10_000}).catch((error) => error.message));
    said.forEach((line) => say(line));
}

/** Each gives figures, and whether they are as they must be. */
const CAMPAIGNS = {
    async kills(program) {
        const figures = await kills({program, count, seed, launch: LAUNCH, control, say});
        return [figures, figures.tooMuch === 0];
    },
    async races(program) {
        const browser = await chromium.launch(LAUNCH);
        const figures = await races({program, browser, count, control, say}).finally(() => browser.close());
        return [figures, figures.double === 0 && figures.none === 0];
    },
    async shift(program) {
        const browser = await chromium.launch(LAUNCH);
        const context = await browser.newContext({locale: "en-GB"});
        const page = await context.newPage();
        const said = listenTo(page);
        const work = shift({program, context, page, count, seed, control, say});
        const figures = await work
            .catch(async (error) => {
                await lookAt(page, said);
                throw error;
            })
            .finally(() => browser.close());
        return [figures, figures.lost + figures.doubled + figures.open === 0];
    },
};

console.log(`${name}: ${count}, seed ${seed}${control === undefined ? "" : `, control ${control}`}`);
const program = await Program.start();
try {
    const [figures, isRight] = await CAMPAIGNS[name](program);
    console.log(JSON.stringify(figures));
    console.log(isRight ? "as it must be" : "NOT as it must be");
    process.exitCode = isRight === (control === undefined) ? 0 : 1;
} finally {
    await program.remove();
}
