// What a list says of letters with which something went wrong.

import assert from "node:assert/strict";
import {test} from "node:test";
import {UNCERTAIN} from "../src/api/outbox.ts";
import {troubleOf} from "../src/list/trouble.ts";
import {groupsOf} from "../src/state/lists.ts";
import {EMPTY, type DeskState} from "../src/state/model.ts";
import {readInteraction} from "../src/api/interaction.ts";
import {textsOf} from "../src/texts/index.ts";

/** What the row of a draft says. */
function said(state: Partial<DeskState>): string {
    const draft = readInteraction({id: "draft", channel: "email", state: "Composing"});
    assert.ok(draft);
    const [group] = groupsOf({...EMPTY, work: {draft}, ...state}, "drafts", 0);
    const row = group?.rows[0];
    assert.ok(row);
    return troubleOf(row, textsOf("en"));
}

test("a letter that was given up has a sign in its list, though no server refused it", () => {
    const pending = {
        key: "k", interactionId: "draft", operationName: "Send", text: "", visibility: "All", at: 0,
    };
    const refused = (code: number, sentence: string): Partial<DeskState> =>
        ({pending: [{...pending, stage: {kind: "refused", code, sentence}}]});
    assert.match(said(refused(UNCERTAIN, "")), /^Nobody knows whether it went out/);
    assert.equal(said(refused(2, "Newer.")), "Not delivered: Newer.");
    assert.equal(said({undelivered: {draft: "no such user"}}), "Not delivered: no such user");
    assert.equal(said({}), "");
});

test("what was not completed after its answer says so in its list, and what others did does not", () => {
    const failure = {interactionId: "draft", sentence: "It is Queued.", at: 0, offer: null};
    const failed = (operationName: string | null) =>
        ({failures: [{...failure, operationName}]});
    assert.equal(said(failed("Complete")), "Sent, but not completed: It is Queued.");
    assert.equal(said(failed(null)), "");
});
