// The acceptance scenario: the npm client and the PyPI client are two agents, this script is the intake, and together they go through
// the eleven operations of the reference document. Usage: node scenario.mjs long-polling|websocket

import assert from "node:assert/strict";

import {Caller, refused, run, step, succeeded} from "./lib/center.mjs";
import {JavaScriptAgent} from "./lib/javascript-agent.mjs";
import {PythonAgent} from "./lib/python-agent.mjs";

const OLDER_OK = {status: "ok", statusCode: 0};
const PLAIN_OK = {statusCode: 0};

const intake = new Caller("intake");
const transport = process.argv[2];
const kate = new JavaScriptAgent("kate");
const ben = new PythonAgent("ben");

async function submit(channel, queueName, fields = {}) {
    const body = {operationName: "Create", channel, queueName, interactionType: "Inbound", ...fields};
    return succeeded(await intake.call("POST", "/interactions", body), "Create").id;
}

/** Submits a work item that only `agent` can be offered, and sees it offered. */
async function offerTo(agent, other, fields) {
    await other.me("NotReady");
    const id = await submit("workitem", "tasks", fields);
    const offer = await agent.sees(id, "Invited");
    assert.deepEqual(offer.capabilities, ["Accept", "Reject"]);
    assert.equal(offer.messageTypeName, "InteractionStateMessage");
    await other.me("Ready");
    return id;
}

async function rejectAndAccept() {
    const id = await offerTo(kate, ben, {userData: {field1: "one", field3: {fieldA: "a", fieldB: "b"}}});
    await kate.commands(id, "Reject", {}, OLDER_OK);
    await kate.sees(id, "Completed");
    await ben.sees(id, "Invited");
    step("Reject: the interaction was presented to another agent");
    refused(await kate.command(id, "Accept"), 403, 3, true, "Accept by another agent");
    const referenceId = await ben.commands(id, "Accept", {}, OLDER_OK);
    const owned = await ben.sees(id, "Processing");
    assert.equal(owned.assignedTo, ben.id);
    assert.equal(owned.referenceId, referenceId);
    step("Accept: ownership came as a notification");
    return id;
}

async function userData(id) {
    const change = async (operation, fields, after) => {
        const referenceId = await ben.commands(id, operation, fields, OLDER_OK);
        const told = await ben.notified(operation, data => data.referenceId === referenceId);
        assert.equal(told.notificationType, "PropertiesUpdated");
        assert.deepEqual(told.userData, after, operation);
        step(`${operation}: the notification shows the new data`);
    };
    const update = {userData: {field1: "uno", field2: 2}};
    await change("UpdateUserData", update, {field1: "uno", field2: 2, field3: {fieldA: "a", fieldB: "b"}});
    // A key that is new, and then one that is there: clients attach to set.
    for (const field4 of [3, 4]) {
        const after = {field1: "uno", field2: 2, field3: {fieldA: "a", fieldB: "b"}, field4};
        await change("AttachUserData", {userData: {field4}}, after);
    }
    const remove = {userData: {field1: "uno", field2: 2, field3: {fieldA: "a"}}};
    await change("DeleteUserData", remove, {field3: {fieldB: "b"}, field4: 4});
}

async function queueAndTransfer(id) {
    await ben.me("NotReady");
    await ben.commands(id, "PlaceInQueue", {queueName: "tasks"}, OLDER_OK);
    await ben.sees(id, "Completed");
    await kate.sees(id, "Invited");
    step("PlaceInQueue: the other agent was invited");
    await kate.commands(id, "Accept", {}, OLDER_OK);
    await kate.sees(id, "Processing");

    refused(await kate.command(id, "Transfer", {userId: ben.id}), 409, 2, false, "Transfer to one who is not Ready");
    await ben.me("Ready");
    await kate.commands(id, "Transfer", {userId: ben.id}, PLAIN_OK);
    await ben.sees(id, "Invited");
    await ben.commands(id, "Accept", {}, OLDER_OK);
    await kate.sees(id, "Completed");
    const owned = await ben.sees(id, "Processing");
    assert.equal(owned.assignedTo, ben.id);
    step("SingleStepTransfer: ownership went from one agent to the other");
}

