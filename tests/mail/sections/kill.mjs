// The program is killed while letters come in, from folders and straight.

import assert from "node:assert/strict";
import {randomBytes} from "node:crypto";

import {step} from "../../interop/lib/center.mjs";
import {DIRECT} from "../lib/mailboxes.mjs";
import {lettersOf, sends} from "../lib/post.mjs";
import {handoff, until} from "../lib/servers.mjs";

const COUNT = 30;
/** It is killed at the letter of this number after each start. */
const KILLED_AT = [3, 1, 5, 2];
/** Large enough that taking one in takes its time. */
const CONTENT = randomBytes(200_000);
const ADDRESSES = ["deleted@center.test", "moved@center.test", DIRECT];

const takenIn = () => handoff.log.split("a letter was taken in").length - 1;

/** The log tells of a letter once it is durable and before its folder knows: the middle of it. */
async function killAt(number) {
    const before = takenIn();
    await until(`letter ${number} is taken in`, () => takenIn() >= before + number, {pause: 1});
    await handoff.stop("SIGKILL");
    return takenIn() - before;
}

export async function kill({sam}) {
    const subjects = Array.from({length: COUNT}, (_, index) => `Kill ${String(index).padStart(2, "0")}`);
    const write = (subject, index) => sends({
        from: "eve@customer.test", to: ADDRESSES[index % ADDRESSES.length], subject, text: `Text of ${subject}`,
        attachments: [{filename: "content.bin", content: CONTENT}],
    });
    const sent = Promise.all(subjects.map(write));
    const counts = [];
    for (const number of KILLED_AT) {
        counts.push(await killAt(number));
        await handoff.start();
    }
    await sent;
    assert.ok(counts.reduce((sum, count) => sum + count, 0) < COUNT, `there was nothing left to take in: ${counts}`);
    await sam.waiting("waiting", "Kill ", COUNT, 30_000);
    // What is still in a folder would come once more.
    const isDone = async () => (await Promise.all(ADDRESSES.slice(0, 2).map(one => lettersOf(one)))).flat().length === 0;
    await until("the folders are empty", isDone);
    const found = (await sam.waitingIn("waiting")).map(({subject}) => subject).filter(one => one.startsWith("Kill ")).sort();
    assert.deepEqual(found, subjects);
    step(`killed ${counts.length} times, after ${counts.join(", ")} more of ${COUNT} letters, the program has each of them once`);
}
