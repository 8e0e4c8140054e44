import assert from "node:assert/strict";
import {test} from "node:test";
import {dayName, openingAt, openingOf} from "../../src/admin/hours.ts";

/** A Friday at 17:30 in Copenhagen. */
const FRIDAY = Date.UTC(2026, 10, 27, 16, 30);
const ZONE = "Europe/Copenhagen";
const HOUR = 3_600_000;

function hours(open: string[], exceptions: string[] = []) {
    return {open, exceptions, timeZone: ZONE};
}

function until(isOpen: boolean, date: string, inDays: number, time: string) {
    return {isOpen, changes: {date, inDays, time}};
}

test("hours are those of the service's place, over nights and weeks", () => {
    const open = ["Mon-Fri 08:00-18:00", "Sat 10:00-14:00"];
    const at = (later: number) => openingAt(hours(open), FRIDAY + later * HOUR);
    assert.deepEqual(at(0), until(true, "2026-11-27", 0, "18:00"));
    assert.deepEqual(at(0.5), until(false, "2026-11-28", 1, "10:00"));
    assert.deepEqual(at(24), until(false, "2026-11-30", 2, "08:00"));
    const there = {...hours(open), timeZone: "America/New_York"};
    assert.deepEqual(openingAt(there, FRIDAY + 12 * HOUR), until(false, "2026-11-28", 1, "10:00"));
    const night = hours(["Fri 17:00-24:00", "Sat 00:00-02:00"]);
    assert.deepEqual(openingAt(night, FRIDAY), until(true, "2026-11-28", 1, "02:00"));
    assert.deepEqual(openingAt(hours(["Mon-Sun 00:00-24:00"]), FRIDAY),
        {isOpen: true, changes: null});
});

test("a date with times of its own has no others", () => {
    const at = (...exceptions: string[]) =>
        openingAt(hours(["Mon-Fri 08:00-18:00"], exceptions), FRIDAY);
    assert.deepEqual(at("2026-11-27 closed"), until(false, "2026-11-30", 3, "08:00"));
    assert.deepEqual(at("2026-11-27 08:00-12:00", "2026-11-27 17:00-17:45"),
        until(true, "2026-11-27", 0, "17:45"));
    assert.deepEqual(at("2026-11-27 closed", "2026-11-29 20:00-24:00"),
        until(false, "2026-11-29", 2, "20:00"));
    const week = ["11-27", "11-30", "12-01", "12-02", "12-03", "12-04"];
    assert.deepEqual(at(...week.map((day) => `2026-${day} closed`)), until(false, "2026-12-07", 10, "08:00"));
    assert.equal(at("2026-11-27 shut"), null);
});

test("what is no time or place says nothing", () => {
    for (const open of ["Fri-Mon 08:00-18:00", "Fri 18:00-08:00", "Fri 8-18", "Fre 08:00-18:00",
        "Fri 08:00-25:00", ""]) {
        assert.equal(openingAt(hours([open]), FRIDAY), null, open);
    }
    assert.equal(openingAt({...hours(["Fri 08:00-18:00"]), timeZone: "Nowhere/There"}, FRIDAY), null);
});

test("whoever is switched off is neither open nor closed by hours", () => {
    const form = {usable: true, ...hours(["Fri 08:00-18:00"])};
    assert.equal(openingOf(form, FRIDAY)?.isOpen, true);
    assert.equal(openingOf({...form, usable: false}, FRIDAY), null);
    assert.equal(openingOf({...form, open: []}, FRIDAY), null);
});

test("days are called as the reader's language has them", () => {
    assert.equal(dayName({date: "2026-11-30", inDays: 3}, "en"), "Mon");
    assert.equal(dayName({date: "2026-12-02", inDays: 5}, "de"), "Mi");
    assert.equal(dayName({date: "2026-12-07", inDays: 10}, "en"), "Mon, Dec 7");
});
