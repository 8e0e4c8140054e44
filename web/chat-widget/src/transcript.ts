// The transcript as a text file.

import type {Conversation} from "./conversation.ts";
import {sharedFile} from "./files.ts";
import {fill, type Language} from "./languages.ts";
import {cleanName} from "./text.ts";
import type {Entry} from "./wire.ts";

/** Writes down what was said, with a mark that keeps editors from guessing the encoding. */
export function transcript(conversation: Conversation, question: string, language: Language, title: string): Blob {
    const {words} = language;
    const lines = [
        ...(question === "" ? [] : [indented(`${words.you}: ${question}`)]),
        ...conversation.entries.flatMap((entry) => line(entry, language)),
        ...conversation.pending.map(({text, state}) => {
            const why = state === "refused" || state === "unsent" ? words.unsent : words.notSent;
            return indented(`[${why}] ${words.you}: ${text}`);
        }),
    ];
    return new Blob(["\ufeff", title, "\r\n\r\n", lines.join("\r\n"), "\r\n"], {type: "text/plain;charset=utf-8"});
}

function line(entry: Entry, language: Language): string[] {
    const said = sentence(entry, language);
    if (said === undefined) {
        return [];
    }
    const at = new Date(entry.utcTime).toLocaleString(language.tag);
    return [indented(`[${at}] ${said}`)];
}

/** Further lines of a message are indented: nobody can forge a line of somebody else. */
function indented(said: string): string {
    return said.split(/\r\n|[\r\n\u2028\u2029]/u).join("\r\n    ");
}

/** What an entry says, in one sentence; nothing for kinds that are not shown. */
export function sentence(entry: Entry, {words}: Language): string | undefined {
    const name = authorName(entry, words);
    switch (entry.type) {
        case "Message":
            return `${name}: ${entry.text}`;
        case "PushUrl":
            return `${name}: ${words.suggestsPage} ${entry.text}`;
        case "FileUploaded":
            return `${name}: ${cleanName(sharedFile(entry).name)}`;
        case "CustomNotice":
        case "Notice":
            return notice(entry, words);
        case "ParticipantJoined":
            return entry.from.type === "Client" ? undefined : fill(words.joined, {name});
        case "ParticipantLeft":
            return entry.from.type === "Client" ? undefined : fill(words.left, {name});
        case "NicknameUpdated":
            return fill(words.renamed, {name});
        case "FileDeleted":
            return fill(words.fileDeleted, {name: cleanName(sharedFile(entry).name)});
        default:
            return undefined;
    }
}

/** What a notice says: the server's own in the reader's language, others as they are. */
function notice(entry: Entry, words: Language["words"]): string | undefined {
    const own: Record<string, string | undefined> = {IdleAlert: words.idleAlert, IdleClose: words.idleClose};
    const known = entry.from.type === "External" ? own[entry.messageType ?? ""] : undefined;
    return known ?? (entry.text === "" ? undefined : entry.text);
}

/** How the author is called. */
export function authorName(entry: Entry, words: Language["words"]): string {
    const own = entry.from.type === "Client" ? words.you : words.agent;
    return entry.from.type === "Client" ? own : cleanName(entry.from.nickname) || own;
}
