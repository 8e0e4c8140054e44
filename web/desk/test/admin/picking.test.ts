import assert from "node:assert/strict";
import {test} from "node:test";
import {found, moved, named, NONE} from "../../src/admin/picking.ts";

test("what was typed whole is taken, whatever its capitals", () => {
    const names = ["Sales", "Salesforce", "night", "Night", "constructor"];
    assert.equal(named(names, " sales "), "Sales");
    assert.equal(named(names, "Night"), "Night");
    assert.equal(named(names, "NIGHT"), undefined, "two are meant");
    assert.equal(named(names, "sale"), undefined);
    assert.equal(named(names, ""), undefined);
});

test("what is chosen is not found again", () => {
    const names = ["Sales", "Salesforce", "Night"];
    assert.deepEqual(found(names, ["Sales"], " SALE"), ["Salesforce"]);
    assert.deepEqual(found(names, [], ""), names);
});

test("the arrows begin at either end, and go around", () => {
    assert.deepEqual([moved(NONE, 1, 3), moved(NONE, -1, 3)], [0, 2]);
    assert.deepEqual([moved(2, 1, 3), moved(0, -1, 3)], [0, 2]);
    assert.equal(moved(NONE, 1, 0), NONE);
});
