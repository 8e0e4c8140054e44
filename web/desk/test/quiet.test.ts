import assert from "node:assert/strict";
import {test} from "node:test";
import {beQuiet, QUIET_MS, quietUntil} from "../src/app/quiet.ts";

test("quiet is over at its time, or once one is Not ready", () => {
    beQuiet(QUIET_MS);
    assert.equal(quietUntil(QUIET_MS - 1, false), QUIET_MS);
    assert.equal(quietUntil(QUIET_MS, true), null);
    beQuiet("notReady");
    assert.equal(quietUntil(0, true), "notReady");
    assert.equal(quietUntil(0, false), null);
    beQuiet(null);
    assert.equal(quietUntil(0, true), null);
});
