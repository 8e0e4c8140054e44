// Holds the one state, and tells whoever listens that there is another.

import {EMPTY, type DeskEvent, type DeskState, type Me} from "./model.ts";
import {reduce} from "./reduce.ts";

export class Store {
    #state: DeskState;
    readonly #listeners = new Set<(state: DeskState) => void>();

    /** Whose it is is known before anything is heard or read. */
    constructor(me: Me) {
        this.#state = {...EMPTY, me};
    }

    get state(): DeskState {
        return this.#state;
    }

    dispatch(event: DeskEvent): void {
        const next = reduce(this.#state, event);
        if (next !== this.#state) {
            this.#state = next;
            for (const listener of [...this.#listeners]) {
                // One before may have changed it again.
                listener(this.#state);
            }
        }
    }

    /** Calls `listener` after each change until the returned function is called. */
    listen(listener: (state: DeskState) => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }
}
