// A relay of the oldest kind, which takes what it is given and remembers it: without SMTPUTF8, without 8BITMIME, and as moody as a check wants it.

import {createServer} from "node:net";

/** Waits at 127.0.0.1 for mail of the program. */
export class Sink {
    /** What it took: envelope and message. */
    mails = [];
    /** What it was told, command by command. */
    heard = [];
    /** Lines that it says of itself. */
    abilities = ["SIZE 10485760"];
    /** What it answers once to a command that begins so, instead of yes. */
    moods = [];

    async start(port) {
        this.server = createServer(socket => this.serve(socket).catch(() => socket.destroy()));
        await new Promise(done => this.server.listen(port, "127.0.0.1", done));
    }

    stop() {
        return new Promise(done => {
            this.server.close(done);
            this.sockets.forEach(socket => socket.destroy());
        });
    }

    sockets = new Set();

    /** Gives the mood that meets a command, which is over then. */
    mood(command) {
        const at = this.moods.findIndex(([begin]) => command.toUpperCase().startsWith(begin.toUpperCase()));
        return at < 0 ? null : this.moods.splice(at, 1)[0][1];
    }

    async serve(socket) {
        this.sockets.add(socket);
        socket.on("close", () => this.sockets.delete(socket));
        socket.write("220 sink\r\n");
        let [text, mail, isData] = ["", null, false];
        for await (const bytes of socket) {
            text += bytes.toString("latin1");
            for (;;) {
                const mark = isData ? "\r\n.\r\n" : "\r\n";
                const end = text.indexOf(mark);
                if (end < 0) {
                    break;
                }
                const piece = text.slice(0, end);
                text = text.slice(end + mark.length);
                if (isData) {
                    isData = false;
                    this.mails.push({...mail, raw: Buffer.from(`${piece}\r\n`.replaceAll("\r\n.", "\r\n"), "latin1")});
                    socket.write("250 taken\r\n");
                    continue;
                }
                this.heard.push(piece);
                const mood = this.mood(piece);
                const word = piece.slice(0, 4).toUpperCase();
                const address = Buffer.from(piece.match(/<(.*)>/)?.[1] ?? "", "latin1").toString("utf8");
                if (mood) {
                    socket.write(`${mood}\r\n`);
                } else if (word === "EHLO") {
                    socket.write(["sink", ...this.abilities].map((line, at, all) => `250${at + 1 < all.length ? "-" : " "}${line}\r\n`).join(""));
                } else if (word === "DATA") {
                    isData = true;
                    socket.write("354 go on\r\n");
                } else if (word === "QUIT") {
                    socket.end("221 bye\r\n");
                } else {
                    if (word === "MAIL") {
                        mail = {sender: address, recipients: []};
                    } else if (word === "RCPT") {
                        mail.recipients.push(address);
                    }
                    socket.write("250 yes\r\n");
                }
            }
        }
    }
}
