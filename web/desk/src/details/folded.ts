// Which sections of the details are folded, whatever is chosen, as long as the page lives.

import {shallowReactive} from "vue";

export const folded = shallowReactive(new Set<string>());
