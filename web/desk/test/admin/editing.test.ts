import assert from "node:assert/strict";
import {test} from "node:test";
import {Center} from "../../src/admin/center.ts";
import {COLUMNS, found} from "../../src/admin/columns.ts";
import {Editing} from "../../src/admin/editing.ts";
import {KINDS, type QueueForm} from "../../src/admin/kinds.ts";
import type {Answer, RequestOptions} from "../../src/api/http.ts";
import {Refused, SignedOut, Unanswered} from "../../src/api/trouble.ts";
import {adminTextsOf} from "../../src/texts/admin.ts";
import {textsOf} from "../../src/texts/index.ts";

const own = adminTextsOf("en");
const words = {own, common: textsOf("en").common};
const STALE = "Somebody else changed this since you read it.";

/** A server with one queue, whose version counts as the API's does. */
class Server {
    queue: Record<string, unknown> = {
        id: "q", version: 1, name: "tasks", channel: "workitem", groups: [], skills: {},
        priority: 1, inviteTimeout: 30, reofferAfter: 30, answerTarget: null, steps: [],
    };
    /** How many things were made. */
    made = 0;
    readonly sent: {method: string; path: string; body?: unknown; key?: string | undefined}[] = [];
    /** What the next requests fail with before or after they have counted. */
    readonly lost: ("asked" | "answered" | Error | null)[] = [];
    readonly #receipts = new Map<string, Answer>();

    change(changed: object): void {
        this.queue = {...this.queue, ...changed, version: Number(this.queue["version"]) + 1};
    }

    /** What comes before the next answers to what is read. */
    readonly slow: Promise<void>[] = [];

    /** What the next reads fail with. */
    readonly unread: Error[] = [];

    async get(): Promise<Answer> {
        const trouble = this.unread.shift();
        if (trouble !== undefined) {
            throw trouble;
        }
        const answer = this.#read();
        await this.slow.shift();
        return answer;
    }

    #read(): Answer {
        return {statusCode: 0, queue: this.queue, service: this.queue, queues: [this.queue]};
    }

    put(path: string, body: unknown, options?: RequestOptions): Promise<Answer> {
        return this.#once("PUT", path, body, options, () => {
            const {version, ...changed} = body as {version: number};
            if (version !== this.queue["version"]) {
                throw new Refused(2, STALE);
            }
            this.change(changed);
        });
    }

    post(path: string, body: unknown, options?: RequestOptions): Promise<Answer> {
        return this.#once("POST", path, body, options, () => {
            this.made += 1;
            this.change(body as object);
        });
    }

    delete(path: string, options?: RequestOptions): Promise<Answer> {
        return this.#once("DELETE", path, undefined, options, () => {});
    }

    async #once(
        method: string,
        path: string,
        body: unknown,
        options: RequestOptions | undefined,
        does: () => void,
    ): Promise<Answer> {
        const key = options?.key;
        this.sent.push({method, path, body, key});
        const loss = this.lost.shift();
        if (loss instanceof Error) {
            throw loss;
        }
        if (loss === "asked") {
            throw new Unanswered("unreachable", 0);
        }
        if (key === undefined || !this.#receipts.has(key)) {
            does();
            this.#receipts.set(key ?? "", {statusCode: 0, id: "made"});
        }
        if (loss === "answered") {
            throw new Unanswered("unreachable", 0);
        }
        return this.#receipts.get(key ?? "") ?? {};
    }
}

async function edited(): Promise<{server: Server; editing: Editing<QueueForm>}> {
    const server = new Server();
    const editing = new Editing(KINDS.queues, new Center(server), "q");
    await editing.read();
    return {server, editing};
}

function held(): {until: Promise<void>; ends(): void} {
    let ends = (): void => {};
    const until = new Promise<void>((resolve) => {
        ends = resolve;
    });
    return {until, ends};
}

test("only what was changed is sent, on what it was changed of", async () => {
    const {server, editing} = await edited();
    assert.deepEqual(editing.changed.value, []);
    editing.form.value.priority = "5";
    assert.deepEqual(editing.changed.value, ["priority"]);
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.deepEqual(server.sent.map(({method, path, body}) => [method, path, body]), [
        ["PUT", "queues/q", {version: 1, priority: 5}],
    ]);
    assert.deepEqual(editing.changed.value, []);
    assert.equal(editing.base.value?.version, 2);
});

