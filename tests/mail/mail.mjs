// Everything that e-mail is for, with real mail servers between customers and agents; one section after the other. Usage, by run.sh: node mail.mjs [SECTION…]

import {run, step} from "../interop/lib/center.mjs";
import {Desk} from "./lib/desk.mjs";
import {hangUp} from "./lib/post.mjs";
import {dovecot, handoff, postfix} from "./lib/servers.mjs";
import * as absence from "./sections/absence.mjs";
import {bounces} from "./sections/bounces.mjs";
import {conversation} from "./sections/conversation.mjs";
import {folders} from "./sections/folders.mjs";
import {kill} from "./sections/kill.mjs";
import {letters} from "./sections/letters.mjs";
import {loops} from "./sections/loops.mjs";
import {relay} from "./sections/relay.mjs";
import {review} from "./sections/review.mjs";
import {straight} from "./sections/straight.mjs";

/** How long all of it may take, in ms. */
const BOUND = 240_000;

/** In this order; the first begins something that the last finds done, a minute later. */
const sections = {
    away: absence.begin, conversation, straight, letters, relay, bounces, folders, loops, review, kill, back: absence.end,
};

run("e-mail through Postfix and Dovecot", BOUND, async () => {
    const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(sections);
    await dovecot.start();
    await postfix.start();
    await handoff.start();
    const desks = {kate: new Desk("kate"), ben: new Desk("ben"), sam: new Desk("sam")};
    await desks.kate.begin();
    step("Dovecot, Postfix and the program run, and kate is Ready");
    for (const name of chosen) {
        const began = Date.now();
        console.log(`${name}:`);
        await sections[name](desks);
        console.log(`${name} took ${((Date.now() - began) / 1000).toFixed(1)} s`);
    }
    hangUp();
    await handoff.stop();
    await postfix.stop();
    await dovecot.stop();
});
