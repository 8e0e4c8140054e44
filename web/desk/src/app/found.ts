// What the box for commands finds.

import type {Command} from "./commands.ts";
import {foundKey, type FoundPerson} from "./find-people.ts";
import type {FoundWork} from "./find-work.ts";

export type Found = Command | FoundPerson | FoundWork;

/** Returns by what something is told from all else, wherever it stands: a command is itself. */
export function keyOf(one: Found): Command | string {
    if ("run" in one) {
        return one;
    }
    return "kind" in one ? foundKey(one) : one.id;
}

export type SectionName = "commands" | "people" | "work";

export interface Section {
    name: SectionName;
    /** The place of its first among all that was found. */
    first: number;
    found: Found[];
}

/**
 * Returns what was found in the order in which it is shown; what comes while a hand is among the
 * rest stands below it.
 */
export function sectionsOf(
    found: Record<SectionName, Found[]>,
    arePeopleLast: boolean,
): Section[] {
    const names: SectionName[] = arePeopleLast
        ? ["commands", "work", "people"]
        : ["commands", "people", "work"];
    let first = 0;
    return names.filter((name) => found[name].length > 0).map((name) => {
        const at = first;
        first += found[name].length;
        return {name, first: at, found: found[name]};
    });
}
