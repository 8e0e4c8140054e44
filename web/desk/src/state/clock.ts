// The server's time, for countdowns and waits: what the clock of this computer says does not
// matter, and a step of it changes nothing.

/** What the clock reads: ms since some fixed moment, which no step of the wall clock moves. */
export type Monotonic = () => number;

/** Answers that are compared; the one that was fastest on its way counts. */
const SAMPLES_MAX = 10;

/** Returns the monotonic clock of a page. */
export const pageClock: Monotonic = () => performance.timeOrigin + performance.now();

export class ServerClock {
    readonly #monotonic: Monotonic;
    #samples: {offset: number; lag: number}[] = [];
    #offset: number;

    constructor(monotonic: Monotonic, wall: () => number = Date.now) {
        this.#monotonic = monotonic;
        // Until the server has said what time it is.
        this.#offset = wall() - monotonic();
    }

    /** Returns the server's time, in ms since 1970. */
    now(): number {
        return this.#monotonic() + this.#offset;
    }

    /** Returns the clock that a request's time is told by; give it back to `answered`. */
    stamp(): number {
        return Math.round(this.#monotonic());
    }

    /**
     * The server answered a message that was sent at `sent`, which it got at `serverTime` and kept
     * for `kept` ms.
     */
    answered(sent: number, serverTime: number, kept: number): void {
        const lag = Math.max(0, (this.#monotonic() - sent - kept) / 2);
        const sample = {offset: serverTime - sent - lag, lag};
        this.#samples = [...this.#samples, sample].slice(-SAMPLES_MAX);
        const best = this.#samples.reduce((a, b) => (b.lag < a.lag ? b : a));
        this.#offset = best.offset;
    }

    /** A new connection: the computer may have slept, and its monotonic clock with it. */
    begin(): void {
        this.#samples = [];
    }
}
