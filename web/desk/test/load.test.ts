// How much is in hand, and of what no more fits.

import assert from "node:assert/strict";
import {test} from "node:test";
import {readInteraction, type Interaction} from "../src/api/interaction.ts";
import {readChannels} from "../src/api/notification.ts";
import {draftsOf, fullOf, loadWords} from "../src/app/load.ts";
import {textsOf} from "../src/texts/index.ts";

function work(id: string, channel: string, state: string): Interaction {
    const interaction = readInteraction({id, channel, state});
    assert.ok(interaction);
    return interaction;
}

const STATE = {
    work: {
        a: work("a", "chat", "Chatting"),
        b: work("b", "chat", "LeftChat"),
        c: work("c", "chat", "Invited"),
        d: work("d", "email", "Processing"),
        e: work("e", "email", "Composing"),
    },
    channels: readChannels([
        {channel: "chat", capacity: 2}, {channel: "email", capacity: 5}, {channel: "workitem"},
    ]),
};

test("what is offered and what is drafted takes no room", () => {
    const words = loadWords(STATE, textsOf("en"));
    assert.equal(words, "Chats 2 of 2, e-mails 1 of 5, work items 0");
    assert.deepEqual(fullOf(STATE), ["chat"]);
    assert.equal(draftsOf(STATE), 1);
});
