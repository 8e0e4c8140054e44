// Words that somebody chose elsewhere on the page, for the composer of an interaction: they stand in
// it, and go when they are sent like others.

import {shallowRef} from "vue";

export const suggested = shallowRef<{interactionId: string; text: string} | null>(null);
