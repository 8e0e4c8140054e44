// Timers by name: to set one again is to put it off.

/** Runs something later; gives what calls it off. */
export type After = (ms: number, run: () => void) => () => void;

/** What is to happen later. */
export class Timers {
    readonly #after: After;
    readonly #running = new Map<string, () => void>();

    constructor(after: After) {
        this.#after = after;
    }

    /** Runs it once, later. */
    set(name: string, ms: number, run: () => void): void {
        this.cancel(name);
        const cancel = this.#after(ms, () => {
            this.#running.delete(name);
            run();
        });
        this.#running.set(name, cancel);
    }

    /** Whether it is still to happen. */
    has(name: string): boolean {
        return this.#running.has(name);
    }

    cancel(...names: string[]): void {
        for (const name of names) {
            this.#running.get(name)?.();
            this.#running.delete(name);
        }
    }

    cancelAll(): void {
        this.cancel(...this.#running.keys());
    }
}
