import assert from "node:assert/strict";
import {test} from "node:test";
import {computed, nextTick, shallowRef} from "vue";
import {Announcer} from "../src/app/announcer.ts";
import {QUIET_MS, tellOfConnection, UNSAID_MS} from "../src/app/connection.ts";
import {EMPTY, type Connection, type DeskState} from "../src/state/model.ts";
import {textsOf} from "../src/texts/index.ts";

const LIVE: Connection = {kind: "live"};
const LOST: Connection = {kind: "lost", since: 0, why: "unreachable", nextTryAt: null};

test("nothing is said to be missed or not before everything is read", async (context) => {
    context.mock.timers.enable({apis: ["setTimeout"]});
    const said: string[] = [];
    const announcer = new Announcer({
        show: (_, text) => text !== "" && said.push(text),
        later: (run) => run(),
        messages: () => "",
    });
    const state = shallowRef<DeskState>({...EMPTY, isStale: false, connection: LIVE});
    const become = async (change: Partial<DeskState>): Promise<void> => {
        state.value = {...state.value, ...change};
        await nextTick();
    };
    tellOfConnection(state, announcer, computed(() => textsOf("en")));
    await become({connection: LOST});
    context.mock.timers.tick(UNSAID_MS);
    said.length = 0;
    await become({connection: LIVE, isStale: true});
    await become({isStale: false, reading: {id: 2, draftChanges: {}, told: []}});
    assert.deepEqual(said, []);
    await become({reading: null, lastRead: 2});
    context.mock.timers.tick(QUIET_MS - 1);
    assert.deepEqual(said, []);
    await become({numbers: {"/v2/me/interactions": 7}});
    context.mock.timers.tick(QUIET_MS - 1);
    assert.deepEqual(said, []);
    context.mock.timers.tick(1);
    assert.deepEqual(said, ["Connected. Nothing was missed."]);
});
