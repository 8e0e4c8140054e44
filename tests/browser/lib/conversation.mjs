// A conversation with everything that belongs to it: the program, the customer, those who work on it, and what was said by whom.

import {expect} from "@playwright/test";

import {Agent} from "./conversation-agent.mjs";
import {Visitor} from "./conversation-customer.mjs";
import {Program} from "./conversation-program.mjs";

/** How long each thing may take, in ms: a widget that lost its server several times waits up to 8 s before it tries again. */
const STEP_MS = 20_000;

/** How often it is looked for, in ms. */
const LOOK_MS = 100;

/** What is there in time, or not at all. */
export const eventually = expect.configure({timeout: STEP_MS});

/** What becomes so in time, or not at all. */
export const becomes = (look, message) => eventually.poll(look, {message, intervals: [LOOK_MS]});

/** One chat and its people. */
export class Conversation {
    /** Those who take part, by a name for each. */
    people = {};
    /** What was said by whom, in the order in which they said it. */
    said = {};

    /** Starts a program for it. */
    static async begin() {
        const conversation = new Conversation();
        conversation.program = await Program.start();
        return conversation;
    }

    /** The customer asks for a chat; `way` is how their widget reaches the server. */
    async ask(browser, way, nickname, subject) {
        this.customer = await Visitor.at(this.program.origin, browser, way);
        this.people.customer = this.customer;
        await this.customer.ask(nickname, subject);
        this.id = this.customer.chat.chatId;
    }

    /** Somebody comes to work; `name` when they do so with a second client. */
    async agentComes(user, {name = user, transport, isReady = false, isCareful = true}) {
        const agent = await Agent.at(this.program.origin, user, {isCareful});
        this.people[name] = agent;
        await agent.connect(transport);
        await agent.comeToWork({isReady});
        return agent;
    }

    /** Waits until the chat is offered to an agent, who accepts it. */
    async takes(agent, nickname) {
        const isOffered = async () => (await agent.heard()).some(({data}) => data.chat?.id === this.id && data.chat.state === "Invited");
        await becomes(isOffered, `${agent.user} is offered the chat`).toBe(true);
        await agent.does(this.id, "Accept", {nickname});
    }

    /** Writes down what somebody is about to say. */
    note(speaker, text) {
        this.said[speaker] = [...(this.said[speaker] ?? []), text];
        return text;
    }

    /** The customer says something, which may still be on its way afterwards. */
    async customerTypes(text) {
        await this.customer.say(this.note("customer", text));
    }

    /** The customer says something and sees it in its place. */
    async customerSays(text) {
        await this.customerTypes(text);
        await this.customerSees(`You: ${text}`);
    }

    /** An agent says something. */
    async says(agent, text, operationName = "SendMessage") {
        await agent.does(this.id, operationName, {text: this.note(agent.user, text)});
    }

    /** Waits until the customer's page shows a line as said. */
    async customerSees(line) {
        await becomes(async () => (await this.customer.shown()).at(-1), `the customer sees ${line}`).toContain(line);
    }

    /** Waits until an agent is told of something that was said. */
    async hears(agent, text) {
        await becomes(async () => (await agent.view()).map(one => one.text), `${agent.user} hears ${text}`).toContain(text);
    }

    /** Everybody goes, and the program with its data. */
    async end() {
        await Promise.all(Object.values(this.people).map(one => one.leave()));
        await this.program.remove();
    }
}
