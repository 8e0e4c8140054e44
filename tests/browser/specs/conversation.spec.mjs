// One whole conversation: a customer with the widget in a browser, agents and a supervisor with npm `cometd`, through a consultation, a
// transfer, a cut connection on each side and a server that is killed in the middle. Whatever each of them was shown must be a prefix of
// one sequence. Ben has a second client that is careless; what it misses must be found, or nothing found would mean nothing.

import {expect, test} from "@playwright/test";

import {findings, line, oneSequence, pageLine, seenBy, skeleton} from "../lib/conversation-check.mjs";
import {WAYS} from "../lib/conversation-customer.mjs";
import {Conversation, becomes, eventually} from "../lib/conversation.mjs";

/** How long the conversation may take, in ms, on a busy machine. */
const BOUND_MS = 90_000;
/** How many messages each side says while the server goes away and comes back, and after how many of an agent's it goes. */
const VOLLEY = 8;
const VOLLEY_BROKEN = 3;
/** What everything begins with that the customer must not see. */
const HIDDEN = "among ourselves";

for (const way of Object.keys(WAYS)) {
    test(`a conversation over ${way} is one sequence for everybody, whatever breaks meanwhile`, async ({browser}, testInfo) => {
        test.setTimeout(BOUND_MS);
        const scene = await Conversation.begin();
        try {
            await converses(scene, browser, way);
        } catch (error) {
            await testInfo.attach("the program's log", {body: await scene.program.log()});
            await testInfo.attach("what the browser was sent", {body: JSON.stringify(scene.customer?.received, null, 1)});
            throw error;
        } finally {
            await scene.end();
        }
    });
}

async function converses(scene, browser, way) {
    await test.step("the customer asks and waits", () => asks(scene, browser, way));
    await test.step("Kate accepts, both speak and type", () => accepts(scene));
    await test.step("the customer's connection is cut", () => cutOfTheCustomer(scene));
    await test.step("Ben is consulted", () => consults(scene));
    await test.step("the chat is transferred to Ben", () => transfers(scene));
    await test.step("Ben's connection is cut", () => cutOfBen(scene));
    await test.step("the server is killed", () => breaks(scene, "SIGKILL"));
    await test.step("files go both ways", () => files(scene));
    await test.step("the server is stopped in good order", () => breaks(scene, "SIGTERM"));
    const sequence = await test.step("Ben ends it", () => ends(scene));
    await test.step("everything was said once", () => saidOnce(scene, sequence));
    await test.step("agents were shown prefixes", () => comparesAgents(scene, sequence));
    await test.step("the customer was shown a prefix at every moment", () => comparesCustomer(scene, seenBy("All", sequence)));
    await test.step("careless recordings are found", () => findsCareless(scene, sequence));
}

async function asks(scene, browser, way) {
    await scene.ask(browser, way, "Ann Example", "My fern is sad");
    await eventually(scene.customer.status).toContainText("You are number 1 in line");
    await scene.customerSays("customer, waiting: is anybody there?");
}

async function accepts(scene) {
    const {customer} = scene;
    const kate = await scene.agentComes("kate", {transport: "websocket", isReady: true});
    await scene.takes(kate, "Kate");
    await scene.customerSees("Kate joined the chat");
    await scene.hears(kate, "customer, waiting: is anybody there?");
    await kate.does(scene.id, "SendStartTypingNotification");
    await eventually(customer.page.getByText("Kate is typing…")).toBeVisible();
    await scene.says(kate, "kate: good morning");
    await scene.customerSees("Kate: kate: good morning");
    await customer.message.pressSequentially("I am");
    await becomes(async () => (await kate.notes()).map(({type}) => type), "Kate sees the customer type").toContain("TypingStarted");
    await scene.customerSays("customer: my fern is sad");
    await scene.hears(kate, "customer: my fern is sad");
}

