// A colleague of whoever sits at the desk, by plain requests: there by long polls, and doing what the test says.

const CHANNELS = ["chat", "email", "workitem"];

export class Colleague {
    #origin;
    #headers;
    #cookie = "";
    #token = "";
    #isThere = true;

    constructor(origin, name, password = "handoff-demo") {
        this.#origin = origin;
        const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
        this.#headers = {authorization, "content-type": "application/json", "x-requested-with": "test"};
    }

    /** Comes to work, reachable and Ready. */
    static async ready(origin, name) {
        const colleague = new Colleague(origin, name);
        await colleague.#listen();
        await colleague.posts("/me", {operationName: "StartContactCenterSession", channels: CHANNELS});
        await colleague.posts("/me", {operationName: "Ready"});
        return colleague;
    }

    /** Goes home: work ends, and nobody listens. */
    async leaves() {
        this.#isThere = false;
        await this.posts("/me", {operationName: "EndContactCenterSession"});
    }

    async reads(path) {
        const answer = await fetch(`${this.#origin}/api/v2${path}`, {headers: this.#headers});
        return answer.json();
    }

    async posts(path, body) {
        const request = {method: "POST", headers: this.#headers, body: JSON.stringify(body)};
        const answer = await fetch(`${this.#origin}/api/v2${path}`, request);
        return answer.json();
    }

    does(id, operationName, fields = {}) {
        return this.posts(`/me/interactions/${id}`, {operationName, ...fields});
    }

    /** What is in their hands, or offered to them, of one interaction. */
    async has(id) {
        const {interactions} = await this.reads("/me/interactions?fields=*");
        return interactions.find(one => one.id === id) ?? null;
    }

    async #listen() {
        const [{clientId}] = await this.#sends([
            {channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"], id: "1"},
        ]);
        await this.#sends([{channel: "/meta/subscribe", clientId, subscription: "/v2/me/interactions", id: "2"}]);
        void this.#poll(clientId);
    }

    async #poll(clientId) {
        while (this.#isThere) {
            const connect = {channel: "/meta/connect", clientId, connectionType: "long-polling", id: "3"};
            // The program ends before whoever is at work does.
            const answered = await this.#sends([connect]).catch(() => null);
            if (answered === null) {
                return;
            }
        }
    }

    async #sends(messages) {
        const headers = {...this.#headers, ...(this.#cookie && {cookie: this.#cookie}), ...(this.#token && {"x-csrf-token": this.#token})};
        const request = {method: "POST", headers, body: JSON.stringify(messages)};
        const answer = await fetch(`${this.#origin}/api/v2/notifications`, request);
        const set = answer.headers.getSetCookie().map(cookie => cookie.split(";")[0]);
        this.#cookie = [this.#cookie, ...set].filter(Boolean).join("; ");
        this.#token = answer.headers.get("x-csrf-token") ?? this.#token;
        return answer.json();
    }
}
