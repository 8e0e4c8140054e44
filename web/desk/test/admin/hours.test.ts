import assert from "node:assert/strict";
import {test} from "node:test";
import {dayName, openingAt, openingOf} from "../../src/admin/hours.ts";

/** A Friday at 17:30 in Copenhagen. */
const FRIDAY = Date.UTC(2026, 10, 27, 16, 30);
const ZONE = "Europe/Copenhagen";
const HOUR = 3_600_000;

test("hours are those of the service's place, over nights and weeks", () => {
    const open = ["Mon-Fri 08:00-18:00", "Sat 10:00-14:00"];
    const at = (later: number) => openingAt(open, ZONE, FRIDAY + later * HOUR);
    assert.deepEqual(at(0), {isOpen: true, changes: {day: 4, time: "18:00"}});
    assert.deepEqual(at(0.5), {isOpen: false, changes: {day: 5, time: "10:00"}});
    assert.deepEqual(at(24), {isOpen: false, changes: {day: 0, time: "08:00"}});
    assert.deepEqual(openingAt(open, "America/New_York", FRIDAY + 12 * HOUR),
        {isOpen: false, changes: {day: 5, time: "10:00"}});
    const night = ["Fri 17:00-24:00", "Sat 00:00-02:00"];
    assert.deepEqual(openingAt(night, ZONE, FRIDAY), {isOpen: true, changes: {day: 5, time: "02:00"}});
    assert.deepEqual(openingAt(["Mon-Sun 00:00-24:00"], ZONE, FRIDAY), {isOpen: true, changes: null});
});

test("what is no time or place says nothing", () => {
    for (const open of ["Fri-Mon 08:00-18:00", "Fri 18:00-08:00", "Fri 8-18", "Fre 08:00-18:00",
        "Fri 08:00-25:00", ""]) {
        assert.equal(openingAt([open], ZONE, FRIDAY), null, open);
    }
    assert.equal(openingAt(["Fri 08:00-18:00"], "Nowhere/There", FRIDAY), null);
});

test("whoever is switched off is neither open nor closed by hours", () => {
    const form = {usable: true, open: ["Fri 08:00-18:00"], timeZone: ZONE};
    assert.equal(openingOf(form, FRIDAY)?.isOpen, true);
    assert.equal(openingOf({...form, usable: false}, FRIDAY), null);
    assert.equal(openingOf({...form, open: []}, FRIDAY), null);
});

test("days are called as the reader's language has them", () => {
    assert.deepEqual([0, 6].map((day) => dayName(day, "en")), ["Mon", "Sun"]);
    assert.equal(dayName(2, "de"), "Mi");
});