test("what is wrong is not sent, and stays as it was typed", async () => {
    const {server, editing} = await edited();
    editing.form.value.priority = "high";
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(editing.faults.value.map(({at}) => at), ["priority"]);
    assert.deepEqual([server.sent.length, editing.form.value.priority], [0, "high"]);
    editing.undo();
    assert.deepEqual([editing.form.value.priority, editing.faults.value.length], ["1", 0]);
    // Neither is anything while a name stands in a box that nothing has.
    editing.form.value.priority = "5";
    const unpicked = {at: "groups", says: (t: typeof own) => t.notPicked("Slaes")};
    assert.deepEqual(await editing.save([unpicked]), {kind: "not"});
    assert.deepEqual([editing.faults.value, server.sent.length], [[unpicked], 0]);
});

test("what was wrong of another type is nothing once the type is changed", async () => {
    const editing = new Editing(KINDS.services, new Center(new Server()), null);
    Object.assign(editing.form.value, {queue: "chats", maxWaiting: "many"});
    await editing.save();
    assert.deepEqual(editing.faults.value.map(({at}) => at), ["name", "maxWaiting"]);
    editing.form.value.type = "email";
    assert.deepEqual(editing.faults.value.map(({at}) => at), ["name"]);
    // What is refused is shown, whatever field of another type it could be about.
    const server = new Server();
    const email = new Editing(KINDS.services, new Center(server), null);
    Object.assign(email.form.value,
        {name: "contact", type: "email", queue: "mails", mailbox: "a@b.example"});
    server.lost.push(new Refused(10, "The field maxWaiting is no option; leave it out."));
    assert.deepEqual(await email.save(), {kind: "not"});
    assert.deepEqual(email.faults.value.map(({at}) => at), [null]);
    const queue = new Editing(KINDS.queues, new Center(new Server()), null);
    Object.assign(queue.form.value, {name: "mails", channel: "email", ackText: "Soon."});
    await queue.save();
    assert.deepEqual(queue.faults.value.map(({at}) => at), ["ackSubject"]);
    queue.form.value.channel = "chat";
    assert.deepEqual(queue.faults.value, []);
});

test("what a thing has already is in nobody's way, whatever a form would take", async () => {
    const {server, editing} = await edited();
    server.change({inviteTimeout: 0.5, steps: [{after: 0.5, groups: [], skills: {}}]});
    editing.base.value = null;
    await editing.read();
    editing.form.value.priority = "5";
    assert.deepEqual(await editing.save(), {kind: "saved"});
    editing.form.value.inviteTimeout = "0.25";
    editing.form.value.steps[0]!.groups = ["Sales"];
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(editing.faults.value.map(({at}) => at), ["inviteTimeout", "steps.0"]);
});

test("what is sent together with a change is looked at as well", async () => {
    const server = new Server();
    server.queue = {...server.queue, channel: "email"};
    const editing = new Editing(KINDS.queues, new Center(server), "q");
    await editing.read();
    editing.form.value.ackSubject = "Thanks";
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(editing.faults.value.map(({at}) => at), ["ackText"]);
    assert.equal(server.sent.length, 0);
});

test("two admins never overwrite each other unseen", async () => {
    const {server, editing} = await edited();
    editing.form.value.priority = "5";
    server.change({priority: 2, inviteTimeout: 45});
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.equal(server.queue["priority"], 2);
    assert.equal(editing.theirs.value?.form.priority, "2");
    // A third one comes between what was seen and what is saved over it.
    server.change({priority: 3});
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual([server.queue["priority"], editing.theirs.value?.form.priority], [3, "3"]);
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.deepEqual([server.queue["priority"], server.queue["inviteTimeout"]], [5, 45]);
    assert.equal(editing.form.value.inviteTimeout, "45");
});

