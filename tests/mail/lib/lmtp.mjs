// Mail given to the program byte for byte: no library between that would mend what is wrong with it.

import {connect} from "node:net";

const {MAIL_HANDOFF_LMTP_PORT} = process.env;

/** Doubles the dots at the beginnings of lines, which nothing else does to a message on its way. */
function stuffed(raw) {
    const text = raw.toString("latin1");
    return Buffer.from(text.replace(/(^|\r\n)\./g, "$1.."), "latin1");
}

/** Gives a message to the program; answers with the code that it had for the recipient, after its final dot or before. */
export async function delivers(raw, {sender, recipient}) {
    const socket = connect({host: "127.0.0.1", port: Number(MAIL_HANDOFF_LMTP_PORT)});
    const lines = answers(socket);
    const said = async bytes => {
        socket.write(bytes);
        return (await lines.next()).value;
    };
    try {
        await lines.next();
        await said("LHLO customer.test\r\n");
        await said(`MAIL FROM:<${sender}>\r\n`);
        const admitted = await said(`RCPT TO:<${recipient}>\r\n`);
        if (!admitted.startsWith("2")) {
            return admitted;
        }
        await said("DATA\r\n");
        return await said(Buffer.concat([stuffed(raw), Buffer.from(".\r\n")]));
    } finally {
        socket.destroy();
    }
}

/** Gives the code of each answer; of one of several lines the last. */
async function* answers(socket) {
    let text = "";
    for await (const bytes of socket) {
        text += bytes.toString("latin1");
        for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
            const line = text.slice(0, end);
            text = text.slice(end + 2);
            if (line[3] !== "-") {
                yield line.slice(0, 3);
            }
        }
    }
    throw new Error("the program ended the connection");
}