/** The line breaks within a message to the customer, stays away while both speak, and breaks again within the answer to a message of theirs. */
async function cutOfTheCustomer(scene) {
    const {customer} = scene;
    const {kate} = scene.people;
    const broken = customer.line.inside("kate: which half of this arrives?");
    await scene.says(kate, "kate: which half of this arrives?");
    await broken;
    customer.line.shut();
    await scene.says(kate, "kate: said while the customer was away");
    await scene.customerTypes("customer: typed while away");
    await eventually(customer.page.getByText("Not sent yet")).toBeVisible();
    customer.line.open();
    await scene.customerSees("You: customer: typed while away");
    await scene.customerSees("Kate: kate: said while the customer was away");

    const unanswered = customer.line.inside("customer: arrives, and they are not told");
    await scene.customerTypes("customer: arrives, and they are not told");
    await unanswered;
    await scene.customerSees("You: customer: arrives, and they are not told");
    await scene.hears(kate, "customer: arrives, and they are not told");
}

/** What agents say among themselves, and what only supervisors see, lies between what the customer is told. */
async function consults(scene) {
    const {kate} = scene.people;
    const [sam, ben] = await Promise.all([
        scene.agentComes("sam", {transport: "long-polling"}),
        scene.agentComes("ben", {transport: "long-polling", isReady: true}),
        scene.agentComes("ben", {name: "careless", transport: "long-polling", isReady: true, isCareful: false}),
    ]);
    const intrude = {operationName: "Intrude", supervisorVisibilityMode: "Monitor"};
    await sam.succeeds("POST", `/users/${kate.id}/chats/${scene.id}`, intrude);
    await scene.takes(sam, "Sam");
    await kate.does(scene.id, "Consult", {targetUri: `/users/${ben.id}`});
    await scene.takes(ben, "Ben");
    await scene.says(kate, `${HIDDEN}, kate: do you know ferns?`, "SendToAgents");
    await scene.customerSays("customer: is it the light?");
    await scene.says(ben, `${HIDDEN}, ben: it is the water`);
    await scene.says(kate, "kate: my colleague knows");
    await scene.says(sam, `${HIDDEN}, sam: well done`);
    await scene.says(ben, `${HIDDEN}, ben: let me talk to her`);
    await scene.customerSays("customer: good");
    await scene.customerSees("Kate: kate: my colleague knows");
}

async function transfers(scene) {
    const {kate, ben} = scene.people;
    await scene.hears(kate, "customer: good");
    await kate.does(scene.id, "CompleteTransfer", {agentId: ben.id});
    await scene.customerSees("Ben joined the chat");
    await scene.customerSees("Kate left the chat");
    await scene.says(ben, "ben: how often do you water it?");
    await scene.customerSays("customer: every hour");
    await scene.hears(ben, "customer: every hour");
}

async function cutOfBen(scene) {
    const {ben} = scene.people;
    const broken = ben.line.inside("customer: which half does Ben get?");
    await scene.customerSays("customer: which half does Ben get?");
    await broken;
    ben.line.shut();
    await scene.customerSays("customer: said while Ben was away");
    await scene.says(ben, "ben: said while their line was cut");
    await scene.customerSees("Ben: ben: said while their line was cut");
    ben.line.open();
    await scene.hears(ben, "ben: said while their line was cut");
}

/** Both sides speak while the server goes away and comes back. The careless client is away meanwhile. */
async function breaks(scene, signal) {
    const {customer, program} = scene;
    const {ben, careless} = scene.people;
    const texts = speaker => Array.from({length: VOLLEY}, (_, at) => scene.note(speaker, `${speaker}: ${signal}, ${at + 1}`));
    const [bens, customers] = [texts("ben"), texts("customer")];
    careless.line.shut();
    const restart = async () => {
        await program.end(signal);
        await eventually(customer.unsent.first(), "something is on its way").toBeVisible();
        await program.start();
    };
    let restarted;
    const benSpeaks = async () => {
        for (const [at, text] of bens.entries()) {
            const isSaid = ben.insists(scene.id, text);
            if (at === VOLLEY_BROKEN) {
                restarted = restart();
            }
            await isSaid;
        }
    };
    const customerSpeaks = async () => {
        for (const text of customers) {
            await customer.say(text);
        }
    };
    await Promise.all([customerSpeaks(), benSpeaks()]);
    await restarted;
    await scene.customerSees(`Ben: ${bens.at(-1)}`);
    await scene.customerSees(`You: ${customers.at(-1)}`);
    await scene.hears(ben, bens.at(-1));
    await scene.hears(ben, customers.at(-1));
    careless.line.open();
}

