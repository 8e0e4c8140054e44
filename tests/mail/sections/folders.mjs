// What becomes of a letter in its folder once it was taken in, also when the mailbox server goes away meanwhile.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";

import {step} from "../../interop/lib/center.mjs";
import {inFolder, lettersOf, sends} from "../lib/post.mjs";
import {dovecot, until} from "../lib/servers.mjs";

const write = (name, subject) => sends({from: "eve@customer.test", to: `${name}@center.test`, subject, text: subject});

async function isEmpty(address) {
    return (await lettersOf(address)).length === 0;
}

async function afterwards(kate, sam) {
    await Promise.all(["moved", "deleted"].map(name => write(name, `Folder ${name}`)));
    await sam.waiting("waiting", "Folder ", 2);
    await until("the folder is empty", () => isEmpty("moved@center.test"));
    const [moved, ...others] = await lettersOf("moved@center.test", "Done");
    assert.deepEqual([moved.subject, others.length, moved.flags.has("\\Seen")], ["Folder moved", 0, true]);
    step("after = \"move\": the letter is in the other folder, which was made");
    await until("the folder is empty", () => isEmpty("deleted@center.test"));
    const folders = await inFolder("deleted@center.test", "INBOX", client => client.list());
    assert.deepEqual(folders.map(({path}) => path), ["INBOX"]);
    step("after = \"delete\": the letter is gone");
    await sends({from: "eve@customer.test", to: "support@center.test", subject: "Folder flag", text: "?"});
    const letter = await kate.accepts("Folder flag");
    const flagged = async () => (await lettersOf("support@center.test")).find(one => one.subject === "Folder flag")?.flags.has("\\Seen");
    await until("the letter is flagged", flagged);
    await kate.does(letter.id, "Complete");
    step("after = \"flag\": the letter stays and is seen");
}

/** Postfix keeps what it cannot deliver meanwhile. */
async function serverRestarts(sam) {
    await dovecot.stop();
    await write("moved", "Restart meanwhile");
    await dovecot.start();
    await write("moved", "Restart afterwards");
    const found = await sam.waiting("waiting", "Restart ", 2, 30_000);
    assert.equal(found.length, 2);
    await until("the folder is empty", () => isEmpty("moved@center.test"));
    step("the mailbox server is restarted: what was written meanwhile and afterwards comes in, once");
}

/** How many interactions there are with a subject, now that a later letter of the same folder has come. */
async function countOf(sam, subject, marker) {
    await write("kept", marker);
    await sam.waiting("waiting", marker);
    return (await sam.waiting("waiting", subject)).length;
}

/** What people and servers do with folders makes no second interaction. */
async function renumbered(sam) {
    await write("kept", "Kept once");
    await sam.waiting("waiting", "Kept once");
    const address = "kept@center.test";
    await inFolder(address, "INBOX", async client => {
        await client.mailboxCreate("Aside");
        await client.messageMove("1:*", "Aside");
    });
    await inFolder(address, "Aside", client => client.messageMove("1:*", "INBOX"));
    assert.equal(await countOf(sam, "Kept once", "Kept after a move"), 1);
    step("a letter that is moved away and back is one interaction");
    execFileSync("doveadm", ["-c", `${process.env.MAIL_HOME}/dovecot.conf`, "mailbox", "update", "-u", address, "--uid-validity", "4711", "INBOX"]);
    assert.equal(await countOf(sam, "Kept once", "Kept after another generation"), 1);
    assert.equal((await sam.waiting("waiting", "Kept after a move")).length, 1);
    step("another UIDVALIDITY takes nothing in again");
}

/** Names outside ASCII travel in modified UTF-7. */
async function named(sam) {
    await write("filed", "Filed abroad");
    await sam.waiting("waiting", "Filed abroad");
    await until("the folder is empty", () => isEmpty("filed@center.test"));
    const [filed] = await lettersOf("filed@center.test", "Erledigt & Übrig.日本語");
    assert.equal(filed.subject, "Filed abroad");
    step("a folder of any name is made and found");
}

export async function folders({kate, sam}) {
    await afterwards(kate, sam);
    await renumbered(sam);
    await named(sam);
    await serverRestarts(sam);
}
