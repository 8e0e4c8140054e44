// What the program told an agent over a busy day, recorded by test/record.mjs: whoever hears it
// knows what a fresh read says at its end.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {readInteractions} from "../../src/api/interaction.ts";
import {
    readChannels, readLines, readNotification, type Topic,
} from "../../src/api/notification.ts";
import {EMPTY, type DeskEvent, type DeskState, type Snapshot} from "../../src/state/model.ts";
import {readMe} from "../../src/state/reads.ts";
import {reduce} from "../../src/state/reduce.ts";

interface Read {
    user: Record<string, unknown>;
    interactions: unknown[];
    workbins: {id: string; name: string; type: string}[];
    parked: Record<string, unknown[]>;
    transcripts: Record<string, unknown[]>;
}

interface Recorded {
    before: Read;
    heard: {topic: Topic; data: Record<string, unknown>}[];
    after: Read;
}

const RECORDED = JSON.parse(readFileSync("test/state/recorded.json", "utf8")) as Recorded;
/** When everything is heard; long before any offer of it ends. */
const AT = 0;

function snapshot({user, interactions, workbins, parked}: Read): Snapshot {
    return {
        me: readMe(user),
        channels: readChannels(user["channels"]),
        work: readInteractions(interactions),
        workbins: workbins.map(({id, name, type}) => ({id, name, type})),
        parked: Object.fromEntries(
            Object.entries(parked).map(([id, content]) => [id, readInteractions(content)]),
        ),
    };
}

function after(events: DeskEvent[], from = EMPTY): DeskState {
    return events.reduce(reduce, from);
}

function read(from: Read): DeskState {
    const lines = Object.entries(from.transcripts).map(([interactionId, messages]): DeskEvent => ({
        type: "transcriptRead", interactionId, lines: readLines(messages), since: 1, answered: [],
    }));
    return after([
        {type: "readBegun", id: 1},
        {type: "readDone", id: 1, snapshot: snapshot(from), at: AT},
        ...lines,
    ]);
}

function heard(messages: Recorded["heard"]): DeskEvent[] {
    return messages.map(({topic, data}) => ({
        type: "told", topic, notification: readNotification(topic, data), at: AT,
    }));
}

function said(state: DeskState): unknown {
    return Object.entries(state.transcripts)
        .map(([id, {lines}]) => [id, lines.map((line) => ({...line, referenceId: null}))])
        .sort();
}

/**
 * What messages tell: an open draft forbids to complete what it answers, and nothing tells that of
 * the original; what one left in a chat oneself has messages of its own.
 */
function toldOf({work}: DeskState): unknown {
    return Object.values(work)
        .map(({operations: _, marks: __, ...rest}) => rest)
        .sort((a, b) => a.id.localeCompare(b.id));
}

test("hearing all of it ends where a read begins", () => {
    const told = after(heard(RECORDED.heard), read(RECORDED.before));
    const fresh = read(RECORDED.after);
    assert.equal(told.isStale, false);
    assert.deepEqual(toldOf(told), toldOf(fresh));
    assert.deepEqual(told.channels, fresh.channels);
    assert.deepEqual(said(told), said(fresh));
    const changed = Object.keys(fresh.parked).filter((id) => fresh.parked[id]?.length !== 0);
    assert.ok(changed.length > 0);
    assert.deepEqual(changed.filter((id) => !told.staleWorkbins.includes(id)), []);
});

test("hearing it again changes nothing, and a hole in it is noticed", () => {
    const told = after(heard(RECORDED.heard), read(RECORDED.before));
    // What has no number is told once to whoever listens.
    const numbered = RECORDED.heard.filter(({data}) => typeof data["sequence"] === "number");
    assert.equal(after(heard(numbered), told), told);
    for (let hole = 1; hole < numbered.length; hole += 1) {
        const rest = numbered.filter((_, at) => at !== hole);
        const topic = numbered[hole]?.topic;
        const isFirst = !numbered.slice(0, hole).some((one) => one.topic === topic);
        const isLast = !numbered.slice(hole + 1).some((one) => one.topic === topic);
        const {isStale} = after(heard(rest), read(RECORDED.before));
        assert.equal(isStale, !isFirst && !isLast, `without message ${hole}`);
    }
});
