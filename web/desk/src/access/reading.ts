// A list of the server's that a dialog shows and takes from.

import {ref, shallowRef, type Ref, type ShallowRef} from "vue";
import {saidOf} from "../api/trouble.ts";

export interface Reading<T> {
    /** What was read last; `null` before the first time. */
    rows: ShallowRef<T[] | null>;
    /** Why it could not be read, in the server's words where it said any. */
    trouble: Ref<string | null>;
    read(): Promise<void>;
}

/** Reads a list at once, and again whenever somebody wants it. */
export function useReading<T>(load: () => Promise<T[]>): Reading<T> {
    const rows: ShallowRef<T[] | null> = shallowRef(null);
    const trouble = ref<string | null>(null);
    async function read(): Promise<void> {
        try {
            rows.value = await load();
            trouble.value = null;
        } catch (failed) {
            trouble.value = saidOf(failed);
        }
    }
    void read();
    return {rows, trouble, read};
}
