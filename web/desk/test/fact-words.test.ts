import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction} from "../src/api/interaction.ts";
import {factWords} from "../src/conversation/fact-words.ts";
import {textsOf} from "../src/texts/index.ts";
import {LANGUAGES} from "../src/texts/languages.ts";
import {timeOfDay} from "../src/texts/times.ts";

const ENDS = Date.UTC(2026, 10, 29, 14, 12);

function endsOf(fields: Record<string, unknown>): number | null | undefined {
    return readInteraction({id: "a", channel: "chat", ...fields})?.idleEndsAt;
}

test("of a chat in which nobody writes it is said when it ends, for as long as it does", () => {
    assert.equal(endsOf({idleEnds: "2026-11-29 14:12:00.000+0000"}), ENDS);
    assert.equal(endsOf({}), null);
    const alert = {kind: "idleAlert", ms: 239_000} as const;
    for (const language of LANGUAGES) {
        const texts = textsOf(language);
        const silent = factWords(alert, null, texts, language);
        assert.match(silent, /\b4\b/, language);
        const time = timeOfDay(ENDS, language);
        assert.match(time, /^\d\d:12$/, language);
        const ending = texts.chat.idleEnds(time);
        assert.ok(ending.includes(time), language);
        assert.equal(factWords(alert, ENDS, texts, language), `${silent} ${ending}`);
    }
    const {chat} = textsOf("en");
    assert.equal(chat.idleEnds("14:12"), "The chat ends at 14:12.");
});

test("who left, and why, is told apart", () => {
    const texts = textsOf("en");
    const left = (reason: string, isCustomer: boolean): string =>
        factWords({kind: "left", name: "Ann", reason, isCustomer}, ENDS, texts, "en");
    const told = [left("7", true), left("3", true), left("1", true), left("1", false)];
    assert.equal(new Set(told).size, told.length);
    assert.ok(told.slice(1).every((one) => one.includes("Ann")));
});
