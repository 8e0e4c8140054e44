// How a part of the page asks for the end of work.

import type {InjectionKey} from "vue";

export const leaveKey: InjectionKey<() => void> = Symbol("leave");
