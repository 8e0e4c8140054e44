// The page of letters is no part of a first visit: it comes with the first letter that is opened, or
// once the desk has nothing else to do.

import {whole} from "../ui/whole.ts";

export const importThread = () => import("./LetterThread.vue");

/** Loads it ahead. */
export const loadThread = () => whole(importThread);