test("of what is sent as a whole, what somebody else changed stays theirs", async () => {
    const email = {channel: "email", acknowledge: {subject: "Thanks", text: "Soon."}};
    const server = new Server();
    server.queue = {...server.queue, ...email};
    const editing = new Editing(KINDS.queues, new Center(server), "q");
    await editing.read();
    editing.form.value.ackText = "Today.";
    server.change({acknowledge: {subject: "Hello", text: "Soon."}});
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.deepEqual(server.queue["acknowledge"], {subject: "Hello", text: "Today."});
    // What is wrong is what would be there then.
    editing.form.value.ackText = "Now.";
    server.change({acknowledge: {subject: "", text: "Today."}});
    await editing.save();
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(editing.faults.value.map(({at}) => at), ["ackSubject"]);
    assert.deepEqual(server.queue["acknowledge"], {subject: "", text: "Today."});

    const open = ["Mon-Fri 08:00-18:00"];
    const shop = new Server();
    shop.queue = {...shop.queue, type: "chat", hours: {timeZone: "UTC", open}};
    const hours = new Editing(KINDS.services, new Center(shop), "q");
    await hours.read();
    hours.form.value.timeZone = "Europe/Oslo";
    shop.change({hours: {timeZone: "UTC", open: ["Sat 10:00-14:00"]}});
    assert.deepEqual(await hours.save(), {kind: "not"});
    assert.deepEqual(await hours.save(), {kind: "saved"});
    assert.deepEqual(shop.queue["hours"],
        {timeZone: "Europe/Oslo", open: ["Sat 10:00-14:00"], exceptions: []});
});

test("whoever undoes has what somebody else made of it", async () => {
    const {server, editing} = await edited();
    editing.form.value.priority = "5";
    server.change({priority: 2});
    await editing.save();
    editing.undo();
    assert.deepEqual([editing.form.value.priority, editing.changed.value, editing.theirs.value], [
        "2", [], null,
    ]);
});

test("what no form shows may change meanwhile", async () => {
    const {server, editing} = await edited();
    editing.form.value.priority = "5";
    server.change({});
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.equal(server.queue["priority"], 5);
    const refused = await edited();
    refused.editing.form.value.priority = "5";
    refused.server.lost.push(new Refused(2, '"ada" is the last admin.'));
    assert.deepEqual(await refused.editing.save(), {kind: "not"});
    assert.equal(refused.editing.faults.value[0]?.says(own), '"ada" is the last admin.');
});

test("a lost answer is asked for again under the same name, and counts once", async () => {
    for (const loss of ["asked", "answered"] as const) {
        const {server, editing} = await edited();
        server.lost.push(loss);
        editing.form.value.priority = "5";
        assert.deepEqual(await editing.save(), {kind: "not"});
        assert.equal(editing.faults.value[0]?.says(own), own.noAnswer);
        assert.deepEqual(await editing.save(), {kind: "saved"}, loss);
        assert.equal(server.sent[0]?.key, server.sent[1]?.key);
        assert.deepEqual([server.queue["priority"], server.queue["version"]], [5, 2], loss);
    }
});

test("what was saved without an answer is one's own change, whatever is typed after it", async () => {
    for (const loss of ["asked", "answered"] as const) {
        const {server, editing} = await edited();
        server.lost.push(loss);
        editing.form.value.priority = "5";
        await editing.save();
        assert.equal(editing.isUnknown.value, true);
        editing.form.value.name = "later";
        assert.deepEqual(await editing.save(), {kind: "saved"}, loss);
        assert.deepEqual([server.queue["priority"], server.queue["name"]], [5, "later"], loss);
        assert.deepEqual([editing.changed.value, editing.isUnknown.value], [[], false]);
    }
    // What is put back is put back there as well.
    const {server, editing} = await edited();
    server.lost.push("answered");
    editing.form.value.priority = "5";
    await editing.save();
    editing.form.value.priority = "1";
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.equal(server.queue["priority"], 1);
});

test("one's own change is known in the way in which the server writes it", async () => {
    const {server, editing} = await edited();
    server.lost.push("answered");
    Object.assign(editing.form.value, {priority: "05", answerTarget: "0", skills: {billing: "03"}});
    await editing.save();
    server.queue = {...server.queue, answerTarget: null};
    editing.form.value.name = "later";
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.deepEqual([server.queue["name"], editing.changed.value], ["later", []]);

    const shop = new Server();
    shop.queue = {...shop.queue, type: "chat", files: {types: ["pdf"], totalBytes: 1_572_864}};
    const hours = new Editing(KINDS.services, new Center(shop), "q");
    await hours.read();
    const open = ["Tue 08:00-18:00", "Mon 08:00-18:00"];
    Object.assign(hours.form.value, {open, timeZone: "UTC", types: ["PNG"], maxWaiting: "07"});
    shop.lost.push("answered");
    await hours.save();
    shop.queue = {
        ...shop.queue, files: {types: ["png"], totalBytes: 1_572_864},
        hours: {timeZone: "UTC", open: ["Mon-Tue 08:00-18:00"]},
    };
    hours.form.value.leaveMessage = "contact";
    assert.deepEqual(await hours.save(), {kind: "saved"});
    assert.equal(shop.queue["leaveMessage"], "contact");
});

