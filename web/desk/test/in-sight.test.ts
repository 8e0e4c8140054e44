import assert from "node:assert/strict";
import test from "node:test";
import {piecesOf} from "../src/list/in-sight.ts";
import type {ShownRow} from "../src/state/held.ts";

const rows = (...ids: string[]) => ids.map((id) => ({id}) as ShownRow);
const told = (there: number[]) =>
    piecesOf(rows("a", "b", "c", "d", "e"), 10, new Set(there)).map((piece) =>
        piece.kind === "row" ? `${piece.row.id}${piece.place}` : `gap of ${piece.rows}`);

test("what is not there leaves a gap of its height, and what is pinned stays in its place", () => {
    assert.deepEqual(told([10, 11, 12, 13, 14]), ["a10", "b11", "c12", "d13", "e14"]);
    assert.deepEqual(told([12]), ["gap of 2", "c12", "gap of 2"]);
    assert.deepEqual(told([10, 13]), ["a10", "gap of 2", "d13", "gap of 1"]);
    assert.deepEqual(told([]), ["gap of 5"]);
});
