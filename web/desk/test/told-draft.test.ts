// Of a chat's draft a composer hears once, whatever else is told of the chat.

import assert from "node:assert/strict";
import {test} from "node:test";
import {nextTick, shallowRef} from "vue";
import {watchTold} from "../src/conversation/told-draft.ts";
import type {KnownMarks} from "../src/state/model.ts";

test("how far a chat was read tells no draft again", async () => {
    const draft = {text: "from there", visibility: "All"} as const;
    const first: KnownMarks = {draft, readIndex: null, referenceId: 5};
    const marks = shallowRef<KnownMarks | undefined>(first);
    const heard: (string | null)[] = [];
    watchTold(() => marks.value, ({draft}) => { heard.push(draft?.text ?? null); });
    assert.deepEqual(heard, ["from there"]);
    marks.value = {...first, readIndex: 4};
    await nextTick();
    assert.deepEqual(heard, ["from there"]);
    marks.value = {draft: null, readIndex: 4, referenceId: 6};
    await nextTick();
    assert.deepEqual(heard, ["from there", null]);
    marks.value = undefined;
    await nextTick();
    marks.value = {draft: null, readIndex: 4, referenceId: null};
    await nextTick();
    assert.deepEqual(heard, ["from there", null, null], "a new read");
});
