import assert from "node:assert/strict";
import {test} from "node:test";
import {partOf} from "../../src/admin/center-file.ts";

const FILE = `# Without passwords.
[center]
name = "Demo"

[[skill]]
name = "billing"
[[skill]]
name = 'dan"ish'

[[queue]]
name = "tasks"
channel = "workitem"
acknowledge = """
[[queue]]
name = "sales"
"""
[[queue.step]]
after = "60s"
name = "sales"

[[queue]]
name = "s\\u00e5l\\tes"
channel = "chat"

[[service]]
name = "help"
type = "email"

[[service]]
name = "help"
type = "chat"
`;

test("a thing's part of a center file is found by its name, with its own parts", () => {
    assert.equal(partOf(FILE, "skill", {name: "billing"}), '[[skill]]\nname = "billing"');
    assert.equal(partOf(FILE, "skill", {name: 'dan"ish'}), `[[skill]]\nname = 'dan"ish'`);
    assert.match(partOf(FILE, "queue", {name: "tasks"}) ?? "", /^\[\[queue\]\]\nname = "tasks"[^]*60s"\nname = "sales"$/);
    assert.match(partOf(FILE, "queue", {name: "s\u00e5l\tes"}) ?? "", /channel = "chat"$/);
    assert.match(partOf(FILE, "service", {name: "help", type: "chat"}) ?? "", /type = "chat"$/);
});

test("what stands in a text or in a part is no thing", () => {
    assert.equal(partOf(FILE, "queue", {name: "sales"}), null);
    assert.equal(partOf(FILE, "queue", {name: "billing"}), null);
    assert.equal(partOf("", "queue", {name: "tasks"}), null);
});
