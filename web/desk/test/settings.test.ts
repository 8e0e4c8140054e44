import assert from "node:assert/strict";
import {test} from "node:test";
import {DEFAULTS, readSettings} from "../src/app/settings.ts";

test("what was kept is read as it was", () => {
    const chosen = {...DEFAULTS, theme: "dark", density: "compact", language: "fr", volume: 0, undoSeconds: 0};
    assert.deepEqual(readSettings(JSON.parse(JSON.stringify(chosen))), chosen);
});

test("whatever is no setting is as for everybody", () => {
    for (const kept of [null, undefined, 1, "dark", [], {}]) {
        assert.deepEqual(readSettings(kept), DEFAULTS);
    }
    const odd = {
        theme: "pink", density: 3, language: "xx", volume: 101, isSoundOn: "no",
        undoSeconds: 61, more: 1,
    };
    assert.deepEqual(readSettings(odd), DEFAULTS);
});
