// An eight-hour shift in fast motion: chats, letters and work items, each answered and completed by
// keys alone, while answers of the server are lost, the network goes, the server is killed and the
// page is loaded again. At its end every customer has their answer, once.
//
// Two controls: `twice` takes the keys away by which the server knows a repetition, `forget` empties
// the browser whenever the page is loaded.

import {expect as impatient} from "@playwright/test";

import {Customer} from "../lib/at-work.mjs";
import {heapOf, takeFrames, watchFrames} from "../lib/frames.mjs";
import {chance, quantile} from "./chance.mjs";
import {Hands} from "./hands.mjs";

const expect = impatient.configure({timeout: 60_000});

/** What goes wrong, in turns: each with each channel. */
const TROUBLES = ["none", "offline", "restart", "reload"];
/** Of so many answers about one is lost. */
const LOST_OF = 6;
/** How long the network is gone, in ms. */
const OFFLINE_MS = 700;
/** How often memory is looked at. */
const LOOKS = 10;
/** How long an answer may take to be known to be there, in ms, before it counts as lost. */
const ANSWER_MS = 20_000;
const CHANNELS = ["chat", "letter", "item"];

class Shift {
    constructor({program, page, context, seed, control}) {
        this.program = program;
        this.page = page;
        this.context = context;
        this.random = chance(seed);
        this.control = control;
        this.hands = new Hands(page, program.origin);
        /** What each customer must have in the end. */
        this.ledger = [];
        this.troubles = {lostAnswers: 0, offline: 0, restarts: 0, reloads: 0};
        this.heap = [];
        this.frames = [];
        this.isOffline = false;
        this.repeated = new Set();
    }

    async begin() {
        if (this.control === "forget") {
            await this.context.addInitScript(() => {
                localStorage.clear();
                indexedDB.deleteDatabase("handoff-desk");
            });
        }
        await this.page.route("**/api/v2/me/interactions/*", (route) => this.#pass(route));
        await this.page.addInitScript(watchFrames);
        await this.hands.comeToWork();
    }

    /** Lets a request through; of some the answer is lost on its way back. */
    async #pass(route) {
        const request = route.request();
        const headers = {...request.headers()};
        if (this.control === "twice") {
            delete headers["idempotency-key"];
        }
        const isLost = this.#losesAnswer(request);
        try {
            if (this.isOffline) {
                throw new Error("the network is gone");
            }
            const response = await route.fetch({headers});
            if (isLost && response.status() === 200) {
                this.troubles.lostAnswers += 1;
                await route.abort();
            } else {
                await route.fulfill({response});
            }
        } catch {
            await route.abort().catch(() => {});
        }
    }

