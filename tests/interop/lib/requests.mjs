// Reads the arrays of messages out of what a CometD client sends: bodies of HTTP/1.1 requests, and text frames once the connection has
// become a WebSocket (RFC 6455, 5.2). It reads what the clients here send, whole bodies and whole frames, and is no general parser.

const LINE_END = "\r\n";
const HEAD_END = LINE_END + LINE_END;

/** One direction of one connection. */
export class Requests {
    #seen;
    #rest = Buffer.alloc(0);
    #isSocket = false;

    /** `seen` is called with each array. */
    constructor(seen) {
        this.#seen = seen;
    }

    /** Takes the next bytes. */
    take(chunk) {
        this.#rest = Buffer.concat([this.#rest, chunk]);
        while (this.#isSocket ? this.#frame() : this.#request());
    }

    #request() {
        const end = this.#rest.indexOf(HEAD_END);
        if (end < 0) {
            return false;
        }
        const head = this.#rest.subarray(0, end).toString("latin1");
        const start = end + HEAD_END.length;
        const isChunked = /^transfer-encoding: *chunked/im.test(head);
        const body = isChunked ? this.#chunks(start) : this.#counted(start, head);
        if (!body) {
            return false;
        }
        this.#isSocket = /^upgrade: *websocket/im.test(head);
        this.#use(body.text, body.end);
        return true;
    }

    /** Reads a body whose length is in the head. */
    #counted(start, head) {
        const end = start + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        return this.#rest.length < end ? null : {text: this.#rest.subarray(start, end), end};
    }

    /** Reads a body in chunks (RFC 9112, 7.1), which is how Node sends what it was given in parts. */
    #chunks(start) {
        const parts = [];
        for (let at = start; ; ) {
            const line = this.#rest.indexOf(LINE_END, at);
            if (line < 0) {
                return null;
            }
            const length = parseInt(this.#rest.subarray(at, line).toString("latin1"), 16);
            const from = line + LINE_END.length;
            at = from + length + LINE_END.length;
            if (this.#rest.length < at) {
                return null;
            }
            if (length === 0) {
                return {text: Buffer.concat(parts), end: at};
            }
            parts.push(this.#rest.subarray(from, from + length));
        }
    }

    #frame() {
        if (this.#rest.length < 2) {
            return false;
        }
        const short = this.#rest[1] & 0x7f;
        const mask = short === 126 ? 4 : short === 127 ? 10 : 2;
        if (this.#rest.length < mask + 4) {
            return false;
        }
        const length = mask === 2 ? short : mask === 4 ? this.#rest.readUInt16BE(2) : Number(this.#rest.readBigUInt64BE(2));
        const start = mask + 4;
        if (this.#rest.length < start + length) {
            return false;
        }
        const text = Buffer.from(this.#rest.subarray(start, start + length));
        const isText = (this.#rest[0] & 0x0f) === 1;
        text.forEach((byte, index) => {
            text[index] = byte ^ this.#rest[mask + (index % 4)];
        });
        this.#use(isText ? text : Buffer.alloc(0), start + length);
        return true;
    }

    #use(text, used) {
        this.#rest = this.#rest.subarray(used);
        if (text.length > 0) {
            this.#seen([].concat(JSON.parse(text.toString("utf8"))));
        }
    }
}
