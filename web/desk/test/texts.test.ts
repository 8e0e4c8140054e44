import assert from "node:assert/strict";
import {test} from "node:test";
import {adminTextsOf} from "../src/texts/admin.ts";
import {textsOf} from "../src/texts/index.ts";
import {LANGUAGES, languageOf, preferred} from "../src/texts/languages.ts";
import {access} from "../src/texts/parts/access.ts";
import {copying} from "../src/texts/parts/copying.ts";
import {parking} from "../src/texts/parts/parking.ts";
import {password} from "../src/texts/parts/password.ts";
import {secondFactor} from "../src/texts/parts/second-factor.ts";
import {settings} from "../src/texts/parts/settings.ts";
import {length, secondsLeft} from "../src/texts/times.ts";

/** Returns every text of a language by its name; those with a hole are filled with a mark. */
function all(language: (typeof LANGUAGES)[number]): Map<string, string> {
    const found = new Map<string, string>();
    const loaded = {
        access: access[language], admin: adminTextsOf(language), password: password[language],
        settings: settings[language], copying: copying[language],
        parking: parking[language],
        secondFactor: secondFactor[language],
    };
    for (const [part, texts] of Object.entries({...textsOf(language), ...loaded})) {
        for (const [name, text] of Object.entries(texts)) {
            // What is asked for is a number or a word; 2 reads as both.
            const filled = typeof text === "string"
                ? text
                : (text as (...holes: unknown[]) => string)(2, 2, 2, 2);
            found.set(`${part}.${name}`, filled);
        }
    }
    return found;
}

test("no text is empty, and none is polite beyond need", () => {
    for (const language of LANGUAGES) {
        for (const [name, text] of all(language)) {
            assert.notEqual(text.trim(), "", `${language} ${name}`);
            const where = `${language} ${name}`;
            assert.doesNotMatch(text, /!|\bplease\b(?! sign in)|oops|undefined/i, where);
        }
    }
});

test("a translation is another text, but for words that are the same", () => {
    const english = all("en");
    for (const language of LANGUAGES.filter((other) => other !== "en")) {
        const same = [...all(language)].filter(([name, text]) => english.get(name) === text);
        assert.ok(same.length < english.size / 10, `${language}: ${same.map(([name]) => name)}`);
    }
});

test("a reader gets the first of their languages that the desk speaks", () => {
    assert.equal(preferred(["pt-BR", "fr-CA", "de"]), "fr");
    assert.equal(preferred(["ja"]), "en");
    assert.equal(preferred([]), "en");
    assert.equal(languageOf("ES-mx"), "es");
    assert.equal(languageOf(7), null);
});

test("lengths of time are exact while they are short", () => {
    assert.equal(length(-5), "0:00");
    assert.equal(length(7_999), "0:07");
    assert.equal(length(3_599_999), "59:59");
    assert.equal(length(3 * 3_600_000 + 1), "3 h");
    assert.equal(secondsLeft(20_001), 21);
    assert.equal(secondsLeft(-1), 0);
});
