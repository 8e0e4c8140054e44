// The dialogs over the desk as a whole, and how any part of it opens one. What is no part of a
// first visit is loaded when it is wanted, or once the desk has nothing else to do.

import {defineAsyncComponent, inject, type Component, type InjectionKey} from "vue";
import {loadThread} from "../letters/load-thread.ts";

const LOADS = {
    settings: () => import("./SettingsDialog.vue"),
    password: () => import("./PasswordDialog.vue"),
    reason: () => import("./ReasonDialog.vue"),
    keys: () => import("./KeysDialog.vue"),
    help: () => import("./HelpDialog.vue"),
    person: () => import("./PersonDialog.vue"),
} as const;

/** Those that are opened by name; the settings have an address, and a person is one of many. */
export type DialogName = Exclude<keyof typeof LOADS, "settings" | "person">;

export const DIALOGS: Record<keyof typeof LOADS, Component> = {
    settings: defineAsyncComponent(LOADS.settings),
    password: defineAsyncComponent(LOADS.password),
    reason: defineAsyncComponent(LOADS.reason),
    keys: defineAsyncComponent(LOADS.keys),
    help: defineAsyncComponent(LOADS.help),
    person: defineAsyncComponent(LOADS.person),
};

/** Loads them all, and the page of letters: they open at once, also without a connection. */
export function loadDialogs(): void {
    for (const load of [...Object.values(LOADS), loadThread]) {
        // Whoever opens it later asks again.
        load().catch(() => {});
    }
}

export interface Dialogs {
    open(name: DialogName): void;
    openSettings(): void;
}

export const dialogsKey: InjectionKey<Dialogs> = Symbol("dialogs");

export function useDialogs(): Dialogs {
    return inject(dialogsKey, {open() {}, openSettings() {}});
}
