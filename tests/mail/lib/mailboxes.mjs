// Who has a mailbox. As a program it prints what Postfix or Handoff has to know of them. Usage: node mailboxes.mjs postfix|Mail|Other,
// the latter two being contact centers.

import {ABROAD, ALIAS, DESK} from "./letters.mjs";

/** The contact centers' mailboxes: their center and queue, how their mail comes, and what else their section says. */
export const MAILBOXES = {
    support: {queue: "support", imap: {after: "flag"}, more: "default = true\nname = \"Zentrum für Hilfe\""},
    care: {queue: "support", imap: {after: "flag"}, more: "replyTokens = true"},
    moved: {queue: "waiting", imap: {after: "move", moveTo: "Done"}},
    kept: {queue: "waiting", imap: {after: "flag"}},
    filed: {queue: "waiting", imap: {after: "move", moveTo: "Erledigt & Übrig.日本語"}},
    deleted: {queue: "waiting", imap: {after: "delete"}},
    reviewed: {queue: "reviewed", imap: {after: "flag"}},
    first: {queue: "answered", imap: {after: "flag"}},
    second: {center: "Other", queue: "answered", imap: {after: "flag"}},
};

/** The mailbox to which mail is delivered straight. */
export const DIRECT = "orders@direct.test";

/** The customers. */
export const CUSTOMERS = ["eve", "mallory", "otto"];

function section(address, {queue, more = ""}) {
    return `
[[mailbox]]
address = "${address}"
queue = "${queue}"
${more}
[mailbox.smtp]
host = "localhost"
port = ${process.env.MAIL_SUBMISSION_PORT}
security = "starttls"
user = "${address}"
password = { env = "MAIL_PASSWORD" }
`;
}

function fetched(address, {after, moveTo}) {
    return `[mailbox.imap]
host = "localhost"
port = ${process.env.MAIL_IMAP_PORT}
security = "starttls"
user = "${address}"
password = { env = "MAIL_PASSWORD" }
poll = "5s"
after = "${after}"
${moveTo ? `moveTo = "${moveTo}"` : ""}
`;
}

/** The mailboxes of a contact center, as they stand in its file. */
const ofCenter = wanted => Object.entries(MAILBOXES).filter(([, {center = "Mail"}]) => center === wanted).map(([name, one]) => {
    const address = `${name}@center.test`;
    return section(address, one) + fetched(address, one.imap);
});

const printed = {
    postfix: () => [
        ...Object.keys(MAILBOXES).map(name => `${name}@center.test ${name}`),
        ...CUSTOMERS.map(name => `${name}@customer.test ${name}`),
    ],
    Mail: () => [
        ...ofCenter("Mail"),
        section(DIRECT, {queue: "waiting", more: "lmtp = true"}),
        ...[[DESK, `aliases = ["${ALIAS}"]`], [ABROAD, "replyTokens = true"]].map(([address, more]) => `
[[mailbox]]
address = "${address}"
queue = "letters"
lmtp = true
${more}
[mailbox.smtp]
host = "127.0.0.1"
port = ${process.env.MAIL_SINK_PORT}
security = "none"
`),
    ],
    Other: () => ofCenter("Other"),
};
printed[process.argv[2]]?.().forEach(line => console.log(line));
