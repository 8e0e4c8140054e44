// One tab of a browser writes a draft at a time; the others show it. Two that save by turns would
// put older words over newer.

import {onScopeDispose, shallowRef} from "vue";
import {useDesk} from "../app/context.ts";
import type {Desk} from "../state/desk.ts";

/** `asked` until it is known who has it; `lost` is `elsewhere` after it was here. */
export type HoldState = "asked" | "here" | "elsewhere" | "lost";

/** Draft ids under which a tab holds them have this before. */
const LOCK = "handoff-desk-letter";

export class Hold {
    readonly state = shallowRef<HoldState>("asked");
    /** What shows the draft or saves it: it is held as long as there is any of that. */
    users = 0;
    readonly #name: string;
    readonly #locks: LockManager | undefined;
    /** Ends the wait for another tab. */
    readonly #waiting = new AbortController();
    readonly #listeners = new Set<() => void>();
    #isOver = false;
    #release = (): void => {};

    constructor(draftId: string, locks: LockManager | undefined) {
        this.#name = `${LOCK}:${draftId}`;
        this.#locks = locks;
        this.#ask({ifAvailable: true});
    }

    /** Writes here from now on; the other tab stops. */
    take(): void {
        this.#ask({steal: true});
    }

    /** Calls `run` when another tab takes it, until the returned function is called. */
    whenLost(run: () => void): () => void {
        this.#listeners.add(run);
        return () => this.#listeners.delete(run);
    }

    end(): void {
        this.#isOver = true;
        this.#waiting.abort();
        this.#release();
    }

    #ask(options: LockOptions): void {
        // A page that did not come over TLS has no locks: whoever saves last is right there.
        if (this.#locks === undefined) {
            this.state.value = "here";
            return;
        }
        const {signal} = options;
        // It fails when another tab takes it.
        void this.#locks.request(this.#name, options, (lock) => this.#held(lock)).catch(() => {
            if (!this.#isOver && signal?.aborted !== true) {
                this.state.value = "lost";
                [...this.#listeners].forEach((run) => run());
                this.#wait();
            }
        });
    }

    async #held(lock: Lock | null): Promise<void> {
        if (this.#isOver) {
            return;
        }
        if (lock === null) {
            this.state.value = "elsewhere";
            this.#wait();
            return;
        }
        this.state.value = "here";
        await new Promise<void>((resolve) => {
            this.#release = resolve;
        });
    }

    /** When the other tab is closed, the draft is written here. */
    #wait(): void {
        if (!this.#waiting.signal.aborted) {
            this.#ask({signal: this.#waiting.signal});
        }
    }
}

/** The drafts that this tab shows or saves, by id. */
export class Holds {
    readonly #holds = new Map<string, Hold>();
    readonly #locks: () => LockManager | undefined;

    constructor(locks: () => LockManager | undefined) {
        this.#locks = locks;
    }

    open(draftId: string): Hold {
        const hold = this.#holds.get(draftId) ?? new Hold(draftId, this.#locks());
        this.#holds.set(draftId, hold);
        hold.users += 1;
        return hold;
    }

    /** Whoever opened it is done with it. */
    close(draftId: string, hold: Hold): void {
        hold.users -= 1;
        if (hold.users === 0) {
            this.#holds.delete(draftId);
            hold.end();
        }
    }
}

const holds = new WeakMap<Desk, Holds>();

export function holdsOf(desk: Desk): Holds {
    const own = holds.get(desk) ?? new Holds(() => navigator.locks);
    holds.set(desk, own);
    return own;
}

/** Asks for a draft for as long as it is shown. */
export function useHold(draftId: string): Hold {
    const own = holdsOf(useDesk().desk);
    const hold = own.open(draftId);
    onScopeDispose(() => own.close(draftId, hold));
    return hold;
}
