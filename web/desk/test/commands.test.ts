import assert from "node:assert/strict";
import {test} from "node:test";
import {effectScope} from "vue";
import {allCommands, keyText, matching, QUESTION_MARK, useCommand} from "../src/app/commands.ts";
import {isPressed} from "../src/app/keyboard.ts";

function command(title: string, isInBox = true) {
    return {title: () => title, where: "everywhere", isInBox, run() {}} as const;
}

test("a command is there as long as what offers it", () => {
    const scope = effectScope();
    scope.run(() => {
        useCommand(command("Sign out"));
        useCommand(command("Next part", false));
    });
    assert.equal(allCommands.value.length, 2);
    scope.stop();
    assert.equal(allCommands.value.length, 0);
});

test("the box finds commands that have all words, in any order and case", () => {
    const scope = effectScope();
    scope.run(() => ["Not ready", "Ready", "Sign out"].forEach((one) => useCommand(command(one))));
    const titles = (typed: string): string[] => matching(typed).map(({title}) => title());
    assert.deepEqual(titles(" READY "), ["Not ready", "Ready"]);
    assert.deepEqual(titles("ready not"), ["Not ready"]);
    assert.deepEqual(titles("ready out"), []);
    assert.deepEqual(titles(""), ["Not ready", "Ready", "Sign out"]);
    scope.stop();
});

test("keys are shown as they stand on the keyboard", () => {
    assert.equal(keyText("Shift+F6", false), "Shift+F6");
    assert.equal(keyText(QUESTION_MARK, false), "?");
    assert.equal(keyText("$mod+k", false), "Ctrl+K");
    assert.equal(keyText("$mod+Enter", true), "⌘+Enter");
    assert.equal(keyText("r", false), "R");
});

test("the question mark is one with Shift and without, as keyboards differ", () => {
    const pressed = (...held: string[]): KeyboardEvent => ({
        key: "?", code: "Minus", getModifierState: (one: string) => held.includes(one),
    }) as KeyboardEvent;
    assert.equal(isPressed(pressed("Shift"), QUESTION_MARK), true);
    assert.equal(isPressed(pressed(), QUESTION_MARK), true);
    assert.equal(isPressed(pressed("Control"), QUESTION_MARK), false);
});
