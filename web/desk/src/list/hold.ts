// Whether a hand or the focus is in a list: then nothing there changes its place.

import {computed, onScopeDispose, ref, type ComputedRef, type Ref} from "vue";
import type {Hold} from "../state/held.ts";

export interface Holding {
    hold: ComputedRef<Hold>;
    /** For the element of the list. */
    listeners: Record<string, (event: Event) => void>;
    /** What came is wanted now. */
    release(): void;
}

export function useHold(element: Readonly<Ref<HTMLElement | null>>): Holding {
    const isPointed = ref(false);
    const isFocused = ref(false);
    // Whoever types elsewhere has no hand here, wherever the pointer was left.
    const typed = (event: KeyboardEvent): void => {
        if (event.target instanceof Node && element.value?.contains(event.target) !== true) {
            isPointed.value = false;
        }
    };
    addEventListener("keydown", typed, true);
    onScopeDispose(() => removeEventListener("keydown", typed, true));
    return {
        hold: computed(() => (isPointed.value || isFocused.value ? "held" : "free")),
        listeners: {
            pointermove: () => {
                isPointed.value = true;
            },
            pointerleave: () => {
                isPointed.value = false;
            },
            focusin: () => {
                isFocused.value = true;
            },
            focusout: (event) => {
                const to = (event as FocusEvent).relatedTarget;
                isFocused.value = to instanceof Node && element.value?.contains(to) === true;
            },
        },
        release() {
            isPointed.value = false;
            isFocused.value = false;
        },
    };
}
