import assert from "node:assert/strict";
import {test} from "node:test";
import {Announcer, type Urgency} from "../src/app/announcer.ts";

/** Regions whose time is moved by hand. */
function regions() {
    const shown: [Urgency, string][] = [];
    const waits: {at: number; run: () => void}[] = [];
    let now = 0;
    const announcer = new Announcer({
        show: (urgency, text) => shown.push([urgency, text]),
        later: (run, ms) => waits.push({at: now + ms, run}),
        messages: (n, customers) => `${n} from ${customers}.`,
    });
    const pass = (ms: number): void => {
        now += ms;
        for (const wait of waits.filter(({at}) => at <= now)) {
            waits.splice(waits.indexOf(wait), 1);
            wait.run();
        }
    };
    return {announcer, shown, pass};
}

test("a sentence is said at once, and what comes in the next 2 s is joined", () => {
    const {announcer, shown, pass} = regions();
    announcer.say("polite", {text: "Sent."});
    announcer.say("polite", {text: "Ben Ortiz joined."});
    announcer.say("polite", {text: "Connected."});
    pass(1_999);
    assert.deepEqual(shown, [["polite", "Sent."]]);
    pass(1);
    assert.deepEqual(shown.slice(1), [["polite", "Ben Ortiz joined. Connected."]]);
});

test("of what is about the same only the last is said", () => {
    const {announcer, shown, pass} = regions();
    announcer.say("polite", {text: "Sent."});
    announcer.say("polite", {text: "6 results", about: "found"});
    announcer.say("polite", {text: "Ben Ortiz left."});
    announcer.say("polite", {text: "Nothing has all of: rep.", about: "found"});
    pass(2_000);
    assert.deepEqual(shown.at(-1), ["polite", "Ben Ortiz left. Nothing has all of: rep."]);
});

test("several messages are told as their number", () => {
    const {announcer, shown, pass} = regions();
    announcer.say("polite", {text: "Sent."});
    for (const from of ["ann", "ann", "luis"]) {
        announcer.say("polite", {text: `${from}: hello`, message: {from}});
    }
    announcer.say("polite", {text: "Ben Ortiz left."});
    pass(2_000);
    assert.deepEqual(shown.at(-1), ["polite", "Ben Ortiz left. 3 from 2."]);
});

test("one message is told with its words", () => {
    const {announcer, shown} = regions();
    announcer.say("polite", {text: "Ann: hello", message: {from: "ann"}});
    assert.deepEqual(shown, [["polite", "Ann: hello"]]);
});

test("the regions do not wait for each other, and are emptied afterwards", () => {
    const {announcer, shown, pass} = regions();
    announcer.say("polite", {text: "Sent."});
    announcer.say("now", {text: "No connection."});
    assert.deepEqual(shown, [["polite", "Sent."], ["now", "No connection."]]);
    pass(2_000);
    assert.deepEqual(shown.slice(2), [["polite", ""], ["now", ""]]);
    announcer.say("polite", {text: "Sent."});
    assert.deepEqual(shown.at(-1), ["polite", "Sent."]);
});
