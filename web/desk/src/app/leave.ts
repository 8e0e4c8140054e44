// How a part of the page asks to leave: this computer, or work as well.

import {inject, type InjectionKey} from "vue";

export interface Leave {
    signOut(): void;
    /** Asks first, and says what becomes of what is open. */
    endWork(): void;
}

export const leaveKey: InjectionKey<Leave> = Symbol("leave");

export function useLeave(): Leave {
    return inject(leaveKey, {signOut() {}, endWork() {}});
}
