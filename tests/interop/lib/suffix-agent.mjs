// An agent who listens with a client that appends the last word of every meta channel to the address.

import {Agent} from "./agent.mjs";
import {Caller, basic, notifications} from "./center.mjs";
import {SuffixClient} from "./suffix-client.mjs";

/** The agent; a session is opened anew with every `connect`. */
export class SuffixAgent extends Agent {
    #caller;
    #client;

    constructor(user) {
        super(user);
        this.#caller = new Caller(user);
    }

    call(method, path, body, headers) {
        return this.#caller.call(method, path, body, headers);
    }

    async connect(transport) {
        this.#client = new SuffixClient(notifications, transport, {authorization: basic(this.user)}, this.inbox);
        await this.#client.connect();
    }

    subscribe(topic) {
        return this.#client.subscribe(topic);
    }

    unsubscribe(topic) {
        return this.#client.unsubscribe(topic);
    }

    disconnect() {
        return this.#client.disconnect();
    }

    /** Waits for a notification that shows all these channels in this state. */
    async seesChannels(names, state) {
        const shows = (data, name) => data.channels.some(one => one.channel === name && one.userState.state === state);
        const wanted = ({channel, data}) => channel === "/v2/me/channels" && names.every(name => shows(data, name));
        await this.inbox.expect(`${names} ${state} for ${this.user}`, wanted);
    }
}
