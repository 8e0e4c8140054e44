// Whether a condition of the screen holds, for what styles alone cannot do.

import {onScopeDispose, readonly, ref, type Ref} from "vue";

/** Wide enough for three columns. */
export const WIDE = "(min-width: 1240px)";
/** One part at a time. */
export const PHONE = "(max-width: 767px)";

export function useMedia(query: string): Readonly<Ref<boolean>> {
    const list = matchMedia(query);
    const holds = ref(list.matches);
    const changed = (): void => {
        holds.value = list.matches;
    };
    list.addEventListener("change", changed);
    onScopeDispose(() => list.removeEventListener("change", changed));
    return readonly(holds);
}
