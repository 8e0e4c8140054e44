import assert from "node:assert/strict";
import {test} from "node:test";
import {refusedFault} from "../../src/admin/faults.ts";
import {controlAt} from "../../src/admin/fields.ts";
import {differing, overtakenRows, withTheirs} from "../../src/admin/form.ts";
import {inFile, KINDS, titleOf, type QueueForm, type UserForm} from "../../src/admin/kinds.ts";
import type {Lists} from "../../src/admin/lists.ts";
import {leadToQueue, leaveMessagesWith} from "../../src/admin/referers.ts";
import type {ServiceForm} from "../../src/admin/service-kind.ts";
import {said} from "../../src/admin/typed.ts";
import {newPassword} from "../../src/admin/given-password.ts";
import {dutyName, shownValue} from "../../src/admin/shown.ts";
import {adminTextsOf} from "../../src/texts/admin.ts";
import {LANGUAGES} from "../../src/texts/languages.ts";
import {textsOf} from "../../src/texts/index.ts";

const own = adminTextsOf("en");
const words = {own, common: textsOf("en").common};

function queue(changed: Partial<QueueForm> = {}): QueueForm {
    return {...KINDS.queues.begin(), name: "tasks", ...changed};
}

function user(changed: Partial<UserForm> = {}): UserForm {
    return {...KINDS.users.begin(), userName: "lea", ...changed};
}

/** Returns what is wrong, by where it is put right. */
function wrong(faults: {at: string | null; says(t: typeof own): string}[]): [unknown, string][] {
    return faults.map(({at, says}) => [at, says(own)]);
}

test("groups and levels have no order, steps have one", () => {
    const step = (after: string) => ({after, groups: ["a", "b"], skills: {x: "1"}});
    const one = queue({groups: ["a", "b"], skills: {x: "1", y: "2"}, steps: [step("1"), step("2")]});
    const same = {...one, groups: ["b", "a"], skills: {y: " 2", x: "1"}};
    assert.deepEqual(differing(one, same), []);
    assert.deepEqual(differing(one, {...one, steps: [step("2"), step("1")]}), ["steps"]);
    assert.deepEqual(differing(one, {...one, skills: {x: "1"}, name: "b"}), ["name", "skills"]);
});

test("what somebody else changed is theirs, but for what one changed oneself", () => {
    const begun = queue({priority: "1", inviteTimeout: "30"});
    const form = {...begun, priority: "5", reofferAfter: "9"};
    const now = {...begun, priority: "2", inviteTimeout: "45"};
    assert.deepEqual(withTheirs(form, begun, now), {...form, inviteTimeout: "45"});
});

test("one sees what of somebody else's stays", () => {
    const base = queue({priority: "1", inviteTimeout: "30"});
    const form = {...base, priority: "5", reofferAfter: "9"};
    const now = {...base, priority: "2", inviteTimeout: "45"};
    assert.deepEqual(overtakenRows(form, base, now), [
        {field: "inviteTimeout", isYours: false}, {field: "reofferAfter", isYours: true},
        {field: "priority", isYours: true},
    ]);
});

test("what is read of a user goes back as it was, and only what was changed", () => {
    const {read, body, faults} = KINDS.users;
    const form = read({
        userName: "lea", firstName: "Lea", lastName: "Holm", nickname: null, emailAddress: "",
        roles: ["ROLE_AGENT"], groups: [{name: "Support"}], enabled: true,
        skills: [{name: "billing", level: "3"}], capacity: {chat: 2, fax: 1},
    });
    assert.equal(titleOf(form), "Lea Holm");
    assert.deepEqual(form.capacity, {chat: "2", email: "", workitem: "", overall: "", fax: "1"});
    assert.deepEqual(body(form, ["skills", "capacity", "groups", "nickname"]), {
        skills: {billing: 3}, capacity: {chat: 2, fax: 1}, groups: ["Support"], nickname: "",
    });
    assert.deepEqual(faults(form, false), []);
    assert.deepEqual(body(form, []), {});
});

test("a queue's times are seconds, and nothing promised is 0", () => {
    const {read, body} = KINDS.queues;
    const form = read({
        name: "tasks", channel: "workitem", groups: ["Support"], skills: {billing: 3}, priority: 0,
        inviteTimeout: 30, reofferAfter: 0.5, answerTarget: null,
        steps: [{after: 60, groups: ["Sales"], skills: {}}],
    });
    assert.deepEqual([form.answerTarget, form.reofferAfter], ["", "0.5"]);
    assert.deepEqual(body(form, ["answerTarget", "steps", "skills", "inviteTimeout"]), {
        answerTarget: 0, inviteTimeout: 30, skills: {billing: 3},
        steps: [{after: 60, groups: ["Sales"], skills: {}}],
    });
});

