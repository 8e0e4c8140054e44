// Telling the other side that the customer types: once when they begin, again while they go on, and once when they stop.

import type {Timers} from "./timers.ts";

/** Typing is told again after so long, in ms, and is over after so long without a key. */
const AGAIN_MS = 5_000;
const OVER_MS = 4_000;

/** What the customer's own typing needs. */
export interface TypingOptions {
    timers: Timers;
    now(): number;
    tell(operation: "startTyping" | "stopTyping"): void;
}

/** The customer's own typing. */
export class OwnTyping {
    readonly #options: TypingOptions;
    #isOn = false;
    #last = 0;

    constructor(options: TypingOptions) {
        this.#options = options;
    }

    /** The customer touched a key. */
    types(hasText: boolean): void {
        if (!hasText) {
            this.stops();
            return;
        }
        const now = this.#options.now();
        if (!this.#isOn || now - this.#last >= AGAIN_MS) {
            this.#isOn = true;
            this.#last = now;
            this.#options.tell("startTyping");
        }
        this.#options.timers.set("typing", OVER_MS, () => this.stops());
    }

    /** The customer has stopped, or emptied the field. */
    stops(): void {
        if (this.#isOn) {
            this.ends();
            this.#options.tell("stopTyping");
        }
    }

    /** Typing is over and need not be told: a message says so, or nobody listens any more. */
    ends(): void {
        this.#isOn = false;
        this.#options.timers.cancel("typing");
    }
}
