import assert from "node:assert/strict";
import {test} from "node:test";
import {untilAt} from "../src/actions/until.ts";

/** A Thursday, by the clock of this computer. */
const THURSDAY = new Date(2026, 11, 3, 15, 30).getTime();
const at = (month: number, day: number): number => new Date(2026, month, day, 9).getTime();

test("tomorrow and Monday are their mornings, and today's Monday is the next", () => {
    assert.equal(untilAt("none", "", THURSDAY), null);
    assert.equal(untilAt("hour", "", THURSDAY), THURSDAY + 3_600_000);
    assert.equal(untilAt("tomorrow", "", THURSDAY), at(11, 4));
    assert.equal(untilAt("monday", "", THURSDAY), at(11, 7));
    assert.equal(untilAt("monday", "", new Date(2026, 11, 6, 1).getTime()), at(11, 7));
    assert.equal(untilAt("monday", "", new Date(2026, 11, 7, 8).getTime()), at(11, 14));
});

test("a time of one's own is to come, within what the server takes", () => {
    assert.equal(untilAt("own", "2026-12-04T10:15", THURSDAY), new Date(2026, 11, 4, 10, 15).getTime());
    for (const wrong of ["", "soon", "2026-12-03T15:30", "2028-01-01T00:00"]) {
        assert.ok(Number.isNaN(untilAt("own", wrong, THURSDAY)), wrong);
    }
});
