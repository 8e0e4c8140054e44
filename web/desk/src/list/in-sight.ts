// Which rows of a long list are there: those in sight, some around them, and those that must not go
// because they have the focus or are chosen. In place of the others stand gaps of their height, so
// the bar to scroll tells the truth and nothing moves.

import {useVirtualizer} from "@tanstack/vue-virtual";
import {computed, onMounted, ref, watch, type ComputedRef, type Ref} from "vue";
import type {ShownGroup, ShownRow} from "../state/held.ts";

/** Up to so many rows all are there: a browser has no trouble, and finds them by its own search. */
export const WHOLE_MAX = 100;
/** Rows beyond those in sight, so that scrolling shows no empty place. */
const AROUND = 15;
/** How high a row is until one was measured, in px. */
const ROW_PX = 56;

export type Piece =
    | {kind: "row"; row: ShownRow; place: number}
    | {kind: "gap"; key: string; rows: number};

/** Returns rows and gaps of a group, whose first row has that place in the whole list. */
export function piecesOf(rows: ShownRow[], first: number, there: Set<number>): Piece[] {
    const pieces: Piece[] = [];
    rows.forEach((row, at) => {
        const place = first + at;
        const last = pieces.at(-1);
        if (there.has(place)) {
            pieces.push({kind: "row", row, place});
        } else if (last?.kind === "gap") {
            last.rows += 1;
        } else {
            pieces.push({kind: "gap", key: `gap ${place}`, rows: 1});
        }
    });
    return pieces;
}

interface Surroundings {
    groups: ComputedRef<ShownGroup[]>;
    scroller: Readonly<Ref<HTMLElement | null>>;
    /** Rows that stay, wherever one scrolls. */
    pinned: ComputedRef<(string | null)[]>;
}

export function useRowsInSight({groups, scroller, pinned}: Surroundings) {
    const rowPx = ref(ROW_PX);
    const rows = computed(() => groups.value.flatMap((group) => group.rows));
    const isWhole = computed(() => rows.value.length <= WHOLE_MAX);
    const virtualizer = useVirtualizer(computed(() => ({
        count: isWhole.value ? 0 : rows.value.length,
        getScrollElement: () => scroller.value,
        estimateSize: () => rowPx.value,
        overscan: AROUND,
    })));
    const measure = (): void => {
        const height = scroller.value?.querySelector<HTMLElement>("[role=option]")?.offsetHeight;
        if (height !== undefined && height > 0 && height !== rowPx.value) {
            rowPx.value = height;
            virtualizer.value.measure();
        }
    };
    onMounted(measure);
    watch(() => rows.value.length, measure, {flush: "post"});
    const pieces = computed(() => {
        const stay = new Set(pinned.value);
        const inSight = virtualizer.value.getVirtualItems().map(({index}) => index);
        const there = new Set(isWhole.value
            ? rows.value.keys()
            : [...inSight, ...rows.value.flatMap(({id}, at) => (stay.has(id) ? [at] : []))]);
        let first = 0;
        return groups.value.map((group) => {
            const found = piecesOf(group.rows, first, there);
            first += group.rows.length;
            return {...group, pieces: found};
        });
    });
    return {pieces, rowPx, size: computed(() => (isWhole.value ? undefined : rows.value.length))};
}
