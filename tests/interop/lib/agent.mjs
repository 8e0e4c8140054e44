// What an agent does, whatever client it listens with. Subclasses provide connect, subscribe, disconnect and call.

import {exactly, succeeded} from "./center.mjs";
import {Inbox} from "./inbox.mjs";

/** The topic of all interactions. */
export const INTERACTIONS = "/v2/me/interactions";

/** An agent at a desk. */
export class Agent {
    inbox = new Inbox();

    constructor(user) {
        this.user = user;
    }

    /** Comes to work: listens, starts the contact-center session, is Ready. */
    async comeToWork(transport) {
        await this.connect(transport);
        await this.subscribe(INTERACTIONS);
        const start = {operationName: "StartContactCenterSession", channels: ["chat", "email", "workitem"]};
        succeeded(await this.call("POST", "/me", start), "StartContactCenterSession");
        await this.me("Ready");
        this.id = succeeded(await this.call("GET", "/me"), "GET /me").user.id;
    }

    /** Waits until nothing is being asked for again; a subclass that asks by itself overrides it. */
    async settled() {}

    /** Posts an operation to /me. */
    async me(operationName) {
        return succeeded(await this.call("POST", "/me", {operationName}), operationName);
    }

    /** Posts an operation to /me/interactions/{id}. */
    command(id, operationName, fields = {}) {
        return this.call("POST", `/me/interactions/${id}`, {operationName, ...fields});
    }

    /** Posts an operation and checks that the answer has exactly this envelope; gives the referenceId. */
    async commands(id, operationName, fields, envelope) {
        return exactly(await this.command(id, operationName, fields), envelope, operationName);
    }

    /** Waits for a notification on the interactions topic; gives its data. */
    async notified(what, wanted) {
        const message = await this.inbox.expect(
            `${what} for ${this.user}`,
            one => one.channel === INTERACTIONS && wanted(one.data),
        );
        return message.data;
    }

    /** Waits until a notification shows the interaction in this state. */
    sees(id, state) {
        return this.notified(`${id} ${state}`, data => data.id === id && data.state === state);
    }
}
