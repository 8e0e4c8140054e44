import assert from "node:assert/strict";
import test from "node:test";
import {DraftKeeper} from "../src/conversation/drafts.ts";
import {
    DraftWriter, keptBy, restore, type DraftDatabase, type KeptDraftText,
} from "../src/app/kept-storage.ts";
import {Kept} from "./storage.ts";

function database(): DraftDatabase & {records: Map<string, KeptDraftText>} {
    const records = new Map<string, KeptDraftText>();
    return {
        records,
        all: async () => [...records.values()],
        put: async (drafts) => drafts.forEach((one) => records.set(one.name, one)),
        remove: async (names) => names.forEach((name) => records.delete(name)),
    };
}

function storageFor(before: Storage | null = null): Storage {
    return Object.assign(new Kept(), before) as unknown as Storage;
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test("what the local storage lost comes back, and what was sent does not", async () => {
    const kept = database();
    const before = storageFor();
    const keeper = new DraftKeeper(keptBy(new DraftWriter(kept), before), "kate");
    keeper.save("a", {text: "half", visibility: "All"});
    keeper.save("b", {text: "will be sent", visibility: "All"});
    const onDisk = storageFor(before);
    keeper.save("a", {text: "half a word", visibility: "All"});
    keeper.forget("b");
    await settled();
    await restore(onDisk, kept);
    const after = new DraftKeeper(onDisk, "kate");
    assert.equal(after.load("a").text, "half a word");
    assert.equal(after.load("b").text, "");
    assert.deepEqual(after.all().map(({interactionId}) => interactionId), ["a"]);
    assert.deepEqual([...kept.records.keys()].length, 1);
});

test("what the database had no time for stays as the local storage has it", async () => {
    const kept = database();
    const storage = storageFor();
    const keeper = new DraftKeeper(keptBy(new DraftWriter(kept), storage), "kate");
    keeper.save("a", {text: "older", visibility: "All"});
    await settled();
    const older = new Map(kept.records);
    keeper.save("a", {text: "newer", visibility: "All"});
    await settled();
    older.forEach((record, name) => kept.records.set(name, record));
    await restore(storage, kept);
    assert.equal(new DraftKeeper(storage, "kate").load("a").text, "newer");
});

test("of many keys only the last text waits to be written", async () => {
    const kept = database();
    let writes = 0;
    const slow: DraftDatabase = {
        ...kept,
        put: async (drafts) => {
            writes += 1;
            await settled();
            await kept.put(drafts);
        },
    };
    const keeper = new DraftKeeper(keptBy(new DraftWriter(slow), storageFor()), "kate");
    for (let length = 1; length <= 100; length += 1) {
        keeper.save("a", {text: "x".repeat(length), visibility: "All"});
    }
    await settled();
    await settled();
    await settled();
    assert.equal(writes, 2);
    assert.match([...kept.records.values()][0]?.text ?? "", /x{100}/);
});
