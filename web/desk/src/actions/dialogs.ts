// The dialogs of the actions. They are no part of a first visit: each is loaded when it is wanted,
// or once the desk has nothing else to do.

import {defineAsyncComponent, h, type Component, type FunctionalComponent} from "vue";

export type DialogName = "transfer" | "invite" | "consult" | "park" | "join";

const LOADS = {
    transfer: () => import("./TransferDialog.vue"),
    invite: () => import("./InviteDialog.vue"),
    park: () => import("./ParkDialog.vue"),
    join: () => import("./JoinDialog.vue"),
} as const;

const invite: Component = defineAsyncComponent(LOADS.invite);
/** The same dialog, which begins with the other choice. */
const consult: FunctionalComponent = (_, {attrs}) => h(invite, {...attrs, begins: "Consult"});

export const DIALOGS: Record<DialogName, Component> = {
    transfer: defineAsyncComponent(LOADS.transfer),
    invite,
    consult,
    park: defineAsyncComponent(LOADS.park),
    join: defineAsyncComponent(LOADS.join),
};

/** Loads them all, so that they open at once, also without a connection. */
export function loadDialogs(): void {
    for (const load of Object.values(LOADS)) {
        // Whoever opens it later asks again.
        load().catch(() => {});
    }
}
