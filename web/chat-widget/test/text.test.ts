// What comes from outside is read with suspicion.

import assert from "node:assert/strict";
import {test} from "node:test";
import {explain, readAvailability} from "../src/availability.ts";
import {refusal, type FileLimits} from "../src/files.ts";
import {fill, language} from "../src/languages.ts";
import {german} from "../src/languages/de.ts";
import {KEPT_MS, readRemembered, REQUEST_KEPT_MS} from "../src/memory.ts";
import {subjectOf} from "../src/message.ts";
import {readFields, readNotify, readUserData} from "../src/options.ts";
import {cleanMessage, cleanName, fileName, pieces, webAddress} from "../src/text.ts";
import {readAnswer} from "../src/wire.ts";

test("only addresses of the web become links", () => {
    const cases: [string, string[]][] = [
        ["see https://example.com/a?b=c.", ["https://example.com/a?b=c"]],
        ["(http://example.com)", ["http://example.com/"]],
        ["javascript:alert(1) data:text/html,x vbscript:x file:///etc/passwd", []],
        ["https://user:secret@example.com/", []],
        ["java\nscript:https://", []],
        [`https://example.com/${"a".repeat(3_000)}`, []],
        ["HTTPS://EXAMPLE.COM/\u202egpj.exe", ["https://example.com/"]],
        ["http://a.example http://b.example", ["http://a.example/", "http://b.example/"]],
    ];
    for (const [text, addresses] of cases) {
        const found = pieces(text);
        assert.deepEqual(found.flatMap((piece) => ("address" in piece ? [piece.address] : [])), addresses, text);
        assert.equal(found.map((piece) => piece.text).join(""), text);
    }
    assert.equal(webAddress("ftp://example.com"), undefined);
});

test("names are one line, in one direction, and not endless", () => {
    assert.equal(cleanName(" a\u202egpj.exe\u0000\n "), "agpj.exe");
    assert.equal([...cleanName("😀".repeat(500))].length, 120);
});

test("file names cannot leave the folder", () => {
    const cases = [
        ["../../etc/passwd", "passwd"],
        ["D:\\windows\\system.ini", "system.ini"],
        ["..", "file"],
        [".bashrc", "bashrc"],
        ["a<b>|c?.txt", "a_b__c_.txt"],
        ["", "file"],
    ];
    for (const [given, expected] of cases) {
        assert.equal(fileName(given ?? ""), expected);
    }
});

test("messages go out well-formed and without controls", () => {
    assert.equal(cleanMessage(" a\u0000b\r\nc\ud800 "), "ab\nc\ufffd");
});

test("an answer of the wrong types is none, or loses what is wrong", () => {
    assert.equal(readAnswer(null), undefined);
    assert.equal(readAnswer({statusCode: "0"}), undefined);
    assert.equal(readAnswer({statusCode: 4, statusMessage: "too many connections; close some"}), undefined);
    const answer = readAnswer({
        statusCode: 0,
        chatId: 7,
        queuePosition: "1",
        messages: [null, {type: "Message", index: -1, from: "x", text: {}}, {index: 1}],
        userData: {a: {}, __proto__: {polluted: "yes"}, b: 1},
    });
    assert.equal(answer?.chatId, undefined);
    assert.equal(answer?.queuePosition, undefined);
    assert.deepEqual(answer?.messages.map(({index, text}) => [index, text]), [[undefined, ""]]);
    assert.equal(answer?.userData["polluted"], undefined);
    assert.equal(answer?.userData["b"], "1");
});

test("fields and user data of a page", () => {
    assert.deepEqual(readFields("firstName* lastName hobby firstName"), [
        {name: "firstName", isRequired: true},
        {name: "lastName", isRequired: false},
    ]);
    assert.deepEqual(readFields(null).map((field) => field.name), ["nickname", "emailAddress", "subject"]);
    assert.deepEqual(readUserData('{"order":4711,"name":"x"}'), {order: "4711", name: "x"});
    assert.deepEqual(readUserData("{nonsense"), {});
});

