// The parts of the page, between which F6 goes and to which the skip links lead.

import {onScopeDispose, shallowReactive} from "vue";

/** In the order in which they are gone through. */
export const PARTS = [
    "bar", "pages", "page", "list", "conversation", "composer", "details", "offers",
] as const;

export type PartName = (typeof PARTS)[number];

/** The parts that are on the page now. */
export const partsShown = shallowReactive(new Set<PartName>());

/** Returns what makes an element a part, for `v-bind`, as long as the component lives. */
export function usePart(name: PartName): {id: string; "data-part": PartName} {
    partsShown.add(name);
    onScopeDispose(() => partsShown.delete(name));
    return {id: name, "data-part": name};
}

/** Where the focus was last in each part: one comes back to it. */
const last = new Map<PartName, WeakRef<HTMLElement>>();

const FOCUSABLE =
    'a[href], button, input, textarea, select, [tabindex]:not([tabindex="-1"])';

/** Remembers where the focus is; call it for every `focusin`. */
export function remember(target: EventTarget | null): void {
    if (target instanceof HTMLElement) {
        const part = partOf(target);
        if (part !== null) {
            last.set(part, new WeakRef(target));
        }
    }
}

/** Returns the part of an element; `null` outside of all. */
export function partOf(element: Element | null): PartName | null {
    const name = element?.closest<HTMLElement>("[data-part]")?.dataset["part"];
    return PARTS.find((part) => part === name) ?? null;
}

/**
 * Goes to the next or previous part that is shown. Returns whether there was one: after the last
 * the browser goes on with its own parts.
 */
export function go(direction: "next" | "previous"): boolean {
    const here = partOf(document.activeElement);
    const at = here === null ? -1 : PARTS.indexOf(here);
    const order = direction === "next"
        ? PARTS.slice(at + 1)
        : PARTS.slice(0, here === null ? PARTS.length : at).reverse();
    return order.some(goTo);
}

/** Goes to a part; returns whether it is shown. */
export function goTo(part: PartName): boolean {
    const shown = elementOf(part);
    if (shown === undefined) {
        return false;
    }
    const before = last.get(part)?.deref();
    if (before !== undefined && shown.contains(before) && focus(before)) {
        return true;
    }
    // The list and the transcript say which of their stops is the one.
    const first = shown.querySelector<HTMLElement>("[data-part-stop]");
    const others = shown.querySelectorAll<HTMLElement>(FOCUSABLE);
    return [shown, ...(first === null ? [] : [first]), ...others]
        .filter((element) => element !== shown || element.tabIndex >= 0)
        .some(focus);
}

/** Returns whether a part is there to be seen; a drawer may be shut. */
export function isInSight(part: PartName): boolean {
    return elementOf(part) !== undefined;
}

function elementOf(part: PartName): HTMLElement | undefined {
    return [...document.querySelectorAll<HTMLElement>(`[data-part="${part}"]`)]
        .find((element) => element.checkVisibility());
}

function focus(element: HTMLElement): boolean {
    if (element.checkVisibility()) {
        element.focus();
    }
    return document.activeElement === element;
}
