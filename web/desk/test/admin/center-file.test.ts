import assert from "node:assert/strict";
import {test} from "node:test";
import {partOf} from "../../src/admin/center-file.ts";

/** As the server writes it, which has a way of its own for each awkward name. */
const FILE = String.raw`# Without passwords.
[center]
name = "Demo"

[[skill]]
name = "billing"
[[skill]]
name = 'dan"ish'
[[skill]]
name = "a'''b"
[[skill]]
name = """it's "so" """
[[skill]]
name = '''c:\it's'''
[[skill]]
name = "\\\"\"\"'"
[[skill]]
name = "one${"\u2028"}line"

[[user]]
userName = "lea"
skills = { "a'''b" = 1, 'x"""y' = 2 }
[[user]]
userName = "mia"
groups = ["'''", '"""']

[[queue]]
name = "tasks"
channel = "workitem"
[queue.acknowledge]
subject = """'We' have your "message""""
text = """
Hello ""\" '''
[[queue]]
name = "sales"
\\""\"
it is \\"""
[[queue.step]]
after = "60s"
name = "sales"

[[queue]]
name = "s\u00e5l\tes"
channel = "chat"
[queue.acknowledge]
subject = "Soon"
text = '''
C:\
[[queue]]
name = "letters"
"""
'''

[[service]]
name = "help"
type = "email"

[[service]]
name = "help"
type = "chat"

[workspace]
outboundQueue = "letters"
[workspace.settings]
"a = b" = """
[[queue]]
name = "more"
"""

[[mailbox]]
address = "a@b.example"
`;

test("a thing's part of a center file is found by its name, with its own parts", () => {
    assert.equal(partOf(FILE, "skill", {name: "billing"}), '[[skill]]\nname = "billing"');
    for (const [name, written] of [
        ['dan"ish', `'dan"ish'`], ["a'''b", `"a'''b"`], [`it's "so" `, `"""it's "so" """`],
        ["c:\\it's", "'''c:\\it's'''"], [`\\"""'`, String.raw`"\\\"\"\"'"`],
        ["one\u2028line", '"one\u2028line"'],
    ] as const) {
        assert.equal(partOf(FILE, "skill", {name}), `[[skill]]\nname = ${written}`);
    }
    assert.match(partOf(FILE, "user", {userName: "lea"}) ?? "", /^\[\[user\]\]\n.*\n.* = 2 \}$/);
    assert.match(partOf(FILE, "user", {userName: "mia"}) ?? "", /^\[\[user\]\]\n.*\ngroups.*\]$/);
    assert.match(partOf(FILE, "queue", {name: "tasks"}) ?? "",
        /^\[\[queue\]\]\nname = "tasks"[^]*60s"\nname = "sales"$/);
    assert.match(partOf(FILE, "queue", {name: "s\u00e5l\tes"}) ?? "", /channel = "chat"[^]*\n'''$/);
    assert.match(partOf(FILE, "service", {name: "help", type: "chat"}) ?? "", /type = "chat"$/);
    assert.ok(partOf(FILE, "mailbox", {address: "a@b.example"}));
});

test("what stands in a text or in a part is no thing", () => {
    for (const name of ["sales", "billing", "letters", "more"]) {
        assert.equal(partOf(FILE, "queue", {name}), null, name);
    }
    assert.equal(partOf("", "queue", {name: "tasks"}), null);
});
