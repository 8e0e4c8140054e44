// Says in words what happens in chats.

import {watch, type ComputedRef, type ShallowRef} from "vue";
import type {Announcer} from "../app/announcer.ts";
import type {Line} from "../api/notification.ts";
import {calledOf} from "../state/lists.ts";
import type {DeskState} from "../state/model.ts";
import type {Texts} from "../texts/index.ts";

/** Of a message no more is said than this; the rest is read. */
const SAID_MAX = 200;

export interface Telling {
    state: Readonly<ShallowRef<DeskState>>;
    announcer: Announcer;
    texts: ComputedRef<Texts>;
    /** The interaction that is open. */
    open(): string | null;
    /** A customer wrote; `isOpen` says whether one looks at it. */
    wrote(interactionId: string, line: Line, isOpen: boolean): void;
}

export function tellOfChats(telling: Telling): void {
    watch(telling.state, (now, before) => {
        tellOfSent(telling, now, before);
        // What a read brought is no news of this moment.
        if (now.lastRead !== before.lastRead || now.transcripts === before.transcripts) {
            tellOfEnds(telling, now, before);
            return;
        }
        for (const [id, transcript] of Object.entries(now.transcripts)) {
            const known = before.transcripts[id];
            if (known?.isRead === true && transcript.lines !== known.lines) {
                const last = known.lines.at(-1)?.index ?? 0;
                const news = transcript.lines.filter((line) => line.index > last);
                news.filter(isTheirs).forEach((line) => tellOfLine(telling, id, line));
                news.forEach((line) => tellOfColleague(telling, id, line));
            }
        }
        tellOfEnds(telling, now, before);
    });
}

function isTheirs({from, type}: Line): boolean {
    return from.type === "Customer" && (type === "Text" || type === "FileUploaded");
}

function tellOfLine(telling: Telling, id: string, line: Line): void {
    const {announcer, texts, open, wrote} = telling;
    const name = line.from.nickname;
    const isOpen = open() === id && document.hasFocus();
    const text = isOpen
        ? texts.value.chat.said(name, line.text.slice(0, SAID_MAX))
        : texts.value.chat.saidElsewhere(name);
    announcer.say("polite", {text, message: {from: id}});
    wrote(id, line, isOpen);
}

/** A colleague came into the open chat, or went. */
function tellOfColleague({announcer, texts, open, state}: Telling, id: string, line: Line): void {
    const {from: {type, nickname, userId}} = line;
    if (type === "Customer" || userId === state.value.me?.id || open() !== id) {
        return;
    }
    const {joinedSaid, leftSaid} = texts.value.chat;
    if (line.type === "ParticipantJoined") {
        announcer.say("polite", {text: joinedSaid(nickname)});
    } else if (line.type === "ParticipantLeft") {
        announcer.say("polite", {text: leftSaid(nickname)});
    }
}

function tellOfEnds({announcer, texts}: Telling, now: DeskState, before: DeskState): void {
    for (const interaction of Object.values(now.work)) {
        const was = before.work[interaction.id];
        if (was?.state === "Chatting" && interaction.state === "LeftChat") {
            announcer.say("polite", {text: texts.value.chat.isOver(calledOf(was))});
        }
    }
}

/** What was on its way is in the transcript now, whichever came first: its line or the answer. */
function tellOfSent({announcer, texts}: Telling, now: DeskState, before: DeskState): void {
    if (now.saidCount > before.saidCount) {
        announcer.say("polite", {text: `${texts.value.chat.sent}.`});
    }
}
