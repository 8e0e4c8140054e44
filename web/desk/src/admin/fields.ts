// What the parts of a form have in common.

import {inject, onScopeDispose, provide, shallowReactive, type InjectionKey} from "vue";
import type {Fault} from "./faults.ts";

/** Says what is wrong at a control; `null` when nothing is. */
export type FaultOf = (at: string) => string | null;

/** Returns the id of a control: there is one form on the page at a time. */
export function controlId(at: string): string {
    return `field-${at}`;
}

/**
 * Finds the control of what is wrong; where that is gone since, as a step, what it was in.
 * `find` finds by id.
 */
export function controlAt<T>(at: string, find: (id: string) => T | null): T | null {
    for (let way = at.split("."); way.length > 0; way = way.slice(0, -1)) {
        const control = find(controlId(way.join(".")));
        if (control !== null) {
            return control;
        }
    }
    return null;
}

type Find = () => Fault[];

const BESIDE: InjectionKey<Set<Find>> = Symbol("beside");

/** Returns how what is wrong in the controls alone is found, which no field of the form has. */
export function provideBeside(): Find {
    const finds = shallowReactive(new Set<Find>());
    provide(BESIDE, finds);
    return () => [...finds].flatMap((find) => find());
}

/** Has something found that is typed into a control and in no field, while that is there. */
export function useBeside(find: Find): void {
    const finds = inject(BESIDE, undefined);
    finds?.add(find);
    onScopeDispose(() => finds?.delete(find));
}
