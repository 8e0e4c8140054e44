// What kind of computer this is, for the names of keys.

/** Whether ⌘ stands for Ctrl. */
export const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);
