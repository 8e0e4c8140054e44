// Customers' mail programs: letters go out by SMTP to Postfix and are read by IMAP from Dovecot.

import {readFileSync} from "node:fs";

import {ImapFlow} from "imapflow";
import {simpleParser} from "mailparser";
import nodemailer from "nodemailer";

import {until} from "./servers.mjs";

const {MAIL_HOME, MAIL_IMAP_PORT, MAIL_SMTP_PORT, MAIL_HANDOFF_LMTP_PORT, MAIL_PASSWORD} = process.env;
const tls = {ca: readFileSync(`${MAIL_HOME}/authority.pem`), servername: "localhost"};

const mx = nodemailer.createTransport({
    host: "localhost", port: Number(MAIL_SMTP_PORT), secure: false, requireTLS: true, tls, pool: true, maxConnections: 4,
});
const straight = nodemailer.createTransport({
    host: "127.0.0.1", port: Number(MAIL_HANDOFF_LMTP_PORT), lmtp: true, secure: false, ignoreTLS: true,
});

/** Sends a letter to whoever it is to; fields as nodemailer has them. Gives its Message-ID without the angle brackets. */
export async function sends(fields) {
    const {messageId} = await mx.sendMail(fields);
    return messageId.slice(1, -1);
}

/** Gives a letter to the program itself. */
export const delivers = fields => straight.sendMail(fields);

/** Ends the connections. */
export function hangUp() {
    mx.close();
    straight.close();
}

/** Does something with a connection to somebody's folder. */
export async function inFolder(address, folder, doing) {
    const client = new ImapFlow({
        host: "localhost", port: Number(MAIL_IMAP_PORT), secure: false, doSTARTTLS: true, tls, logger: false,
        auth: {user: address, pass: MAIL_PASSWORD},
    });
    await client.connect();
    try {
        const lock = await client.getMailboxLock(folder);
        try {
            return await doing(client);
        } finally {
            lock.release();
        }
    } finally {
        await client.logout();
    }
}

/** Gives what lies in a folder: flags, raw source, and the letter as it is read. */
export function lettersOf(address, folder = "INBOX") {
    return inFolder(address, folder, async client => {
        const letters = [];
        if (client.mailbox.exists > 0) {
            for await (const one of client.fetch("1:*", {uid: true, flags: true, source: true})) {
                letters.push({uid: one.uid, flags: one.flags, raw: one.source.toString("latin1"), ...(await simpleParser(one.source))});
            }
        }
        return letters;
    });
}

/** Waits for a letter in somebody's mailbox. */
export function gets(address, what, wanted, bound = 15_000) {
    const look = async () => (await lettersOf(address)).find(wanted);
    return until(`${address} gets ${what}`, look, {bound, pause: 150});
}
