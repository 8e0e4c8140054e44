// Where the desk is: below which address, and what the addresses below it show.

import {
    createRouter, createWebHistory, type RouteLocationNormalizedLoaded, type Router,
} from "vue-router";
import {shallowRef, type ShallowRef} from "vue";
import {ADMIN, MINE, SETTINGS, SIGN_IN} from "./addresses.ts";
import AdminGate from "./AdminGate.vue";
import DeskPlace from "./DeskPlace.vue";
import NowherePlace from "./NowherePlace.vue";
import SignInPlace from "./SignInPlace.vue";

/** What has a table, and each of it a page. */
const KEPT = "users|groups|skills|queues|workbins|services|mailboxes|webhooks|reasons"
    + "|outcomes";

/** Returns the places; `base` is the address of the desk, with a slash at its end. */
export function makeRouter(base: string): Router {
    return createRouter({
        history: createWebHistory(new URL(base).pathname),
        routes: [
            {path: "/", redirect: MINE},
            {path: "/desk", redirect: MINE},
            {path: SIGN_IN, component: SignInPlace},
            // A dialog over the place where one is, or over the list for whoever begins here.
            {path: SETTINGS, component: DeskPlace},
            {
                path: "/desk/:list(mine|drafts|parked|queues|search)/:interactionId?",
                component: DeskPlace,
            },
            {path: "/admin", redirect: ADMIN},
            {
                path: `/admin/:page(${KEPT})/:id?`,
                component: AdminGate,
            },
            {path: "/admin/:page(nodes|changes|retention)", component: AdminGate},
            {path: "/admin/:page(erasure)/:id?", component: AdminGate},
            {path: "/:rest(.*)*", component: NowherePlace},
        ],
    });
}

/** Returns the place that is shown: the settings lie over the one before. */
export function placeBelow(router: Router): ShallowRef<RouteLocationNormalizedLoaded> {
    const place = shallowRef(router.currentRoute.value);
    router.afterEach((to, _, failure) => {
        // Whoever was asked and stays is where they were.
        if (failure === undefined && (to.path !== SETTINGS || place.value.matched.length === 0)) {
            place.value = to;
        }
    });
    return place;
}
