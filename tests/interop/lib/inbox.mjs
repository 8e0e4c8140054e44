// The messages that a client received, and bounded waiting for more.

import {BOUND} from "./center.mjs";

/** Messages in the order of their arrival; each is given once. */
export class Inbox {
    /** Everything that ever came, as {channel, data}. */
    all = [];
    #messages = [];
    #waiting = [];

    /** Adds a message as {channel, data}. */
    push(message) {
        this.all.push(message);
        const waiter = this.#waiting.findIndex(one => one.wanted(message));
        if (waiter >= 0) {
            this.#waiting.splice(waiter, 1)[0].resolve(message);
        } else {
            this.#messages.push(message);
        }
    }

    /** Waits for a message that `wanted` accepts; those passed over can be expected later. */
    expect(what, wanted) {
        const found = this.#messages.findIndex(wanted);
        if (found >= 0) {
            return Promise.resolve(this.#messages.splice(found, 1)[0]);
        }
        return new Promise((resolve, reject) => {
            const waiter = {wanted};
            const timer = setTimeout(() => {
                this.#waiting = this.#waiting.filter(one => one !== waiter);
                const left = this.#messages.map(message => `\n  ${JSON.stringify(message)}`).join("");
                reject(new Error(`no message came that is ${what}; not asked for yet:${left || " nothing"}`));
            }, BOUND);
            waiter.resolve = message => {
                clearTimeout(timer);
                resolve(message);
            };
            this.#waiting.push(waiter);
        });
    }
}