test("a queue of e-mails acknowledges and has itself looked at, others do not", () => {
    const {read, body, faults} = KINDS.queues;
    const form = read({
        name: "mails", channel: "email", acknowledge: {subject: "Thanks", text: "Soon."},
        inviteTimeout: 30, reofferAfter: 30, priority: 0, reviewQueue: "outbound",
    });
    assert.deepEqual(
        [form.ackSubject, form.ackText, form.reviewQueue], ["Thanks", "Soon.", "outbound"]);
    assert.deepEqual(faults(form, false), []);
    const changed = {...form, ackText: "Today.", reviewQueue: ""};
    assert.deepEqual(body(changed, ["ackText", "reviewQueue"]),
        {acknowledge: {subject: "Thanks", text: "Today."}, reviewQueue: ""});
    assert.deepEqual(body({...form, ackSubject: "", ackText: " "}, ["ackSubject", "ackText"]),
        {acknowledge: {}});
    assert.deepEqual(wrong(faults({...form, ackSubject: ""}, false)), [["ackSubject", own.ackMissing]]);
    assert.deepEqual(wrong(faults({...form, ackText: ""}, false)), [["ackText", own.ackMissing]]);
    const chat = {...changed, channel: "chat", ackText: ""};
    assert.deepEqual(body(chat, ["name", "ackText", "reviewQueue"]), {name: "mails"});
    assert.deepEqual(faults(chat, false), []);
});

test("a service has what its type has, and keeps what is left out of it when it is made", () => {
    const {begin, read, body, faults} = KINDS.services;
    const made = {...begin(), name: "help", queue: "support-chat"};
    assert.deepEqual(faults(made, true), []);
    assert.deepEqual(said(body(made, Object.keys(made))), {
        name: "help", type: "chat", queue: "support-chat", enabled: true, maxWaiting: 0,
        leaveMessage: "", origins: [], withoutKey: false, hours: {}, files: {needAgent: false},
    });
    const form = read({
        name: "help", type: "chat", queue: "support-chat", enabled: true, customerSilence: 45,
        idleAlert: 255, idleClose: 45, waitMax: 0, maxWaiting: null, leaveMessage: null,
        withoutKey: false, origins: [], hours: {timeZone: "UTC", open: ["Mon 08:00-18:00"]},
        files: {
            uploads: 3, fileBytes: 12_582_912, totalBytes: 1_572_864, downloads: 10,
            types: ["pdf"], needAgent: true,
        },
    });
    assert.deepEqual([form.maxWaiting, form.fileBytes, form.totalBytes], ["", "12", "1.5"]);
    assert.deepEqual(faults(form, false), []);
    const changed = {...form, open: [], totalBytes: "2", usable: false, mailbox: "not@its.example"};
    assert.deepEqual(
        said(body(changed, ["open", "totalBytes", "usable", "mailbox"])),
        {hours: {}, files: {totalBytes: 2_097_152}, enabled: false},
    );
    const wrongs = faults({
        ...form, queue: "", timeZone: " ", maxWaiting: "many", waitMax: "", fileBytes: "0", types: [],
    }, false);
    assert.deepEqual(wrong(wrongs), [
        ["queue", own.queueMissing],
        ["timeZone", own.timeZoneMissing],
        ["maxWaiting", own.notWithin(1, 1_000_000)],
        ["waitMax", own.notWithin(0, 1_728_000)],
        ["fileBytes", own.notSize(1_024)],
        ["types", own.typesMissing],
    ]);
    // With 0 any number would wait, and none is what was typed.
    assert.deepEqual(wrong(faults({...form, maxWaiting: "0"}, false)),
        [["maxWaiting", own.notWithin(1, 1_000_000)]]);
    // A time zone alone would be dropped unseen.
    assert.deepEqual(wrong(faults({...form, open: []}, false)), [["open", own.openMissing]]);
    // A size may be typed as most of Europe does.
    const halves = {...form, fileBytes: "2,5"};
    assert.deepEqual(faults(halves, false), []);
    assert.deepEqual(said(body(halves, ["fileBytes"])), {files: {fileBytes: 2_621_440}});
    assert.deepEqual(wrong(faults({...form, fileBytes: "2,5,1"}, false)),
        [["fileBytes", own.notSize(1_024)]]);
    const work = {...begin(), name: "texts", type: "openmedia", queue: "t", interactionSubType: " "};
    assert.deepEqual(faults(work, true), []);
    assert.ok(!("interactionSubType" in said(body(work, Object.keys(work)))));
    assert.deepEqual(wrong(faults(work, false)), [["interactionSubType", own.subTypeMissing]]);
    const email = {...begin(), name: "contact", type: "email", queue: "support-email"};
    assert.deepEqual(wrong(faults(email, true)), [["mailbox", own.addressMissing]]);
    assert.deepEqual(said(body({...email, mailbox: "a@b.example"}, Object.keys(email))), {
        name: "contact", type: "email", queue: "support-email", enabled: true,
        mailbox: "a@b.example",
    });
});