    /** The control loses the first answer to all words, so that each is repeated. */
    #losesAnswer(request) {
        const body = request.postData() ?? "";
        if (this.control === "twice") {
            const isFirst = body.includes('"Send"') && !this.repeated.has(body);
            this.repeated.add(body);
            return isFirst;
        }
        return request.method() === "POST" && this.random() < 1 / LOST_OF;
    }

    /** One customer from their coming to their going. */
    async serve(number) {
        const channel = CHANNELS[number % CHANNELS.length];
        await this[channel](number, TROUBLES[number % TROUBLES.length]);
    }

    async chat(number, trouble) {
        const name = `Ann${number}`;
        const customer = new Customer(this.program.origin, name);
        await customer.begin(`Question ${number}`);
        const words = `answer ${number}`;
        const answers = async () => (await customer.reads()).filter((text) => text === words).length;
        this.ledger.push({id: customer.chat, words, answers});
        await this.hands.take(name, customer.chat);
        await this.#inTrouble(trouble, {
            before: () => this.hands.box(name).fill(words),
            press: () => this.hands.box(name).press("Enter"),
        });
        // Without keys the repetition is another answer; it must not come to a chat that is over.
        await this.#arrives(answers, this.control === "twice" ? 2 : 1);
        await customer.does("disconnect");
        await this.#complete(customer.chat);
    }

    async letter(number, trouble) {
        const words = `answer ${number}`;
        const name = `Jonas${number}`;
        const customer = new Customer(this.program.origin, name);
        const {id} = await customer.writesLetter(`Question ${number}`, "Where is it?");
        const answers = async () => {
            const {interactions} = await this.hands.person.reads(`/interactions/${id}/thread?fields=*`, "sam");
            return (interactions ?? []).filter((one) => one.parentId === id && one.bodyAsPlainText?.includes(words)
                && ["Sent", "Sending"].includes(one.state)).length;
        };
        this.ledger.push({id, words, answers});
        await this.hands.take(name, id);
        const box = await this.hands.reply(id);
        await this.#inTrouble(trouble, {
            before: () => box.pressSequentially(words),
            press: () => this.hands.letter().press("Control+Enter"),
        });
        await this.#sendAgain(id, answers);
        await this.#arrives(answers);
        await this.#complete(id);
    }

    async item(number, trouble) {
        const subject = `Task${number}`;
        const {id} = await this.hands.person.does("/interactions",
            {operationName: "Create", channel: "workitem", queueName: "tasks", subject}, "intake");
        this.ledger.push({id, words: "", answers: async () => 1});
        await this.hands.take(subject, id);
        await this.#inTrouble(trouble, {before: () => {}, press: () => {}});
        await this.#complete(id);
    }

    /** Writes and sends, with something going wrong before, between or after. */
    async #inTrouble(trouble, {before, press}) {
        await before();
        if (trouble === "offline") {
            this.troubles.offline += 1;
            // What is let through goes by a network of its own.
            this.isOffline = true;
            await this.context.setOffline(true);
            await press();
            await this.page.waitForTimeout(OFFLINE_MS);
            this.isOffline = false;
            await this.context.setOffline(false);
        } else if (trouble === "restart") {
            this.troubles.restarts += 1;
            await this.program.end("SIGKILL");
            await press();
            await this.program.start();
        } else if (trouble === "reload") {
            this.troubles.reloads += 1;
            await press();
            await this.#reload();
        } else {
            await press();
        }
    }

    async #reload() {
        await this.#countFrames();
        await this.page.reload();
        await expect(this.hands.person.state).toHaveAccessibleName(/ready/i);
    }

    /** A page that was loaded again may not have sent it: then the draft is there, as it was. */
    async #sendAgain(id, answers) {
        const isSettled = async () => await answers() > 0 || await this.hands.letter().isEditable({timeout: 100}).catch(() => false);
        await this.#backAtWork();
        await this.hands.open(id);
        await expect.poll(isSettled).toBe(true);
        if (await answers() === 0) {
            await this.hands.letter().press("Control+Enter").catch(() => {});
        }
    }

    /** What does not come is counted at the end. */
    async #arrives(answers, least = 1) {
        const number = async () => answers().catch(() => 0);
        await expect.poll(number, {timeout: ANSWER_MS}).toBeGreaterThanOrEqual(least).catch(() => {});
    }

    /** Completes by the desk; what the desk could not, because its words were lost, is completed past it. */
    async #complete(id) {
        try {
            await this.#backAtWork();
            await this.hands.open(id);
            await this.hands.complete(id);
        } catch (error) {
            if (this.control === undefined) {
                throw error;
            }
            await this.hands.person.does(`/me/interactions/${id}`, {operationName: "Complete"});
        }
    }

    /** A server that was killed lets agents go on; one who was away for longer has to come back. */
    async #backAtWork() {
        await expect(this.hands.person.state).toHaveAccessibleName(/^Your state: (Ready|Not ready|Off work)/);
        const isReady = /^Your state: Ready/.test(await this.hands.person.state.getAttribute("aria-label") ?? "");
        if (!isReady && await this.hands.person.state.getByText("Off work").count() > 0) {
            await this.hands.goReady();
        }
    }

    async look() {
        this.heap.push(await heapOf(this.page));
    }

    async #countFrames() {
        this.frames.push(...await takeFrames(this.page));
    }

    /** Returns what became of everything. */
    async account() {
        await this.#countFrames();
        let [lost, doubled, open] = [0, 0, 0];
        for (const {id, answers} of this.ledger) {
            const number = await answers();
            lost += number === 0 ? 1 : 0;
            doubled += number > 1 ? 1 : 0;
            const {interaction} = await this.hands.person.reads(`/interactions/${id}?fields=*`, "sam");
            open += interaction?.state === "Completed" ? 0 : 1;
        }
        return {
            interactions: this.ledger.length, lost, doubled, open, ...this.troubles, heapKiB: this.heap,
            framesMs: {p95: quantile(this.frames, 0.95), p99: quantile(this.frames, 0.99), most: Math.max(0, ...this.frames)},
        };
    }
}

/** Serves so many customers. */
export async function shift({program, context, page, count, seed, control, say = () => {}}) {
    const work = new Shift({program, context, page, seed, control});
    await work.begin();
    const step = Math.max(1, Math.floor(count / LOOKS));
    for (let number = 0; number < count; number += 1) {
        await work.serve(number);
        if (number % step === step - 1) {
            await work.look();
            say(`${number + 1} of ${count}`);
        }
    }
    return work.account();
}
