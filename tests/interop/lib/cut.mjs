// A TCP relay between a client and the program, that can be cut: as a whole, for a while, or in the middle of an answer. It passes bytes on
// and reads along, so that a script can say what was asked in which request. It changes nothing that passes but the wish for packed answers, in which
// it could not find a text.

import {createServer, connect} from "node:net";

import {Requests} from "./requests.mjs";

/** With INTEROP_TRACE in the environment the relay writes down what passes. */
const trace = process.env.INTEROP_TRACE ? (...words) => console.log(`    ${new Date().toISOString().slice(17, 23)}`, ...words) : () => {};

/** Takes the wish for packed answers out of a request's head. */
function unpacked(chunk) {
    const text = chunk.toString("latin1");
    return text.startsWith("POST ") ? Buffer.from(text.replace(/^accept-encoding:.*$/im, "Accept-Encoding: identity"), "latin1") : chunk;
}

/** A relay to the program. */
export class Cut {
    /** The arrays of messages that the client sent, in order; see Requests. */
    requests = [];
    #server;
    #lines = new Set();
    #isRead = true;
    #isShut = false;
    #trap = null;
    #heard = "";

    /** Starts a relay to an origin, on a free port. Requests are read unless they are not all arrays of messages, as a browser's. */
    static async to(origin, {isRead = true} = {}) {
        const cut = new Cut();
        cut.#isRead = isRead;
        const {hostname, port} = new URL(origin);
        cut.#server = createServer(socket => cut.#relay(socket, connect({host: hostname, port: Number(port)})));
        await new Promise(done => cut.#server.listen(0, "127.0.0.1", done));
        return cut;
    }

    /** Where the client finds the program. `localhost` as in center.mjs. */
    get origin() {
        return `http://localhost:${this.#server.address().port}`;
    }

    /** Where the client finds the CometD endpoint. */
    get notifications() {
        return `${this.origin}/api/v2/notifications`;
    }

    /** The session that the client named last. */
    get clientId() {
        const messages = this.requests.flat();
        return messages.findLast(message => message.clientId)?.clientId;
    }

    /** Counts how often the program said something, as far as it reached the relay. */
    heard(text) {
        return this.#heard.split(text).length - 1;
    }

    /** Breaks every connection and refuses new ones until `open`. */
    shut() {
        this.#isShut = true;
        for (const line of this.#lines) {
            line.end();
        }
    }

    /** Lets connections through again. */
    open() {
        this.#isShut = false;
    }

    /** Breaks the connection that carries the next answer with this text, in the middle of the text; resolves when it has happened. */
    inside(text) {
        return new Promise(done => {
            this.#trap = {text, done};
        });
    }

    /** Ends the relay. */
    close() {
        this.shut();
        this.#server.close();
    }

    #relay(client, server) {
        const line = {end: () => [client, server].forEach(socket => socket.destroy())};
        const requests = new Requests(messages => this.requests.push(messages));
        this.#lines.add(line);
        for (const socket of [client, server]) {
            socket.setNoDelay(true);
            // A broken connection is what the relay is for; whoever is at the other end learns it from the end of their own.
            socket.on("error", () => {});
            socket.on("close", () => {
                line.end();
                this.#lines.delete(line);
            });
        }
        if (this.#isShut) {
            line.end();
            return;
        }
        client.on("data", asked => {
            const chunk = unpacked(asked);
            trace(client.remotePort, "asks", chunk.toString("latin1"));
            if (this.#isRead) {
                requests.take(chunk);
            }
            server.write(chunk);
        });
        server.on("data", chunk => this.#answer(chunk, client, line));
    }

    #answer(chunk, client, line) {
        this.#heard += chunk.toString("latin1");
        trace(client.remotePort, "hears", chunk.toString("latin1"));
        const at = this.#trap ? chunk.indexOf(this.#trap.text) : -1;
        if (at < 0) {
            client.write(chunk);
            return;
        }
        const {text, done} = this.#trap;
        this.#trap = null;
        // The first part has to leave before the connection ends, or the client would see no answer at all rather than half of one.
        client.write(chunk.subarray(0, at + text.length / 2), () => {
            trace(client.remotePort, "is cut");
            line.end();
            done();
        });
    }
}
