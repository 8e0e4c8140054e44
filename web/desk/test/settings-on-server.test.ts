import assert from "node:assert/strict";
import {test} from "node:test";
import {DEFAULTS, type Settings} from "../src/app/settings.ts";
import {SettingsOnServer} from "../src/app/settings-on-server.ts";

const turns = () => new Promise((resolve) => setImmediate(resolve));

function computer(
    server: {settings: unknown; puts: number; isUp: boolean},
    browser: {chosen: Settings; known: Settings | null} = {chosen: {...DEFAULTS}, known: null},
) {
    const {chosen} = browser;
    let waits: (() => void)[] = [];
    const kept = new SettingsOnServer({
        chosen,
        known: {read: () => browser.known, write: (known) => { browser.known = {...known}; }},
        api: {
            async get() {
                if (!server.isUp) {
                    throw new Error("no answer");
                }
                return {settings: server.settings};
            },
            async put(_, body) {
                if (!server.isUp) {
                    throw new Error("no answer");
                }
                server.puts += 1;
                server.settings = body;
                return {referenceId: server.puts};
            },
        },
        after(_, run) {
            waits.push(run);
            return () => { waits = waits.filter((one) => one !== run); };
        },
    });
    const pass = async () => {
        waits.splice(0).forEach((run) => run());
        await turns();
    };
    return {chosen, kept, pass};
}

const anew = () => ({settings: {} as unknown, puts: 0, isUp: true});

test("what was chosen at one computer is chosen at the other", async () => {
    const server = anew();
    const [here, there] = [computer(server), computer(server)];
    await here.kept.read();
    await here.pass();
    assert.deepEqual(server.settings, DEFAULTS, "the first one brings what it has");
    here.chosen.theme = "dark";
    here.kept.changed();
    here.chosen.volume = 10;
    here.kept.changed();
    await here.pass();
    assert.equal(server.puts, 2, "several changes go together");
    await there.kept.read();
    assert.deepEqual(there.chosen, here.chosen);
    await there.pass();
    assert.equal(server.puts, 2, "what was read is not put again");
});

test("who is told of a change reads it, and not of their own", async () => {
    const server = anew();
    const [here, there] = [computer(server), computer(server)];
    await here.kept.read();
    await here.pass();
    here.chosen.density = "compact";
    here.kept.changed();
    await here.pass();
    await there.kept.told(server.puts);
    assert.equal(there.chosen.density, "compact");
    server.settings = {...DEFAULTS, density: "comfortable"};
    await here.kept.told(server.puts);
    assert.equal(here.chosen.density, "compact", "its own");
    await here.kept.told(99);
    assert.equal(here.chosen.density, "comfortable", "another's");
});

test("what is chosen while the server is asked, or before it was told, is not taken back", async () => {
    const server = anew();
    server.settings = {...DEFAULTS, theme: "dark"};
    const here = computer(server);
    const reading = here.kept.read();
    here.chosen.density = "compact";
    await reading;
    assert.deepEqual([here.chosen.theme, here.chosen.density], ["dark", "compact"]);
    await here.pass();
    assert.equal((server.settings as typeof DEFAULTS).density, "compact");
    here.chosen.volume = 10;
    server.settings = {...here.chosen, volume: DEFAULTS.volume, theme: "light"};
    await here.kept.told(99);
    assert.deepEqual([here.chosen.theme, here.chosen.volume], ["light", 10]);
});

test("a choice outlives a server that does not answer", async () => {
    const server = anew();
    const here = computer(server);
    await here.kept.read();
    await here.pass();
    server.isUp = false;
    here.chosen.theme = "light";
    here.kept.changed();
    await here.pass();
    server.isUp = true;
    await here.pass();
    assert.deepEqual(server.settings, here.chosen);
});

test("of two tabs neither takes back what the other chose", async () => {
    const server = anew();
    const browser = {known: null as Settings | null};
    const tab = () => {
        const own = {chosen: {...DEFAULTS}};
        return computer(server, {
            get chosen() { return own.chosen; },
            get known() { return browser.known; },
            set known(known) { browser.known = known; },
        });
    };
    const [one, two] = [tab(), tab()];
    await one.kept.read();
    await one.pass();
    await two.kept.read();
    one.chosen.theme = "dark";
    one.kept.changed();
    await one.pass();
    // It was away meanwhile, or is told only after the other one had its answer.
    await two.kept.read();
    assert.equal(two.chosen.theme, "dark");
    await two.pass();
    assert.equal((server.settings as Settings).theme, "dark");
});

test("what was chosen right before the page was loaded anew is not taken back", async () => {
    const server = anew();
    const browser = {chosen: {...DEFAULTS}, known: null};
    const first = computer(server, browser);
    await first.kept.read();
    await first.pass();
    first.chosen.density = "compact";
    first.kept.changed();
    first.kept.stop();
    server.settings = {...DEFAULTS, theme: "dark"};
    const next = computer(server, browser);
    await next.kept.read();
    assert.deepEqual([next.chosen.theme, next.chosen.density], ["dark", "compact"]);
    await next.pass();
    assert.deepEqual(server.settings, next.chosen);
    // Whoever sits here next, of whom nothing is known, gets what is theirs.
    browser.known = null;
    server.settings = {...DEFAULTS};
    const other = computer(server, browser);
    await other.kept.read();
    assert.deepEqual(other.chosen, DEFAULTS);
});