test("who is there is read with suspicion, and said in the reader's words", () => {
    const said = (value: unknown) => explain(readAvailability(value), language("de"));
    assert.deepEqual(said({state: "Open", hours: [], leaveMessage: "x"}), []);
    for (const nothing of [undefined, null, "Closed", {}, {state: "closed"}, {state: 7}]) {
        assert.deepEqual(said(nothing), []);
    }
    assert.deepEqual(said({state: "Full", hours: [{days: ["Mon"], from: "09:00", to: "17:00"}], opensAt: 1}), [german.full]);
    const hours = [
        {days: ["Sun", "Tue", "Mon", "Thu"], from: "09:00", to: "24:00"},
        {days: ["Mon"], from: "9", to: "17:00"},
        {days: ["Someday"], from: "09:00", to: "17:00"},
        "always",
    ];
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    assert.deepEqual(said({state: "NobodyThere", hours, timeZone: zone, opensAt: 1e300}), [german.nobodyThere, "Zeiten: Mo–Di, Do, So 09:00–24:00"]);
    assert.equal(readAvailability({state: "Closed", leaveMessage: 7, hours: "x"})?.leaveMessage, undefined);
});

test("the subject of a message is its first line, on one line, cut between characters and with a mark", () => {
    assert.equal(subjectOf("\n My fern\u0000 is\tsad \nIt has spots."), "My fern is sad");
    assert.equal(subjectOf("🌿".repeat(200)), `${"🌿".repeat(79)}…`);
});

test("what is remembered is checked and grows old", () => {
    const kept = {credentials: {chatId: "c", secureKey: "k"}, pending: [{messageId: "m", text: "t"}, {text: "x"}, null], at: 1_000};
    assert.deepEqual(readRemembered(kept as never, 1_000 + KEPT_MS), {
        credentials: {chatId: "c", secureKey: "k", userId: "", alias: ""},
        question: "",
        pending: [{messageId: "m", text: "t", at: 0}],
        seen: 0,
        isOver: false,
    });
    assert.equal(readRemembered(kept as never, 1_001 + KEPT_MS), undefined);
    const asked = {request: {messageId: "r"}, at: 1_000};
    assert.deepEqual(readRemembered(asked, 1_000 + REQUEST_KEPT_MS)?.request, {messageId: "r"});
    assert.equal(readRemembered(asked, 1_001 + REQUEST_KEPT_MS), undefined);
    for (const nothing of [null, {}, {credentials: {chatId: 7}}, {request: {}}]) {
        assert.equal(readRemembered(nothing as never, 0), undefined);
    }
});

test("a visitor is told of replies by the title and by sound, unless the page says otherwise", () => {
    assert.deepEqual(readNotify(null), {title: true, sound: true});
    assert.deepEqual(readNotify("title"), {title: true, sound: false});
    assert.deepEqual(readNotify("off"), {title: false, sound: false});
});

test("languages are found by their first part, English otherwise", () => {
    assert.equal(language("de-CH").words, german);
    assert.equal(language("xx", null, "fr").tag, "fr");
    assert.equal(language("xx").tag, "en");
    assert.equal(fill("{a} of {b}", {a: "$&", b: 2}), "$& of 2");
});

test("files are refused before they are sent", () => {
    const limits: FileLimits = {
        files: 2,
        fileBytes: 100,
        totalBytes: 150,
        types: ["png"],
        needsAgent: true,
        usedFiles: 1,
        usedBytes: 80,
    };
    const check = (size: number, name = "a.PNG", over: Partial<FileLimits> = {}, hasAgent = true) =>
        refusal({name, size}, {...limits, ...over}, hasAgent);
    assert.equal(check(50), undefined);
    assert.equal(check(50, "a.PNG", {}, false), "fileNeedsAgent");
    assert.equal(check(0), "fileEmpty");
    assert.equal(check(101), "fileTooLarge");
    assert.equal(check(90), "filesTooLarge");
    assert.equal(check(50, "a.exe"), "fileType");
    assert.equal(check(50, "png"), "fileType");
    assert.equal(check(50, "a.png", {usedFiles: 2}), "filesTooMany");
});
