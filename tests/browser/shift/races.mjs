// Two who act at the same moment: on one draft (one agent at two computers), and on one offer (an
// agent who accepts while their other computer declines, so that a colleague is asked). Whoever
// wins, the customer has one answer.
//
// The controls: "besides" has another answer by a door of its own, which nothing can make one, and
// "silent" lets nobody answer a chat.

import {expect as impatient} from "@playwright/test";

import {Customer} from "../lib/at-work.mjs";
import {Agent} from "../lib/conversation-agent.mjs";
import {Hands} from "./hands.mjs";

const expect = impatient.configure({timeout: 60_000});
/** After so many it is told how far it is. */
const STEP = 10;
/** How long a press waits for what the other's press may have taken away, in ms. */
const GONE_MS = 5_000;

/** Races so often, in turns on a draft and on an offer. */
export async function races({program, browser, count, control, say = () => {}}) {
    const contexts = await Promise.all([browser.newContext({locale: "en-GB"}), browser.newContext({locale: "en-GB"})]);
    const [one, other] = await Promise.all(contexts.map(async (context) =>
        new Hands(await context.newPage(), program.origin)));
    const ben = await Agent.at(program.origin, "ben");
    const answers = [];
    try {
        await one.comeToWork();
        await other.person.signIn();
        await ben.connect("websocket");
        for (let round = 0; round < count; round += 1) {
            const race = round % 2 === 0 ? raceOnDraft : raceOnOffer;
            answers.push(await race({program, one, other, ben, round, control}));
            if (answers.length % STEP === 0) {
                const {double, none} = told(answers);
                say(`${answers.length} of ${count}, ${double} double, ${none} without an answer`);
            }
        }
    } finally {
        ben.leave();
        await Promise.all(contexts.map((context) => context.close()));
    }
    return told(answers);
}

function told(answers) {
    return {
        races: answers.length,
        double: answers.filter((number) => number > 1).length,
        none: answers.filter((number) => number === 0).length,
    };
}

/** One draft at two computers, sent at both. */
async function raceOnDraft({program, one, other, round, control}) {
    const name = `Jonas${round}`;
    const customer = new Customer(program.origin, name);
    const {id} = await customer.writesLetter("A race", "Who answers?");
    await one.take(name, id);
    const box = await one.reply(id);
    await box.pressSequentially("the answer");
    await expect(one.page.getByText(/Draft saved/)).toBeVisible();
    await other.page.goto(`${program.origin}/desk/mine/${id}`);
    await expect(other.letter()).toBeEditable();
    if (control === "besides") {
        await answerBesides(one.person, id);
    }
    await Promise.all([one, other].map((hands) => hands.letter().press("Control+Enter", {timeout: GONE_MS}).catch(() => {})));
    await expect(one.letter()).toHaveCount(0);
    await expect(other.letter()).toHaveCount(0);
    await one.open(id);
    await one.complete(id);
    return sentAnswers(one.person, id);
}

/** Another answer to the same letter, past the desk. */
async function answerBesides(person, id) {
    await person.does(`/me/interactions/${id}`, {operationName: "Reply", bodyAsPlainText: "besides"});
    const {interactions} = await person.reads("/me/interactions?fields=*");
    const drafts = interactions.filter(({parentId, state}) => parentId === id && state === "Composing");
    await person.does(`/me/interactions/${drafts.at(-1).id}`, {operationName: "Send"});
}

async function sentAnswers(person, id) {
    const {interactions} = await person.reads(`/interactions/${id}/thread?fields=*`, "sam");
    return interactions.filter(({parentId, state}) => parentId === id && (state === "Sent" || state === "Sending")).length;
}

/** One offer, accepted at one computer and declined at the other, with a colleague who waits for it. */
async function raceOnOffer({program, one, other, ben, round, control}) {
    const name = `Eve${round}`;
    const customer = new Customer(program.origin, name);
    await customer.begin("A race");
    await Promise.all([one, other].map(({page}) => expect(page.getByRole("article", {name})).toBeVisible()));
    await ben.comeToWork({isReady: true});
    await Promise.all([one, other].map(({page}) => page.keyboard.press("F8")));
    await Promise.all([
        one.page.keyboard.press("Enter"),
        other.page.getByRole("article", {name}).getByRole("button", {name: "Decline"})
            .press("Enter", {timeout: GONE_MS}).catch(() => {}),
    ]);
    await answerAsOwners({one, name, id: customer.chat, control});
    // Before it is completed everything that was said is out.
    await finish({one, id: customer.chat});
    return (await customer.reads()).filter((text) => text.startsWith("an answer")).length;
}

/** Lets both answer who think that it is theirs. */
async function answerAsOwners({one, name, id, control}) {
    const as = (user, operation) => one.person.does(`/me/interactions/${id}`, operation, user);
    const asBen = (operation) => as("ben", operation);
    const isBens = async () => {
        const {interactions} = await one.person.reads("/me/interactions?fields=id", "ben");
        return interactions.some((it) => it.id === id);
    };
    const box = one.box(name);
    await expect.poll(async () => await box.isVisible() || isBens()).toBe(true);
    if (control === "silent") {
        await asBen({operationName: "Accept"});
        return;
    }
    await Promise.all([
        box.isVisible().then(async (is) => {
            if (is) {
                await box.fill("an answer of kate's");
                await box.press("Enter");
            }
        }),
        asBen({operationName: "Accept"}).then(() => asBen({operationName: "Send", text: "an answer of ben's"})),
    ]);
    if (control === "besides") {
        const besides = {operationName: "Send", text: "an answer besides"};
        await Promise.all([as("kate", besides), asBen(besides)]);
    }
}

/** Whoever has it completes it. */
async function finish({one, id}) {
    await one.person.does("/me", {operationName: "NotReady"}, "ben");
    const isBens = async () => {
        const {statusCode} = await one.person.does(`/me/interactions/${id}`, {operationName: "Complete"}, "ben");
        return statusCode === 0;
    };
    await expect.poll(async () => await one.row(id).count() > 0 || isBens()).toBe(true);
    if (await one.row(id).count() > 0) {
        await one.open(id);
        await one.complete(id);
    }
}
