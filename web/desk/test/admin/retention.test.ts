import assert from "node:assert/strict";
import {test} from "node:test";
import {Center} from "../../src/admin/center.ts";
import {Editing} from "../../src/admin/editing.ts";
import {isShorter, RETENTION, settingOf, type RetentionForm} from "../../src/admin/retention.ts";
import type {Answer} from "../../src/api/http.ts";
import {Refused} from "../../src/api/trouble.ts";
import {adminTextsOf} from "../../src/texts/admin.ts";

const own = adminTextsOf("en");
const DAY_S = 86_400;

/** A contact center, as far as this setting goes. */
class Server {
    retention: Record<string, number> = {chat: 365 * DAY_S, email: 360_001};
    version = 3;
    readonly put_: unknown[] = [];

    async get(path: string): Promise<Answer> {
        assert.equal(path, "settings/retention");
        return {statusCode: 0, retention: this.retention, version: this.version};
    }

    async put(path: string, body: unknown): Promise<Answer> {
        assert.equal(path, "settings/retention");
        const {version, retention} = body as {version: number; retention: Record<string, number>};
        if (version !== this.version) {
            throw new Refused(2, "Somebody else changed this since you read it.");
        }
        this.put_.push(retention);
        [this.retention, this.version] = [retention, version + 1];
        return {statusCode: 0};
    }

    post(): Promise<Answer> {
        return Promise.reject(new Error("nobody posts here"));
    }

    delete = this.post;
}

async function edited(server: Server): Promise<Editing<RetentionForm>> {
    const editing = new Editing(RETENTION, new Center(settingOf(server)), "retention");
    await editing.read();
    return editing;
}

test("days are shown and saved, to the second, and what is empty is for good", async () => {
    const server = new Server();
    const editing = await edited(server);
    assert.deepEqual({...editing.form.value}, {chat: "365", email: "4.166678", workitem: ""});
    editing.form.value.workitem = "90,5";
    assert.deepEqual(await editing.save(), {kind: "saved"});
    editing.form.value.chat = " ";
    assert.deepEqual(await editing.save(), {kind: "saved"});
    const [email, workitem] = [360_001, 90.5 * DAY_S];
    assert.deepEqual(server.put_, [{chat: 365 * DAY_S, email, workitem}, {email, workitem}]);
});

test("what another admin said meanwhile is shown, and stays where one changed nothing", async () => {
    const server = new Server();
    const editing = await edited(server);
    [server.retention, server.version] = [{chat: 30 * DAY_S}, 4];
    editing.form.value.workitem = "10";
    assert.deepEqual(await editing.save(), {kind: "not"});
    assert.deepEqual(server.put_, []);
    assert.equal(editing.theirs.value?.form.chat, "30");
    assert.deepEqual(await editing.save(), {kind: "saved"});
    assert.deepEqual(server.put_, [{chat: 30 * DAY_S, workitem: 10 * DAY_S}]);
});

test("what the server would not take is said at its field", () => {
    const form = {chat: "2", email: "36501", workitem: "soon"};
    assert.deepEqual(RETENTION.faults(form, false).map(({at, says}) => [at, says(own)]),
        ["chat", "email", "workitem"].map((at) => [at, own.notDays(3, 36_500)]));
    assert.deepEqual(RETENTION.faults({chat: "3", email: "", workitem: "36500"}, false), []);
});

test("a time is shorter where something would go that was kept", () => {
    const before = {chat: "30", email: "", workitem: "10"};
    assert.equal(isShorter({...before, chat: "29.5"}, before), true);
    assert.equal(isShorter({...before, email: "9000"}, before), true);
    assert.equal(isShorter({...before, chat: "", workitem: "11"}, before), false);
    assert.equal(isShorter({...before, chat: "30,0"}, before), false);
});
