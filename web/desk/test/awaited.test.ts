import assert from "node:assert/strict";
import {test} from "node:test";
import {nextTick, shallowRef} from "vue";
import {useAwaited} from "../src/app/awaited.ts";
import {EMPTY, type DeskState, type Pending} from "../src/state/model.ts";

const ACCEPT = {type: "accept"};
const COMPOSER = {type: "composer"};

function waiting() {
    const state = shallowRef<DeskState>(EMPTY);
    const done: string[] = [];
    const at = {focus: ACCEPT};
    const accepted = useAwaited({
        state,
        focused: () => at.focus,
        open: (id) => done.push(`open ${id}`),
        tell: ({id}) => done.push(`tell ${id}`),
        refused: (sentence) => done.push(sentence),
    });
    const become = async (...ids: string[]): Promise<void> => {
        const work = Object.fromEntries(ids.map((id) => [id, {id, state: "Chatting"}]));
        state.value = {...state.value, work: work as unknown as DeskState["work"]};
        await nextTick();
    };
    const accept = (id: string): void => accepted({id, key: `key of ${id}`, pressedAt: at.focus});
    return {state, done, at, accept, become};
}

test("what was accepted opens while nobody has gone elsewhere", async () => {
    const {done, accept, become} = waiting();
    accept("a");
    await become();
    assert.deepEqual(done, []);
    await become("a");
    await become("a");
    assert.deepEqual(done, ["open a"]);
});

test("a late Accept takes nobody away from where they write", async () => {
    const {done, at, accept, become} = waiting();
    accept("a");
    accept("b");
    at.focus = COMPOSER;
    await become("a", "b");
    assert.deepEqual(done, ["tell a", "tell b"]);
});

test("what was refused opens nothing when it comes some other way", async () => {
    const {state, done, accept, become} = waiting();
    accept("a");
    const refused = {key: "key of a", stage: {kind: "refused", code: 2, sentence: "Too late."}};
    state.value = {...state.value, pending: [refused as unknown as Pending]};
    await nextTick();
    await become("a");
    assert.deepEqual(done, ["Too late."]);
});
