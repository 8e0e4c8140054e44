// What is asked for twice is done once.

import type {Ref} from "vue";

/**
 * Runs something unless it is still running from before, and says meanwhile that it does. Returns
 * whether it ran.
 */
export async function alone(isBusy: Ref<boolean>, run: () => Promise<void>): Promise<boolean> {
    if (isBusy.value) {
        return false;
    }
    isBusy.value = true;
    try {
        await run();
        return true;
    } finally {
        isBusy.value = false;
    }
}
