// What was chosen for an interaction that is not open: it opens, and its header does it.

import {shallowRef} from "vue";
import type {ActionName} from "./offered.ts";

export interface Wish {
    id: string;
    name: ActionName;
}

export const wish = shallowRef<Wish | null>(null);