async function workbin(id) {
    await ben.commands(id, "PlaceInWorkbin", {workbin: "Team"}, OLDER_OK);
    await ben.sees(id, "InWorkbin");
    step("PlaceInWorkbin: the interaction rests");
    for (const agent of [ben, kate]) {
        const referenceId = await agent.commands(id, "GetWorkbinContent", {workbin: "Team"}, OLDER_OK);
        const content = await agent.notified("the content", data => data.messageTypeName === "WorkbinContentMessage");
        assert.equal(content.referenceId, referenceId);
        assert.deepEqual(content.interactions.map(one => one.id), [id]);
        // Beside the customer's keys there are properties of the interaction.
        const {field1, field2, field3, field4} = content.interactions[0].userData;
        assert.deepEqual({field1, field2, field3, field4}, {field1: undefined, field2: undefined, field3: {fieldB: "b"}, field4: 4});
    }
    step("GetWorkbinContent: the content came to both agents by CometD");
    const workbins = succeeded(await kate.call("GET", "/workbins?fields=*"), "GET /workbins").workbins;
    const team = workbins.find(one => one.name === "Team" || one.workbinName === "Team");
    const pull = {operationName: "PullWorkitem", id};
    succeeded(await kate.call("POST", `/workbins/${team.id}`, pull), "PullWorkitem");
    await kate.sees(id, "Processing");
    step("Pull: the interaction is owned again");
}

async function lists(id) {
    const uris = succeeded(await kate.call("GET", "/me/interactions"), "GET /me/interactions").uris;
    assert.equal(uris.length, 1);
    assert.ok(uris[0].endsWith(`/api/v2/interactions/${id}`), uris[0]);
    const own = succeeded(await kate.call("GET", "/me/interactions?fields=*"), "with fields").interactions;
    assert.deepEqual(own.map(one => [one.id, one.state]), [[id, "Processing"]]);
    const all = succeeded(await kate.call("GET", "/interactions?fields=*"), "GET /interactions").interactions;
    assert.ok(all.some(one => one.id === id));
    succeeded(await kate.call("PUT", `/interactions/${id}`, {subject: "Changed"}), "PUT /interactions/{id}");
    const one = succeeded(await kate.call("GET", `/interactions/${id}`), "GET /interactions/{id}").interaction;
    assert.equal(one.subject, "Changed");
    step("GET and PUT: lists, one interaction, a change of it");
}

async function complete(id) {
    await kate.commands(id, "Complete", {}, PLAIN_OK);
    const ended = await kate.sees(id, "Completed");
    assert.deepEqual(ended.capabilities, []);
    refused(await kate.command(id, "Complete"), 409, 2, false, "Complete twice");
    step("Complete: the work is done");
}

async function cancel() {
    await ben.me("NotReady");
    const email = {from: "customer@example.org", to: ["support@demo.example"], subject: "Where is it?", body: "?"};
    const id = await submit("email", "support-email", {subject: "Where is it?", email});
    const offer = await kate.sees(id, "Invited");
    assert.equal(offer.email_object.subject, "Where is it?");
    await kate.commands(id, "Accept", {}, OLDER_OK);
    succeeded(await kate.command(id, "Reply"), "Reply");
    const draft = await kate.notified("a draft", data => data.parentId === id && data.state === "Composing");
    await kate.commands(draft.id, "Cancel", {}, {status: 0, statusCode: 0});
    await kate.sees(draft.id, "Canceled");
    step("Cancel: the reply was given up");
    await kate.commands(id, "Complete", {}, PLAIN_OK);
    await kate.sees(id, "Completed");
}

run(`acceptance scenario over ${transport}`, 40_000, async () => {
    assert.ok(["long-polling", "websocket"].includes(transport), "usage: node scenario.mjs long-polling|websocket");
    await kate.comeToWork(transport);
    await ben.comeToWork(transport);
    step("cometd 9 and aiocometd-ng are connected, subscribed and Ready");
    const id = await rejectAndAccept();
    await userData(id);
    await queueAndTransfer(id);
    await workbin(id);
    await lists(id);
    await complete(id);
    await cancel();
    for (const agent of [kate, ben]) {
        await agent.me("EndContactCenterSession");
        await agent.disconnect();
    }
    step("both agents ended their sessions and disconnected");
});
