// What is half typed in a dialog: it stays over whatever becomes of the dialog, until it is done.

import {ref, watch, type Ref} from "vue";
import {useDesk} from "../app/context.ts";
import type {Desk} from "../state/desk.ts";

const typed = new WeakMap<Desk, Map<string, string>>();

/** Returns what a desk's user has typed under a name, as long as the page lives. */
export function useKeptWords(name: string): Ref<string> {
    const {desk} = useDesk();
    const own = typed.get(desk) ?? new Map<string, string>();
    typed.set(desk, own);
    const words = ref(own.get(name) ?? "");
    watch(words, (now) => (now === "" ? own.delete(name) : own.set(name, now)), {flush: "sync"});
    return words;
}