async function files(scene) {
    const {customer} = scene;
    const {ben} = scene.people;
    await customer.attach("leaf.txt", "brown since Monday");
    await scene.customerSees("You: leaf.txt");
    await scene.hears(ben, "leaf.txt");
    const {attachments} = await ben.succeeds("GET", `/me/interactions/${scene.id}/attachments?fields=*`);
    expect(attachments.map(({name}) => name)).toEqual(["leaf.txt"]);
    expect(await ben.reads(scene.id, attachments[0].id)).toBe("brown since Monday");
    await ben.attach(scene.id, "care.txt", "water once a week");
    await scene.customerSees("Ben: care.txt");
    expect(await customer.saves("care.txt")).toBe("water once a week");
}

/** Ben says goodbye. What each may read is read while they take part, the rest by the customer; gives the one sequence. */
async function ends(scene) {
    const {customer, program} = scene;
    const {ben, sam, careless} = scene.people;
    // The careless client has a gap only once it has heard something behind it.
    const again = async () => {
        await scene.says(ben, `ben: still there? ${scene.said.ben.length}`);
        return (await careless.view()).at(-1)?.text;
    };
    await becomes(again, "the careless client is back").toContain("still there?");
    await scene.customerSays("customer: thank you");
    await scene.hears(ben, "customer: thank you");
    await scene.hears(sam, "customer: thank you");
    const agents = {audience: "Agents", entries: await ben.history(scene.id)};
    const supervisors = {audience: "Supervisors", entries: await sam.history(scene.id)};
    await ben.does(scene.id, "Complete", {text: scene.note("ben", "ben: goodbye")});
    await scene.customerSees("Ben: ben: goodbye");
    await eventually(customer.page.getByText("The chat has ended.")).toBeVisible();
    // Sam, whom the end takes out, reads nothing any more; what took place until then they are told.
    const leavings = async () => (await sam.view()).filter(({type, visibility}) => type === "ParticipantLeft" && visibility === "Supervisors");
    await becomes(async () => (await leavings()).length, "Sam is told that they are out").toBe(1);
    const lookers = {audience: "Supervisors", entries: await leavings()};
    const everybody = {audience: "All", entries: await customer.history(program.origin)};
    const {events} = await sam.succeeds("GET", `/interactions/${scene.id}/events?limit=1000`);
    return oneSequence(skeleton(events), [agents, supervisors, lookers, everybody]);
}

function saidOnce(scene, sequence) {
    const texts = sequence.filter(({type}) => type === "Text").map(({text}) => text);
    for (const [speaker, theirs] of Object.entries(scene.said)) {
        expect(texts.filter(text => theirs.includes(text)), `${speaker}, in their order`).toEqual(theirs);
    }
    expect(texts, "nothing else was said").toHaveLength(Object.values(scene.said).flat().length);
}

const numbered = entries => entries.map(one => ({index: one.index, line: line(one)}));

async function comparesAgents(scene, sequence) {
    const views = [
        ["kate", "Agents", "customer: good"],
        ["ben", "Agents", "customer: thank you"],
        ["sam", "Supervisors", "customer: thank you"],
    ];
    for (const [name, audience, reaches] of views) {
        const agent = scene.people[name];
        for (const {topic, entries} of await agent.views()) {
            const found = findings(numbered(entries), numbered(seenBy(audience, sequence)), reaches);
            expect(found, `${name}, ${topic}`).toEqual([]);
        }
        const isLost = ({data}) => data.messageType === "Resync" || data.gapBefore !== undefined;
        expect((await agent.heard()).filter(isLost), `${name} lost nothing on the way`).toEqual([]);
    }
}

async function comparesCustomer({customer}, sequence) {
    const received = numbered(customer.entries().map(one => ({...one, visibility: "All"})));
    const sent = numbered(sequence);
    for (const one of received) {
        expect(one, "an index is always the same entry").toEqual(sent[one.index - 1]);
    }
    const once = [...new Map(received.map(one => [one.index, one])).values()].sort((one, other) => one.index - other.index);
    expect(findings(once, sent, "ben: goodbye"), "what the browser was sent").toEqual([]);
    const page = sequence.map(pageLine).filter(text => text !== undefined).map(text => ({line: text}));
    const shown = await customer.shown();
    let before = 0;
    for (const lines of shown) {
        expect(findings(lines.map(text => ({line: text})), page), "the page at some moment").toEqual([]);
        expect(lines.length, "no line goes away").toBeGreaterThanOrEqual(before);
        before = lines.length;
    }
    expect(shown.at(-1), "in the end the page shows everything").toHaveLength(page.length);
    expect(customer.line.heard("ben: goodbye"), "the relay can read what passes").toBeGreaterThan(0);
    expect(customer.line.heard(HIDDEN), "what the customer must not see").toBe(0);
    expect(JSON.stringify(customer.received)).not.toContain(HIDDEN);
}

