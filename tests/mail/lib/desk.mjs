// An agent who works on e-mails.

import assert from "node:assert/strict";

import {basic, origin, succeeded} from "../../interop/lib/center.mjs";
import {JavaScriptAgent} from "../../interop/lib/javascript-agent.mjs";
import {until} from "./servers.mjs";

/** An agent with the npm client, and what they do with e-mails. */
export class Desk extends JavaScriptAgent {
    async begin() {
        await this.connect("long-polling");
        await this.subscribe("/v2/me/interactions");
        const start = {operationName: "StartContactCenterSession", channels: ["email"]};
        succeeded(await this.call("POST", "/me", start), "StartContactCenterSession");
        await this.me("Ready");
    }

    /** Waits for the offer of an e-mail with this subject and accepts it; gives it as it is then. */
    async accepts(subject) {
        const offer = await this.notified(`the offer of ${subject}`, data => data.state === "Invited" && data.subject === subject);
        await this.does(offer.id, "Accept");
        await this.sees(offer.id, "Processing");
        return this.reads(offer.id);
    }

    async does(id, operationName, fields = {}) {
        return succeeded(await this.command(id, operationName, fields), operationName);
    }

    /** Answers; gives the draft. */
    async replies(id, fields = {}) {
        await this.does(id, "Reply", fields);
        return this.notified("a draft", data => data.parentId === id && data.state === "Composing");
    }

    /** Sends a draft and sees it go. */
    async sendsOff(id, fields = {}) {
        await this.does(id, "Send", fields);
        await this.sees(id, "Sending");
        return this.sees(id, "Sent");
    }

    async reads(id) {
        return succeeded(await this.call("GET", `/interactions/${id}`), "GET").interaction;
    }

    /** Gives everything that ever happened to an interaction. */
    async factsOf(id) {
        const {events} = succeeded(await this.call("GET", `/interactions/${id}/events`), "events");
        return events.flatMap(({facts}) => facts);
    }

    /** Gives the active interactions in a queue. */
    async waitingIn(queue) {
        const path = `/interactions?fields=*&limit=200&currentQueue=${queue}`;
        return succeeded(await this.call("GET", path), path).interactions;
    }

    /** Waits until so many wait in a queue with subjects that begin so; gives them. */
    waiting(queue, prefix, count = 1, bound = 15_000) {
        const look = async () => {
            const found = (await this.waitingIn(queue)).filter(one => one.subject.startsWith(prefix));
            return found.length >= count && found;
        };
        return until(`${count} in ${queue} with ${prefix}`, look, {bound});
    }

    async download(uri) {
        const response = await fetch(uri, {headers: {authorization: basic(this.user)}});
        assert.equal(response.status, 200, uri);
        return {type: response.headers.get("content-type"), bytes: Buffer.from(await response.arrayBuffer())};
    }

    /** Puts a file on a draft. */
    async attaches(id, name, type, bytes) {
        const form = new FormData();
        form.append("attachment", new Blob([bytes], {type}), name);
        const response = await fetch(`${origin}/api/v2/me/interactions/${id}/attachments`, {
            method: "POST", headers: {authorization: basic(this.user)}, body: form,
        });
        return succeeded({status: response.status, value: await response.json()}, "AddAttachment");
    }
}
