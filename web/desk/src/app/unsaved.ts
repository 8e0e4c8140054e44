// What was typed and not saved: whoever would leave it behind is asked first.

import {onScopeDispose} from "vue";
import {useRouter} from "vue-router";
import {SETTINGS, SIGN_IN} from "./addresses.ts";

/** Asks; returns whether it may be left. */
type Ask = () => Promise<boolean>;

let asked: Ask = () => Promise.resolve(true);

/** Returns whether the page may be left, after asking where something would be lost. */
export function mayLeave(): Promise<boolean> {
    return asked();
}

/** Asks before what is not saved is left, as long as the component lives. */
export function useUnsaved(has: () => boolean, ask: Ask): void {
    const router = useRouter();
    const own = router.currentRoute.value.path;
    const mine: Ask = async () => !has() || ask();
    asked = mine;
    const stop = router.beforeEach(({path}) =>
        // The settings lie over it, and whoever signs out was asked before.
        path === own || path === SETTINGS || path === SIGN_IN || mine());
    const unload = (event: BeforeUnloadEvent): void => {
        if (has()) {
            event.preventDefault();
        }
    };
    addEventListener("beforeunload", unload);
    onScopeDispose(() => {
        stop();
        removeEventListener("beforeunload", unload);
        if (asked === mine) {
            asked = () => Promise.resolve(true);
        }
    });
}
