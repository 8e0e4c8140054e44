// The dialogs over the desk as a whole, and how any part of it opens one. What is no part of a
// first visit is loaded when it is wanted, or once the desk has nothing else to do.

import {inject, type Component, type InjectionKey} from "vue";
import {importThread} from "../letters/load-thread.ts";
import {part, whole} from "../ui/whole.ts";

const LOADS = {
    settings: () => import("./SettingsDialog.vue"),
    password: () => import("./PasswordDialog.vue"),
    choosePassword: () => import("./ChoosePassword.vue"),
    reason: () => import("./ReasonDialog.vue"),
    keys: () => import("./KeysDialog.vue"),
    help: () => import("./HelpDialog.vue"),
    person: () => import("./PersonDialog.vue"),
} as const;

/** What shows nothing without the server is loaded when it is wanted. */
const LATER = {
    access: () => import("../access/AccessDialog.vue"),
} as const;

/**
 * Those that are opened by name; the settings have an address, a person is one of many, and what
 * one must do is asked for.
 */
export type DialogName =
    | Exclude<keyof typeof LOADS, "settings" | "person" | "choosePassword">
    | keyof typeof LATER;

export const DIALOGS: Record<keyof typeof LOADS | keyof typeof LATER, Component> = {
    settings: part(LOADS.settings),
    password: part(LOADS.password),
    access: part(LATER.access),
    choosePassword: part(LOADS.choosePassword),
    reason: part(LOADS.reason),
    keys: part(LOADS.keys),
    help: part(LOADS.help),
    person: part(LOADS.person),
};

/** Loads them, and the page of letters: they open at once, also without a connection. */
export function loadDialogs(): void {
    const loads: (() => Promise<unknown>)[] = [...Object.values(LOADS), importThread];
    for (const load of loads) {
        // Whoever opens it later asks again.
        whole(load).catch(() => {});
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
