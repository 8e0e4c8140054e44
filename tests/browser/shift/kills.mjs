// Kills the browser while somebody types, at random keys, and starts it again: what was typed up to
// two seconds before is where it was.
//
// The control lets the browser keep nothing and the server save nothing.

import {mkdtemp, readdir, readFile, rm} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";

import {chromium, expect as impatient} from "@playwright/test";

import {Customer} from "../lib/at-work.mjs";
import {Person} from "../lib/desk.mjs";
import {Hands} from "./hands.mjs";
import {chance, quantile} from "./chance.mjs";

/** Most typing that may be lost, in ms. */
export const LOST_MS_MAX = 2_000;
/** How long is typed before a kill, in ms: longer than may be lost, so that a loss shows. */
const TYPED_MS = {least: 2_500, more: 3_500};
/** After so many it is told how far it is. */
const STEP = 10;
const LETTERS = "abcdefghijklmnop";
const expect = impatient.configure({timeout: 60_000});

/** A browser whose profile outlives it. */
class Browser {
    static async start(profile, options, isForgetful) {
        const browser = new Browser();
        browser.profile = profile;
        browser.context = await chromium.launchPersistentContext(profile, {...options, locale: "en-GB"});
        if (isForgetful) {
            await browser.#forgetEverything();
        }
        browser.page = await browser.context.newPage();
        return browser;
    }

    async #forgetEverything() {
        await this.context.addInitScript(() => {
            Storage.prototype.setItem = () => {};
            indexedDB.open = () => { throw new Error("nothing is kept"); };
        });
        const isSave = (request) => request.postData()?.includes("\"Save\"") === true;
        await this.context.route("**/api/v2/me/interactions/**", (route) =>
            isSave(route.request()) ? route.abort() : route.continue());
    }

    /** Ends it in this moment. */
    async kill() {
        const gone = new Promise((resolve) => this.context.once("close", resolve));
        for (const id of await processesOf(this.profile)) {
            process.kill(id, "SIGKILL");
        }
        await gone;
    }
}

/** Returns the processes of the browser that has a profile. */
async function processesOf(profile) {
    const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(ids.map(async (id) => [Number(id), await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")]));
    return lines.filter(([, line]) => line.includes(`--user-data-dir=${profile}\0`)).map(([id]) => id);
}

/** Types until it is killed; returns the keys and when each was pressed. A mark leads to them. */
async function typeAndKill({browser, box, mark, random}) {
    const end = performance.now() + TYPED_MS.least + random() * TYPED_MS.more;
    const keys = [];
    await box.focus();
    await browser.page.keyboard.insertText(mark);
    while (performance.now() < end) {
        const key = LETTERS[Math.floor(random() * LETTERS.length)];
        await browser.page.keyboard.press(key);
        keys.push({key, at: performance.now()});
    }
    const killedAt = performance.now();
    await browser.kill();
    return {mark, keys, killedAt};
}

/** Returns how much of the last typing is missing in what was found, in ms. */
export function lostMs({mark, keys, killedAt}, found) {
    const at = found.indexOf(mark);
    const there = at === -1 ? "" : found.slice(at + mark.length);
    const missing = keys.find(({key}, place) => there[place] !== key);
    return missing === undefined ? 0 : killedAt - missing.at;
}

function isTooMuch(ms) {
    return ms > LOST_MS_MAX;
}

/** Kills the browser so often; in turns in a chat and in a letter. */
export async function kills({program, count, seed, launch, control, say = () => {}}) {
    const random = chance(seed);
    const profile = await mkdtemp(join(tmpdir(), "handoff-kills-"));
    const lost = [];
    try {
        const {ann, places} = await prepare(program, profile, launch, control);
        for (let round = 0; round < count; round += 1) {
            // A chat in which nobody says anything ends by itself.
            await ann.says("Still here.");
            lost.push(await oneKill(places[round % places.length], {program, profile, launch, control, random, round}));
            if (lost.length % STEP === 0) {
                say(`${lost.length} of ${count}, ${lost.filter(isTooMuch).length} with too much lost`);
            }
        }
    } finally {
        await rm(profile, {recursive: true, force: true, maxRetries: 5});
    }
    return {
        kills: lost.length,
        lostMs: {p50: quantile(lost, 0.5), p95: quantile(lost, 0.95), most: Math.max(...lost)},
        tooMuch: lost.filter(isTooMuch).length,
    };
}

async function oneKill({path, box}, {program, profile, launch, control, random, round}) {
    const browser = await Browser.start(profile, launch, control);
    await arrive(browser.page, program.origin + path);
    await expect(box(browser.page)).toBeEditable();
    const typing = await typeAndKill({browser, box: box(browser.page), mark: `[${round}]`, random});
    const next = await Browser.start(profile, launch, control);
    await arrive(next.page, program.origin + path);
    await expect(box(next.page)).toBeEditable();
    const missing = lostMs(typing, await held(box(next.page)));
    await box(next.page).fill("");
    await next.context.close();
    return missing;
}

/** Goes to a place of the desk; a login session ends with the browser, so one signs in again. */
async function arrive(page, address) {
    await page.goto(address);
    const {state, userName, password} = new Person(page, address);
    await expect(state.or(userName)).toBeVisible();
    if (await userName.isVisible()) {
        await userName.fill("kate");
        await password.fill("handoff-demo");
        await page.keyboard.press("Enter");
    }
}

/** Returns what stands in a box, be it a field or an editor. */
function held(box) {
    return box.evaluate((element) => element.value ?? element.innerText);
}

/** A chat and a letter of Kate's, and where one writes in them. */
async function prepare(program, profile, launch, control) {
    const browser = await Browser.start(profile, launch, control);
    const hands = new Hands(browser.page, program.origin);
    await hands.comeToWork();
    const ann = new Customer(program.origin, "Ann");
    await ann.begin("A chat that lasts");
    ann.stays();
    await hands.take("Ann", ann.chat);
    const {id} = await ann.writesLetter("A letter", "Take your time.");
    await hands.take("Ann Falk", id);
    const letter = await hands.reply(id);
    await expect(letter).toBeVisible();
    await browser.context.close();
    const places = [
        {path: `/desk/mine/${ann.chat}`, box: (page) => page.getByRole("textbox", {name: "Message to Ann"})},
        {path: `/desk/mine/${id}`, box: (page) => page.getByRole("textbox", {name: /^Letter to /})},
    ];
    return {ann, places};
}