/** The control: what the careless client missed is found, and so would be any entry that a careful one had lost. */
async function findsCareless(scene, sequence) {
    const {careless, ben} = scene.people;
    const agents = numbered(seenBy("Agents", sequence));
    const missing = expect.stringContaining("is missing before");
    expect(findings(numbered(await careless.view()), agents), "the careless client").toContainEqual(missing);
    const view = numbered(await ben.view());
    for (const at of view.keys()) {
        const isLast = at === view.length - 1;
        const found = findings(view.toSpliced(at, 1), agents, view.at(-1).line);
        expect(found, `without ${at + 1}`).toContainEqual(isLast ? expect.stringContaining("it ends before") : missing);
    }
}

test.describe("the checker of views", () => {
    const said = ["one", "two", "three", "four"].map((text, at) => ({index: at + 1, line: text}));
    const [one, two, three] = said;
    const table = [
        ["all of it", said, "four", []],
        ["a prefix", [one, two], "two", []],
        ["a page, which shows no indexes", said.map(({line: text}) => ({line: text})), "four", []],
        ["nothing yet", [], undefined, []],
        ["a gap", [one, three], "three", ["2 is missing before 3: two"]],
        ["no beginning", [two, three], "three", ["1 is missing before 2: one"]],
        ["something twice", [one, two, two, three], "three", ["2 is there twice: two"]],
        ["two in the wrong order", [one, three, two], "three", ["2 is missing before 3: two", "2 comes after 3: two"]],
        ["another text", [one, {...two, line: "deux"}], "one", ["2 is not what was said: deux; but two"]],
        ["more than was said", [...said, {index: 5, line: "five"}], "four", ["5 is not what was said: five; but nothing"]],
        ["a page with a gap", [{line: "one"}, {line: "three"}], "one", ["2 is not what was said: three; but two"]],
        ["a page with something twice", [{line: "one"}, {line: "one"}], "one", ["2 is not what was said: one; but two"]],
        ["less than there was to see", [one], "two", ["it ends before two"]],
        ["nothing at all", [], "one", ["it ends before one"]],
    ];
    for (const [name, view, reaches, wanted] of table) {
        test(name, () => expect(findings(view, said, reaches)).toEqual(wanted));
    }

    test("what is stored is one sequence, or contradicts itself", () => {
        const facts = [["Customer", "All"], ["Agent", "Agents"], ["Agent", "All"]];
        const events = [{facts: facts.map(([by, visibility]) => ({fact: "Said", type: "Text", by, visibility}))}, {facts: [{fact: "Completed"}]}];
        const bones = skeleton(events);
        const read = (index, kind, text) => ({index, type: "Text", kind, nickname: "X", text});
        const agents = {audience: "Agents", entries: [read(1, "Customer", "a"), read(2, "Agent", "b"), read(3, "Agent", "c")]};
        const everybody = (...entries) => ({audience: "All", entries});
        const both = everybody(read(1, "Customer", "a"), read(2, "Agent", "c"));
        const shown = (audience, sequence) => seenBy(audience, sequence).map(({index, text}) => `${index}${text}`);
        const sequence = oneSequence(bones, [agents, both]);
        expect(shown("All", sequence)).toEqual(["1a", "2c"]);
        expect(shown("Agents", sequence)).toEqual(["1a", "2b", "3c"]);
        expect(() => oneSequence(bones, [both])).toThrow("nobody could read what the history has at 2");
        expect(() => oneSequence(bones, [agents, everybody(read(2, "Agent", "b"))])).toThrow("All read 2 otherwise");
        expect(() => oneSequence(bones, [agents, everybody(read(2, "Customer", "c"))])).toThrow("All read 2 otherwise");
        expect(() => oneSequence(bones, [everybody(read(3, "Agent", "c"))])).toThrow("All read 3, which the history does not have");
    });
});
