import assert from "node:assert/strict";
import {test} from "node:test";
import type {Answer, Api} from "../../src/api/http.ts";
import {Unanswered} from "../../src/api/trouble.ts";
import {READABLES, isEdited, titleOf, type Page} from "../../src/admin/kinds.ts";
import {Lists} from "../../src/admin/lists.ts";
import {nodesOf} from "../../src/admin/nodes.ts";
import {leadToQueue, writtenTo} from "../../src/admin/referers.ts";

const MAILBOX = {
    address: "Support@demo.example", name: "Demo", queue: "support-email",
    aliases: ["help@demo.example"], default: true, receives: true, sends: false,
};

test("a mailbox is shown as it is, and changed by nobody here", () => {
    const form = READABLES.mailboxes.read(MAILBOX);
    const {default: isDefault, ...same} = MAILBOX;
    assert.deepEqual(form, {...same, isDefault});
    assert.equal(titleOf(form), "Support@demo.example");
    assert.deepEqual([isEdited("mailboxes"), isEdited("services")], [false, true]);
});

test("what leads to a mailbox, and where it leads, is known by names", () => {
    const begin = {...READABLES.services.read({}), type: "email"};
    const service = (name: string, mailbox: string) =>
        ({id: name, version: 1, form: {...begin, name, mailbox}});
    const form = READABLES.mailboxes.read(MAILBOX);
    const things = {
        services: [service("contact", "support@demo.example"), service("help", "HELP@demo.example"),
            service("other", "else@demo.example")],
        mailboxes: [{id: "m", version: 0, form}],
    };
    const of = (page: keyof typeof things) => ({things: things[page] ?? null, trouble: null});
    const lists = {of} as unknown as Pick<Lists, "of">;
    assert.deepEqual(writtenTo(lists, form).known.map(({name}) => name), ["contact", "help"]);
    assert.deepEqual(leadToQueue(lists, "support-email").known, [
        {page: "mailboxes", id: "m", name: "Support@demo.example"},
    ]);
});

test("of two answers the one that was asked for later counts", async () => {
    const answers: ((names: string[] | null) => void)[] = [];
    const get = () => new Promise<Answer>((resolve, reject) => {
        answers.push((names) => (names === null
            ? reject(new Unanswered("unreachable", 0))
            : resolve({groups: names.map((name) => ({id: name, name}))})));
    });
    const lists = new Lists({get} as unknown as Api);
    const [first, second] = [lists.read("groups"), lists.read("groups")];
    answers[1]?.(["new"]);
    await second;
    answers[0]?.(["old"]);
    await first;
    assert.deepEqual(lists.names("groups"), ["new"]);
    const [third, fourth] = [lists.read("groups"), lists.read("groups")];
    answers[3]?.(["newer"]);
    await fourth;
    answers[2]?.(null);
    await third;
    assert.deepEqual([lists.names("groups"), lists.of("groups").trouble], [["newer"], null]);
    const fifth = lists.read("groups");
    answers[4]?.(null);
    await fifth;
    assert.deepEqual(["groups", "users"].map((page) => lists.troubleOf([page as Page])), ["", null]);
});

test("of a node is shown what it said, and the slowest of its readers", () => {
    const [first, second] = nodesOf({nodes: [
        {
            id: "b", name: "west", version: "0.1.0", started: "2026-01-09 12:00:00.000+0000",
            address: "10.0.0.2:8090", isThis: true, sessions: 412, duties: ["files", "routing"],
            resting: ["sweep"], readers: [{name: "board", behind: 0}, {name: "counters", behind: 3}],
        },
        {id: "a", name: "east"},
    ]});
    assert.deepEqual(second, {
        id: "b", name: "west", version: "0.1.0", started: Date.UTC(2026, 0, 9, 12),
        address: "10.0.0.2:8090", isThis: true, sessions: 412, duties: ["files", "routing"],
        resting: ["sweep"], behind: 3,
    });
    assert.deepEqual(
        [first?.name, first?.started, first?.isThis, first?.behind], ["east", null, false, 0]);
});