test("what leads to a queue or a service is known by its name", () => {
    const thing = <F>(id: string, form: F) => ({id, version: 1, form});
    const service = (name: string, changed: Partial<ServiceForm>) =>
        thing(name, {...KINDS.services.begin(), name, ...changed});
    const services = [
        service("help", {queue: "support-chat", leaveMessage: "contact"}),
        service("contact", {type: "email", queue: "support-email"}),
    ];
    const of = (page: string) => ({things: page === "services" ? services : null, trouble: null});
    const lists = {of} as Pick<Lists, "of">;
    assert.deepEqual(leadToQueue(lists, "support-chat").known.map(({name}) => name), ["help"]);
    assert.deepEqual(leadToQueue(lists, "tasks"), {known: [], isWhole: false}, "not all is read");
    const whole = (trouble: string | null) => ({
        of: (page: string) => ({things: page === "services" ? services : [], trouble}),
    }) as Pick<Lists, "of">;
    assert.deepEqual(leadToQueue(whole(null), "tasks"), {known: [], isWhole: true});
    assert.deepEqual(leadToQueue(whole(""), "tasks"), {known: [], isWhole: false});
    const [help, contact] = services;
    assert.deepEqual(leaveMessagesWith(lists, contact!.form).known.map(({id}) => id), ["help"]);
    assert.deepEqual(leaveMessagesWith(lists, help!.form).known, []);
});

test("a workbin of each agent's own has no group", () => {
    const {body, faults} = KINDS.workbins;
    const form = {name: "Later", type: "Agent", group: ""};
    assert.deepEqual(body(form, ["name", "type", "group"]), {name: "Later", type: "Agent"});
    assert.deepEqual(faults(form, false), []);
    assert.deepEqual(wrong(faults({...form, type: "AgentGroup"}, true)), [["group", own.groupMissing]]);
});

test("everything that is wrong is found at once, each at its control", () => {
    const step = (after: string, skills = {}) => ({after, groups: [], skills});
    const found = KINDS.queues.faults(queue({
        name: " ", inviteTimeout: "0", reofferAfter: "86401", priority: "1.5", answerTarget: "x",
        skills: {billing: "-1"},
        steps: [step("60"), step("60"), step(""), step("90", {billing: "high"}),
            step("80", {danish: ""}), step("100")],
    }), false);
    assert.deepEqual(wrong(found), [
        ["name", own.nameMissing],
        ["skills", own.levelWrong("billing")],
        ["inviteTimeout", own.notWithin(1, 86_400)],
        ["reofferAfter", own.notWithin(0, 86_400)],
        ["priority", own.notWithin(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)],
        ["answerTarget", own.notWithin(0, 2_592_000)],
        ["steps.1", own.stepNotLater(1, "60")],
        ["steps.2", own.notWithin(1, 86_400)],
        ["steps.3.skills", own.levelWrong("billing")],
        ["steps.4", own.stepNotLater(4, "90")],
        ["steps.4.skills", own.levelWrong("danish")],
    ]);
    const users = KINDS.users.faults(user({userName: "", capacity: {chat: "many", email: ""}}), true);
    assert.deepEqual(wrong(users).map(([at]) => at), ["userName", "capacity.chat"]);
});

test("what is wrong leads to its control, or to what that was in", () => {
    const there = ["field-steps", "field-steps.0", "field-capacity"];
    const leads = (at: string) => controlAt(at, (id) => there.find((one) => one === id) ?? null);
    assert.equal(leads("steps.0"), "field-steps.0");
    assert.equal(leads("steps.2.skills"), "field-steps");
    assert.equal(leads("capacity.pigeon"), "field-capacity");
    assert.equal(leads("name"), null);
});

