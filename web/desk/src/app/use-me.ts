// Who is in, by what was read last, and which places are theirs.

import {computed, type ComputedRef} from "vue";
import type {Me} from "../state/model.ts";
import {isAgent} from "../state/reads.ts";
import {useTexts} from "../texts/in-vue.ts";
import {useContext, useDesk} from "./context.ts";
import {ADMIN, MINE} from "./addresses.ts";
import {meOf} from "./session.ts";

/** A place that one goes to as a whole. */
export interface Place {
    title: string;
    address: string;
    /** What its addresses begin with. */
    below: string;
}

export function useMe(): ComputedRef<Me | null> {
    const {session} = useContext();
    const {state} = useDesk();
    return computed(() => state.value.me ?? meOf(session.gate.value));
}

export function isAdmin(me: Me | null): boolean {
    return me?.roles.includes("ROLE_ADMIN") === true;
}

/** Returns the places of whoever is in; whoever has the desk alone needs no way to it. */
export function usePlaces(): ComputedRef<Place[]> {
    const me = useMe();
    const t = useTexts();
    return computed(() => {
        if (!isAdmin(me.value)) {
            return [];
        }
        const desk = {title: t.value.frame.desk, address: MINE, below: "/desk/"};
        const admin = {title: t.value.frame.admin, address: ADMIN, below: "/admin/"};
        return me.value !== null && isAgent(me.value) ? [desk, admin] : [admin];
    });
}
