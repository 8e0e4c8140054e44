import assert from "node:assert/strict";
import {test} from "node:test";
import {whatIfOf} from "../../src/admin/what-if.ts";
import {adminTextsOf} from "../../src/texts/admin.ts";

const own = adminTextsOf("en");
const NOTHING = {waited: 0, offered: 0, passed: 0, accepted: 0, left: 0, waiting: 0};
const ANSWER = {
    statusCode: 0, waits: 3, recognized: 2, different: 3,
    queues: [
        {
            id: "sales", name: "Sales", was: {...NOTHING, waited: 3, waiting: 3},
            wouldBe: {
                ...NOTHING, waited: 3, offered: 3, accepted: 3,
                waitSeconds: {median: 5, p90: 65, longest: 3_600},
            },
        },
        {id: "same", name: "Same", was: NOTHING, wouldBe: NOTHING},
        {id: "mine", name: "Mine", was: NOTHING, wouldBe: NOTHING},
    ],
};

test("shown is the queue that is asked about, and where something would be otherwise", () => {
    const it = whatIfOf(ANSWER, "mine", own);
    assert.deepEqual(it.queues.map(({id}) => id), ["sales", "mine"]);
    assert.deepEqual([it.waits, it.recognized, it.different], [3, 2, 3]);
});

test("each figure stands under its own title, and a wait of nobody is none", () => {
    const lines = whatIfOf(ANSWER, "mine", own).queues[0]?.lines ?? [];
    const line = (title: string): string[] => {
        const found = lines.find((one) => one.title === title);
        return [found?.was ?? "", found?.wouldBe ?? ""];
    };
    assert.deepEqual(line(own.waited), ["3", "3"]);
    assert.deepEqual(line(own.offered), ["0", "3"]);
    assert.deepEqual(line(own.accepted), ["0", "3"]);
    assert.deepEqual(line(own.stillWaiting), ["3", "0"]);
    assert.deepEqual(line(own.medianWait), ["–", "0:05"]);
    assert.deepEqual(line(own.p90Wait), ["–", "1:05"]);
    assert.deepEqual(line(own.longestWait), ["–", "1 h"]);
    assert.equal(lines.find(({title}) => title === own.waited)?.isSame, true);
});

test("an answer without anything shows nothing", () => {
    assert.deepEqual(whatIfOf({}, "mine", own), {
        waits: 0, recognized: 0, different: 0, queues: [],
    });
});
