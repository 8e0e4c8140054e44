// The dialogs of the actions. They are no part of a first visit: each is loaded when it is wanted,
// or once the desk has nothing else to do.

import {h, type Component, type FunctionalComponent} from "vue";
import {part, whole} from "../ui/whole.ts";

export type DialogName = "transfer" | "invite" | "consult" | "park" | "join";

const LOADS = {
    transfer: () => import("./TransferDialog.vue"),
    invite: () => import("./InviteDialog.vue"),
    park: () => import("./ParkDialog.vue"),
    join: () => import("./JoinDialog.vue"),
} as const;

const invite: Component = part(LOADS.invite);
/** The same dialog, which begins with the other choice. */
const consult: FunctionalComponent = (_, {attrs}) => h(invite, {...attrs, begins: "Consult"});

export const DIALOGS: Record<DialogName, Component> = {
    transfer: part(LOADS.transfer),
    invite,
    consult,
    park: part(LOADS.park),
    join: part(LOADS.join),
};

/** Loads them all, so that they open at once, also without a connection. */
export function loadDialogs(): void {
    for (const load of Object.values(LOADS)) {
        // Whoever opens it later asks again.
        whole(load).catch(() => {});
    }
}
