// How long things take that have a limit. HANDOFF_TIMES says how often each is done: once where
// nobody measures, and no time is a reason to fail, because machines differ.

import {quantile} from "../shift/chance.mjs";

const TIMES = Number(process.env.HANDOFF_TIMES ?? 1);
/** What is not there after so long, in ms, does not come. */
const NEVER_MS = 30_000;

/** Returns how long it takes from now until something is so, in ms. */
export async function untilSo(isSo) {
    const begun = performance.now();
    while (!(await isSo())) {
        if (performance.now() - begun > NEVER_MS) {
            throw new Error(`not so within ${NEVER_MS} ms: ${isSo}`);
        }
    }
    return performance.now() - begun;
}

/** Presses a key, and returns how long it takes from then until something is so, in ms. */
export async function fromKey(page, key, isSo) {
    const isThere = untilSo(isSo);
    // Pressed in vain, nobody asks for it any more.
    isThere.catch(() => {});
    await page.keyboard.press(key);
    return isThere;
}

/** Takes the times of something that is done again and again, and prints them. */
export async function measured(what, limitMs, once) {
    const times = [];
    for (let round = 0; round < TIMES; round += 1) {
        times.push(await once(round));
    }
    figure(what, times, `at most ${limitMs} ms`);
}

/** Prints the half and the slowest twentieth of times, in ms, where ../figures.mjs finds them. */
export function figure(what, times, beside = "") {
    const [half, slow] = [0.5, 0.95].map((part) => quantile(times, part).toFixed(0));
    const rest = beside === "" ? "" : ` | ${beside}`;
    console.log(`figure | ${what} | ${half} ms | ${slow} ms | ${times.length}${rest}`);
}