test("a refusal of the server's stands at the field that it is about", () => {
    const of = (form: object) => (sentence: string) =>
        refusedFault(sentence, Object.keys(form)).at;
    const [ofQueue, ofUser, ofWorkbin] = [of(queue()), of(user()), of(KINDS.workbins.begin())];
    const ofService = of(KINDS.services.begin());
    for (const [at, expected] of [
        [ofQueue('There is another queue named "a"; choose another name.'), "name"],
        [ofUser('There is another user named "field groups"; choose another name.'), "userName"],
        [ofQueue("The queue cannot be so: the name of a queue is one line; correct it."), "name"],
        [ofQueue("The channel of a queue cannot be changed; make another queue."), "channel"],
        [ofQueue("The field after must be 1 to 86400 seconds; correct it."), "steps.0"],
        [ofQueue("The field inviteTimeout must be 1 to 86400 seconds; correct it."), "inviteTimeout"],
        [ofQueue("The queue cannot be so: review is for e-mail queues; correct it."), "reviewQueue"],
        [ofQueue('There is no queue named "a"; check the name.'), "reviewQueue"],
        [ofQueue('There is no group named "Nobody"; check the name.'), "groups"],
        [ofQueue("The queue is not there."), null],
        [ofUser("The parameter userName is missing; give it."), "userName"],
        [ofUser('There is no channel "pigeon" that capacity could be of; check the name.'), "capacity"],
        [ofUser('"ada" is the last admin of the contact center; make somebody else one.'), "roles"],
        [ofUser('The user cannot be so: the nickname "x" is shown to customers; correct it.'), "nickname"],
        [ofUser("The user cannot be so: a user name has no colon; correct it."), "userName"],
        [ofService('The service cannot be so: types has "?", expected the end of a name; correct it.'), "types"],
        [ofService("The service cannot be so: waitMax is 0.5s, allowed is 1s to 20d; correct it."), "waitMax"],
        [ofService('The service cannot be so: the queue "a" is of channel chat; correct it.'), "queue"],
        [ofService('The service cannot be so: the service name "?" becomes a part; correct it.'), "name"],
        [ofService('There is no service named "contact"; check the name.'), "leaveMessage"],
        [ofWorkbin("The group of a workbin cannot be changed; make another workbin."), "group"],
    ] as const) {
        assert.equal(at, expected);
    }
});

test("what a node does for all has words in every language", () => {
    const duties = ["routing", "timers", "followers", "outbox", "dead nodes", "sweep", "files"];
    for (const language of LANGUAGES) {
        const named = duties.map((duty) => dutyName(duty, adminTextsOf(language)));
        assert.deepEqual(named.filter((name) => duties.includes(name)), [], language);
    }
    assert.equal(dutyName("teleport", own), "teleport");
});

test("what differs is shown in words", () => {
    assert.equal(shownValue("channel", "constructor", words), "constructor");
    assert.equal(shownValue("channel", "workitem", words), "Work items");
    assert.equal(shownValue("roles", ["ROLE_AGENT", "ROLE_X"], words), "Agent, ROLE_X");
    assert.equal(shownValue("capacity", {chat: "2", email: "", overall: "4"}, words),
        "Chats 2, All together 4");
    assert.equal(shownValue("enabled", false, words), own.disabled);
    assert.equal(shownValue("answerTarget", "", words), own.nothing);
    const steps = [{after: "60", groups: ["Sales"], skills: {billing: "2"}}];
    assert.equal(shownValue("steps", steps, words), "60 s: Sales, billing 2");
});

test("each password that is given is another, of letters that nobody takes for others", () => {
    const given = Array.from({length: 50}, () => newPassword());
    assert.equal(new Set(given).size, given.length);
    for (const one of given) {
        assert.match(one, /^([a-hj-km-np-z2-9]{5}-){3}[a-hj-km-np-z2-9]{5}$/);
    }
    assert.equal(newPassword(() => 0), "aaaaa-aaaaa-aaaaa-aaaaa");
});

test("of a reason what is shown changes, and what is stored is said once", () => {
    const {read, body, faults, begin} = KINDS.reasons;
    const form = read({id: "x:Lunch", displayName: "A long lunch", reason: "Lunch", version: 3});
    assert.deepEqual(form, {name: "A long lunch", reason: "Lunch"});
    assert.deepEqual(body({...form, name: "Lunch"}, ["name"]), {displayName: "Lunch"});
    const begun = {...begin(), name: "Break"};
    assert.deepEqual(body(begun, Object.keys(begun)), {displayName: "Break"});
    assert.deepEqual(body({...begun, reason: "b"}, Object.keys(begun)), {
        displayName: "Break", reason: "b",
    });
    assert.deepEqual(wrong(faults(begin(), true)), [["name", own.nameMissing]]);
});

test("of an outcome what is stored stays, and the rest is sent as the API calls it", () => {
    const {read, body, begin} = KINDS.outcomes;
    const shown = {
        id: "sold", key: "sold", displayName: "Sold", channels: ["chat"], noteRequired: true,
    };
    const form = read(shown);
    const name = {displayName: "Sold it", channels: []};
    assert.deepEqual(body({...form, name: "Sold it", channels: []}, ["name", "channels"]), name);
    const begun = {...begin(), name: "Lost"};
    assert.deepEqual(body(begun, Object.keys(begun)), {
        displayName: "Lost", channels: [], noteRequired: false,
    });
    assert.deepEqual(inFile("outcomes", form), {key: "sold"});
});