test("nothing is sent to find out whether something was saved", async () => {
    for (const [loss, sent] of [["asked", [5]], ["answered", [5, 1]]] as const) {
        const {server, editing} = await edited();
        server.lost.push(loss);
        editing.form.value.priority = "5";
        await editing.save();
        editing.form.value.priority = "1";
        assert.deepEqual(await editing.save(), {kind: "saved"}, loss);
        assert.equal(editing.isUnknown.value, false);
        assert.deepEqual(server.sent.map(({body}) => (body as QueueForm).priority), sent, loss);
    }
    // Who cannot look does not know either.
    const {server, editing} = await edited();
    server.lost.push("asked");
    editing.form.value.priority = "5";
    await editing.save();
    editing.form.value.priority = "1";
    server.unread.push(new Unanswered("unreachable", 0));
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.equal(editing.isUnknown.value, true);
    assert.equal(server.sent.length, 1);
});

test("whoever comes after a lost answer is still shown", async () => {
    const {server, editing} = await edited();
    server.lost.push("answered");
    editing.form.value.priority = "5";
    await editing.save();
    server.change({inviteTimeout: 45});
    editing.form.value.name = "later";
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.equal(editing.theirs.value?.form.inviteTimeout, "45");
    assert.equal(server.queue["name"], "tasks");
    // Saved over it, without an answer: what they changed stays.
    server.lost.push("answered");
    await editing.save();
    editing.form.value.reofferAfter = "9";
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.deepEqual(
        ["name", "priority", "inviteTimeout", "reofferAfter"].map((field) => server.queue[field]),
        ["later", 5, 45, 9],
    );
});

test("whoever is turned away for a while reads why, and that nothing is saved", async () => {
    const {server, editing} = await edited();
    const said = "Too many requests; try again in 2 s.";
    editing.form.value.priority = "5";
    // A proxy turns away as well, and says nothing.
    for (const [sentence, shown] of [[said, said], ["", own.busy(2)]] as const) {
        server.lost.push(new Unanswered("busy", 1_500, sentence));
        assert.deepEqual(await editing.save(), {kind: "not"});
        assert.equal(editing.faults.value[0]?.says(own), shown);
        assert.equal(editing.isUnknown.value, false);
    }
});

test("what is saved is said to be, whatever the form cannot read then", async () => {
    for (const trouble of [
        new SignedOut("Please sign in."), new Refused(4, "There is no queue q."),
        new Unanswered("unreachable", 0),
    ]) {
        const {server, editing} = await edited();
        editing.form.value.priority = "5";
        server.unread.push(trouble);
        assert.deepEqual(await editing.save(), {kind: "saved"});
        editing.form.value.name = "later";
        assert.deepEqual(await editing.save(), {kind: "saved"});
        assert.deepEqual([server.queue["name"], server.queue["priority"]], ["later", 5]);
    }
});

test("an answer that comes late puts nothing back", async () => {
    const {server, editing} = await edited();
    const late = held();
    server.slow.push(late.until);
    const refreshing = editing.refresh();
    editing.form.value.priority = "5";
    await editing.save();
    late.ends();
    await refreshing;
    assert.deepEqual([editing.base.value?.version, editing.changed.value], [2, []]);

    const twice = new Editing(KINDS.queues, new Center(server), "q");
    const second = held();
    server.slow.push(Promise.resolve(), second.until);
    const reading = [twice.read(), twice.read()];
    await reading[0];
    twice.form.value.priority = "7";
    second.ends();
    await reading[1];
    assert.deepEqual([twice.form.value.priority, twice.changed.value], ["7", ["priority"]]);
});

test("what is typed while it is saved is still to be saved", async () => {
    const {server, editing} = await edited();
    editing.form.value.priority = "5";
    const saving = editing.save();
    editing.form.value.name = "later";
    assert.deepEqual(await editing.save(), {kind: "not"}, "one at a time");
    await saving;
    assert.deepEqual(editing.changed.value, ["name"]);
    await editing.save();
    assert.deepEqual([server.queue["name"], server.queue["priority"]], ["later", 5]);
});

