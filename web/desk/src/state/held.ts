// What a list shows, as against what there is: while a hand or the focus is in it nothing changes
// its place, and what went stays a moment, struck through.

import type {Departure} from "./model.ts";
import type {Group, Row} from "./lists.ts";

export interface ShownRow extends Row {
    /** Whether it is not in this list any more. */
    isGone: boolean;
    /** What became of it, where that was told. */
    departure: Departure | null;
}

export interface ShownGroup {
    key: string;
    name: string | null;
    rows: ShownRow[];
}

export interface Shown {
    groups: ShownGroup[];
    /** What came and is not shown yet. */
    hidden: number;
}

export const NOTHING_SHOWN: Shown = {groups: [], hidden: 0};

/** Whether a hand or the focus is in the list. */
export type Hold = "held" | "free";

/** Returns what is shown next, from what was shown, what there is, and what went. */
export function shownNext(
    before: Shown,
    fresh: Group[],
    departures: Departure[],
    hold: Hold,
): Shown {
    const went = new Map(
        departures.filter(isTaken).map((one) => [one.interaction.id, one] as const),
    );
    return hold === "held" && before.groups.length > 0
        ? held(before, fresh, went)
        : {groups: withGone(before, fresh, went), hidden: 0};
}

/**
 * Returns where the focus goes on to from the row of what one has ended oneself; `null` when it
 * stays where it is.
 */
export function goesOnTo(
    {groups}: Shown,
    departures: Departure[],
    focused: string | null,
): string | null {
    const rows = groups.flatMap((group) => group.rows);
    const at = rows.findIndex(({id, isGone}) => id === focused && isGone);
    const isOwn = departures.some((one) => one.interaction.id === focused && one.isOwn);
    if (at === -1 || !isOwn) {
        return null;
    }
    const isThere = ({isGone}: ShownRow): boolean => !isGone;
    const next = rows.slice(at + 1).find(isThere) ?? rows.slice(0, at).findLast(isThere);
    return next?.id ?? null;
}

/** What one has done oneself needs no trace. */
function isTaken({state, to}: Departure): boolean {
    return state === "Revoked" || state === "Canceled" || to !== null;
}

/** Every row stays where it is; only what it says changes. */
function held(before: Shown, fresh: Group[], went: Map<string, Departure>): Shown {
    const rows = new Map(fresh.flatMap((group) => group.rows.map((row) => [row.id, row] as const)));
    const groups = before.groups.map((group) => ({
        ...group,
        rows: group.rows.map((row): ShownRow => {
            const now = rows.get(row.id);
            return now === undefined
                ? {...row, isGone: true, departure: row.departure ?? went.get(row.id) ?? null}
                : {...now, group: group.key, isGone: false, departure: null};
        }),
    }));
    const known = new Set(groups.flatMap((group) => group.rows.map((row) => row.id)));
    return {groups, hidden: [...rows.keys()].filter((id) => !known.has(id)).length};
}

/** What there is, with what went just now where it stood. */
function withGone(before: Shown, fresh: Group[], went: Map<string, Departure>): ShownGroup[] {
    const present = new Set(fresh.flatMap((group) => group.rows.map((row) => row.id)));
    const groups = fresh.map((group): ShownGroup => ({...group, rows: group.rows.map(standing)}));
    for (const group of before.groups) {
        const left = group.rows.filter((row) => !present.has(row.id) && went.has(row.id));
        if (left.length === 0) {
            continue;
        }
        let target = groups.find((one) => one.key === group.key);
        if (target === undefined) {
            target = {...group, rows: []};
            groups.push(target);
        }
        for (const row of left) {
            const departure = went.get(row.id) ?? null;
            insert(target.rows, group.rows, {...row, isGone: true, departure});
        }
    }
    return groups;
}

function standing(row: Row): ShownRow {
    return {...row, isGone: false, departure: null};
}

/** Puts a row behind the nearest of those that stood before it. */
function insert(rows: ShownRow[], before: ShownRow[], row: ShownRow): void {
    const place = before.findIndex((one) => one.id === row.id);
    const predecessors = new Set(before.slice(0, place).map((one) => one.id));
    const at = rows.findLastIndex((one) => predecessors.has(one.id));
    rows.splice(at + 1, 0, row);
}
