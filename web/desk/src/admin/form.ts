// What a form has, and what was changed in it. It knows no page and no request.

/** Levels or numbers by name, as they are typed. */
export type Levels = Record<string, string>;

/** One widening of a queue's search, as it is typed. */
export interface Step {
    /** After how long a wait, in s. */
    after: string;
    groups: string[];
    skills: Levels;
}

export type Value = string | boolean | string[] | Levels | Step[];

/** The fields of a thing of the contact center, as a form has them. */
export type Form = Record<string, Value>;

/** Returns the fields in which two forms differ, in the order of the first. */
export function differing<F extends Form>(one: F, other: F): (keyof F & string)[] {
    return Object.keys(one).filter((field) => canonical(one[field]) !== canonical(other[field]));
}

/** Returns a form in which what somebody else changed is as they have it, but for one's own. */
export function withTheirs<F extends Form>(form: F, begun: F, now: F): F {
    const own = differing(form, begun);
    const theirs = differing(now, begun).filter((field) => !own.includes(field));
    return {...form, ...Object.fromEntries(theirs.map((field) => [field, now[field]]))};
}

/** Returns the fields that somebody else or oneself changed, and whether one's own is sent. */
export function overtakenRows<F extends Form>(
    form: F,
    base: F,
    now: F,
): {field: string; isYours: boolean}[] {
    const [yours, theirs] = [differing(form, base), differing(now, base)];
    return Object.keys(form)
        .filter((field) => yours.includes(field) || theirs.includes(field))
        .map((field) => ({field, isYours: yours.includes(field)}));
}

/** Returns a copy that shares nothing with a form, which a page may watch. */
export function copyOf<F extends Form>(form: F): F {
    return JSON.parse(JSON.stringify(form)) as F;
}

/** Groups and levels have no order; steps have one. */
function canonical(value: Value | undefined): string {
    if (!Array.isArray(value)) {
        return JSON.stringify(typeof value === "object" ? sorted(value) : value);
    }
    const isSteps = value.some((one) => typeof one === "object");
    return isSteps
        ? JSON.stringify((value as Step[]).map(({after, groups, skills}) =>
            [after.trim(), [...groups].sort(), sorted(skills)]))
        : JSON.stringify([...(value as string[])].sort());
}

function sorted(levels: Levels): [string, string][] {
    return Object.entries(levels)
        .map(([name, level]): [string, string] => [name, level.trim()])
        .sort(([one], [other]) => (one < other ? -1 : 1));
}