test("something new is made once, and is nothing unsaved then", async () => {
    const server = new Server();
    const editing = new Editing(KINDS.skills, new Center(server), null);
    editing.form.value.name = "danish";
    server.lost.push("answered");
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(await editing.save(), {kind: "made", id: "made", secret: ""});
    assert.equal(server.sent[0]?.key, server.sent[1]?.key);
    assert.deepEqual(server.sent[0]?.body, {name: "danish"});
    assert.deepEqual(editing.changed.value, []);
});

test("something new that may be made already is not made again as something else", async () => {
    for (const loss of ["asked", "answered"] as const) {
        const server = new Server();
        const editing = new Editing(KINDS.queues, new Center(server), null);
        Object.assign(editing.form.value, {name: "fjord", priority: "3"});
        server.lost.push(loss);
        await editing.save();
        // A channel is fixed once a queue is made.
        Object.assign(editing.form.value, {name: "harbour", channel: "email"});
        assert.deepEqual(await editing.save(), {kind: "made", id: "q", secret: ""}, loss);
        assert.equal(editing.form.value.channel, server.queue["channel"]);
        assert.deepEqual(Object.keys(server.sent.at(-1)?.body as object), ["version", "name"]);
        assert.deepEqual([server.made, server.queue["name"], server.queue["priority"]],
            [1, "harbour", 3], loss);
        assert.deepEqual(server.sent.map(({method}) => method), ["POST", "POST", "PUT"]);
        assert.deepEqual(editing.changed.value, []);
    }
    // What is refused then was not made.
    const server = new Server();
    const editing = new Editing(KINDS.queues, new Center(server), null);
    editing.form.value.name = "taken";
    server.lost.push("asked", new Refused(5, "There is another queue of this name."));
    await editing.save();
    editing.form.value.name = "harbour";
    assert.deepEqual(await editing.save(), {kind: "made", id: "made", secret: ""});
    assert.deepEqual([server.made, server.queue["name"]], [1, "harbour"]);
});

test("what the server fills in when something is made is no change", async () => {
    const server = new Server();
    Object.assign(server.queue, {customerSilence: 45, idleAlert: 255, idleClose: 45, waitMax: 0});
    const editing = new Editing(KINDS.services, new Center(server), null);
    Object.assign(editing.form.value, {name: "help", queue: "chats"});
    server.lost.push("answered", null, new Refused(4, 'There is no queue named "other".'));
    await editing.save();
    editing.form.value.queue = "other";
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(
        [editing.changed.value, editing.form.value.customerSilence], [["queue"], "45"]);
    assert.deepEqual(await editing.save(), {kind: "made", id: "q", secret: ""});
    assert.equal(server.queue["queue"], "other");
});

test("what is removed names where work goes that has no queue", async () => {
    const server = new Server();
    const editing = new Editing(KINDS.users, new Center(server), "a b");
    await editing.remove(["support & more", "tasks"]);
    assert.equal(server.sent[0]?.path, "users/a%20b?workTo=support%20%26%20more&workTo=tasks");
});

test("of what is removed nothing is unsaved, whatever stands in a box", async () => {
    const {editing} = await edited();
    const beside = [{at: "groups", says: (t: typeof own) => t.notPicked("Slaes")}];
    editing.form.value.priority = "5";
    assert.equal(editing.unsavedWith(beside), 2);
    await editing.remove([]);
    assert.equal(editing.unsavedWith(beside), 0);
});

test("a skill may be called as anything", () => {
    const form = {...KINDS.users.begin(), skills: {danish: "1"}};
    const lists = {of: () => ({things: [{id: "u", version: 1, form}], trouble: null})};
    const [users] = COLUMNS.skills(words, lists as never);
    assert.deepEqual(["danish", "constructor"].map((name) => users?.of({name})), ["1", "0"]);
});

test("a table is searched in all that it shows", () => {
    const queue = (name: string, groups: string[]) =>
        ({id: name, version: 1, form: {...KINDS.queues.begin(), name, groups}});
    const lists = {of: () => ({things: null, trouble: null})};
    const columns = COLUMNS.queues(words, lists as never);
    const all = [queue("Support", ["Sales"]), queue("tasks", ["Support", "Night"])];
    const names = (typed: string) => found<"queues">(all, columns, typed).map(({id}) => id);
    assert.deepEqual(names(""), ["Support", "tasks"]);
    assert.deepEqual(names("support"), ["Support", "tasks"]);
    assert.deepEqual(names(" night CHATS "), ["tasks"]);
    assert.deepEqual(names("nothing"), []);
});
