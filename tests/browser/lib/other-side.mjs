// The agent on the other side of a customer's chat: Kate, who listens with npm `cometd` and acts through the agent API.

import {expect} from "@playwright/test";

import {Agent} from "./conversation-agent.mjs";

const KATE = "kate";
const AUTHORIZATION = `Basic ${Buffer.from(`${KATE}:handoff-demo`).toString("base64")}`;

/** Kate at her desk, for all chats of a program. */
export async function comeToWork(origin) {
    const desk = await Agent.at(origin, KATE);
    await desk.connect("websocket");
    await desk.comeToWork({isReady: true});
    return desk;
}

/** Kate in one customer's chat. */
export class OtherSide {
    #id;

    constructor(origin, desk, customer) {
        this.origin = origin;
        this.desk = desk;
        this.customer = customer;
    }

    /** Waits for the offer of the customer's chat and accepts it. */
    join = async (nickname) => {
        this.#id = (await this.customer.credentials()).chatId;
        await expect.poll(async () => (await this.#open()).find(({id}) => id === this.#id)?.state).toBe("Invited");
        await this.#act("Accept", {nickname});
    };

    /** The same for the one chat that is offered, whose customer's credentials nobody can read. */
    joinNext = async () => {
        const offered = async () => (await this.#open()).find(({state}) => state === "Invited")?.id;
        await expect.poll(offered).toBeTruthy();
        this.#id = await offered();
        await this.#act("Accept");
    };

    say = (text) => this.#act("Send", {text});
    typing = (on) => this.#act(on ? "SendStartTypingNotification" : "SendStopTypingNotification");
    end = () => this.#act("EndChatSession");
    isReady = (is) => this.desk.succeeds("POST", "/me", {operationName: is ? "Ready" : "NotReady"});

    /** Does something that the server may refuse; tells whether it was done. */
    async tries(operationName, fields) {
        const headers = {authorization: AUTHORIZATION, "content-type": "application/json"};
        const address = `${this.origin}/api/v2/me/interactions/${this.#id}`;
        const response = await fetch(address, {method: "POST", headers, body: JSON.stringify({operationName, ...fields})});
        return (await response.json()).statusCode === 0;
    }

    /** Sends a file. */
    async attach(name, text) {
        const body = new FormData();
        body.set("attachment", new File([text], name, {type: "text/plain"}));
        const address = `${this.origin}/api/v2/me/interactions/${this.#id}/attachments`;
        const response = await fetch(address, {method: "POST", body, headers: {authorization: AUTHORIZATION}});
        expect((await response.json()).statusCode).toBe(0);
    }

    /** What the customer wrote, as the agent was told it. */
    messages = async () => (await this.#told()).filter(({type}) => type === "Text").map(({text}) => text);

    isCustomerTyping = async () => (await this.#told()).findLast(({type}) => type.startsWith("Typing"))?.type === "TypingStarted";

    hasEnded = async () => (await this.desk.succeeds("GET", `/interactions/${this.#id}`)).interaction.state === "LeftChat";

    /** Has nothing more to do with any chat, so that the next test finds a free agent. */
    async finish() {
        for (const {id, state} of await this.#open()) {
            if (state === "Invited") {
                await this.desk.succeeds("POST", `/me/interactions/${id}`, {operationName: "Accept"});
            }
            await this.desk.succeeds("POST", `/me/interactions/${id}`, {operationName: "Complete"});
        }
    }

    #act(operationName, fields = {}) {
        return this.desk.succeeds("POST", `/me/interactions/${this.#id}`, {operationName, ...fields});
    }

    async #open() {
        return (await this.desk.succeeds("GET", "/me/interactions?fields=id,state")).interactions;
    }

    async #told() {
        const ofChat = ({channel, data}) =>
            channel === "/v2/me/chats" && data.messageType === "MessageLogUpdated" && data.chatPath === `/chats/${this.#id}`;
        return (await this.desk.heard()).filter(ofChat).flatMap(({data}) => data.messages).filter(({from}) => from.type === "Customer");
    }
}
