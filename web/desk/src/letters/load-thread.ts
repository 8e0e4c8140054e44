// The page of letters is no part of a first visit: it comes with the first letter that is opened, or
// once the desk has nothing else to do.

export const loadThread = () => import("./LetterThread.vue");
