// What a section reads of an interaction, when it is opened and whenever that may have changed.

import {onScopeDispose, shallowRef, watch, type ShallowRef} from "vue";
import {useContext, useDesk} from "../app/context.ts";
import type {Api} from "../api/http.ts";

export interface Read<T> {
    /** `null` until something was read; without an answer what was read stays. */
    value: Readonly<ShallowRef<T | null>>;
    again(): Promise<void>;
}

/**
 * Reads when `of` gives another value, or when everything is read again. An answer that comes
 * after a newer question is dropped.
 */
export function useRead<T>(of: () => string, read: (api: Api) => Promise<T>): Read<T> {
    const {api} = useContext();
    const {state} = useDesk();
    const value = shallowRef<T | null>(null);
    let asked = 0;
    const again = async (): Promise<void> => {
        asked += 1;
        const mine = asked;
        const answer = await read(api).catch(() => null);
        if (answer !== null && mine === asked) {
            value.value = answer;
        }
    };
    watch(() => `${of()} ${state.value.lastRead}`, () => void again(), {immediate: true});
    onScopeDispose(() => {
        asked += 1;
    });
    return {value, again};
}
