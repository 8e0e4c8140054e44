// One tab of a browser writes a draft at a time; the others show it. Two that save by turns would
// put older words over newer.

import {onScopeDispose, shallowRef, type ShallowRef} from "vue";

/** `asked` until it is known who has it; `lost` is `elsewhere` after it was here. */
export type HoldState = "asked" | "here" | "elsewhere" | "lost";

export interface Hold {
    state: Readonly<ShallowRef<HoldState>>;
    is(state: HoldState): boolean;
    /** Writes here from now on; the other tab stops. */
    take(): void;
    release(): void;
}

/** Draft ids under which a tab holds them have this before. */
const LOCK = "handoff-desk-letter";

/** Asks for a draft. Whoever uses it releases it once everything is saved. */
export function useHold(draftId: string): Hold {
    const state = shallowRef<HoldState>("asked");
    let release = (): void => {};
    let isGone = false;

    const ask = (options: LockOptions): void => {
        // A page that did not come over TLS has no locks: whoever saves last is right there.
        if (navigator.locks === undefined) {
            state.value = "here";
            return;
        }
        const held = async (lock: Lock | null): Promise<void> => {
            if (lock === null) {
                state.value = "elsewhere";
                wait();
                return;
            }
            if (isGone) {
                return;
            }
            state.value = "here";
            await new Promise<void>((resolve) => {
                release = resolve;
            });
        };
        // It fails when another tab takes it.
        void navigator.locks.request(`${LOCK}:${draftId}`, options, held).catch(() => {
            if (!isGone && !options.signal?.aborted) {
                state.value = "lost";
                wait();
            }
        });
    };

    /** When the other tab is closed, the draft is written here. */
    const waiting = new AbortController();
    const wait = (): void => ask({signal: waiting.signal});

    ask({ifAvailable: true});
    onScopeDispose(() => {
        waiting.abort();
        isGone = state.value !== "here";
    });
    return {
        state,
        is: (one) => state.value === one,
        take: () => ask({steal: true}),
        release: () => {
            isGone = true;
            release();
        },
    };
}
