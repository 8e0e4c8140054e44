import assert from "node:assert/strict";
import {test} from "node:test";
import {computed, effectScope, nextTick, shallowRef} from "vue";
import {Announcer} from "../src/app/announcer.ts";
import {tellOfChats} from "../src/conversation/tell.ts";
import {EMPTY, type DeskState} from "../src/state/model.ts";
import {textsOf} from "../src/texts/index.ts";

test("that a message is sent is said also when its line came before the answer", async () => {
    const said: string[] = [];
    const announcer = new Announcer({
        show: (_, text) => said.push(text), later() {}, messages: () => "",
    });
    const state = shallowRef<DeskState>(EMPTY);
    const scope = effectScope();
    scope.run(() => tellOfChats({
        state, announcer, texts: computed(() => textsOf("en")), open: () => null, wrote() {},
    }));
    // The answer alone changes no transcript; with a read at the same moment it is said as well.
    state.value = {...state.value, saidCount: 1, lastRead: 2};
    await nextTick();
    assert.deepEqual(said, ["Sent."]);
    scope.stop();
});
