// One tab writes a draft; it knows itself again, and leaves it when there is nothing to write.

import assert from "node:assert/strict";
import {test} from "node:test";
import {Holds} from "../src/letters/hold.ts";
import {turns} from "./state/stage.ts";

/** The locks of a browser, as far as drafts use them. */
class Locks {
    #held: {lose(): void} | null = null;
    #waiting: (() => void)[] = [];

    get manager(): LockManager {
        const request = (_: string, options: LockOptions, run: LockGrantedCallback<unknown>) =>
            this.#request(options, run);
        return {request} as unknown as LockManager;
    }

    async #request(options: LockOptions, run: LockGrantedCallback<unknown>): Promise<unknown> {
        if (options.steal === true) {
            this.#held?.lose();
        } else if (this.#held !== null && options.ifAvailable === true) {
            return run(null);
        }
        while (this.#held !== null && options.steal !== true) {
            await new Promise<void>((resolve, reject) => {
                this.#waiting.push(resolve);
                options.signal?.addEventListener("abort", () => reject(new Error("aborted")));
            });
        }
        return new Promise((resolve, reject) => {
            const mine = {lose: () => reject(new Error("stolen"))};
            this.#held = mine;
            void Promise.resolve(run({mode: "exclusive", name: ""})).then((value) => {
                if (this.#held === mine) {
                    this.#held = null;
                    this.#waiting.splice(0).forEach((next) => next());
                }
                resolve(value);
            });
        });
    }
}

test("whoever comes back to a draft whose words are on their way has it still", async () => {
    const locks = new Locks();
    const tab = new Holds(() => locks.manager);
    const place = tab.open("a");
    const saver = tab.open("a");
    await turns();
    tab.close("a", place);
    const again = tab.open("a");
    await turns();
    assert.equal(again, saver);
    assert.equal(again.state.value, "here");
});

test("another tab has a draft as soon as it is neither shown nor saved here", async () => {
    const locks = new Locks();
    const [one, other] = [new Holds(() => locks.manager), new Holds(() => locks.manager)];
    const [place, saver] = [one.open("a"), one.open("a")];
    await turns();
    const there = other.open("a");
    await turns();
    assert.equal(there.state.value, "elsewhere");
    one.close("a", place);
    await turns();
    assert.equal(there.state.value, "elsewhere", "its words are still on their way");
    one.close("a", saver);
    await turns();
    assert.equal(there.state.value, "here");
});

test("what saves a draft is told that another tab takes it, also when nothing shows it", async () => {
    const locks = new Locks();
    const [one, other] = [new Holds(() => locks.manager), new Holds(() => locks.manager)];
    const saver = one.open("a");
    let losses = 0;
    saver.whenLost(() => {
        losses += 1;
        one.close("a", saver);
    });
    await turns();
    const there = other.open("a");
    await turns();
    there.take();
    await turns();
    assert.equal(losses, 1);
    assert.equal(there.state.value, "here");
});
