// Whether what somebody was shown of a conversation is a prefix of the one sequence of those who see as much as they do: the same entries in
// the same order, each once, numbered from 1 without a gap. It knows nothing of browsers and servers.
//
// The sequence is put together from what is stored: the history, in which every entry is but none says what, and what those read there who
// take part, each of them only what they may.

import assert from "node:assert/strict";

/** Who may see an entry, from everybody to the fewest; who sees one of them sees all before it. */
const AUDIENCES = ["All", "Agents", "Supervisors"];

/** What the history, and the customers' side, call otherwise than the agents' side. */
const TYPES = {Joined: "ParticipantJoined", Left: "ParticipantLeft", Message: "Text"};
const KINDS = {Client: "Customer", External: "System"};

/** Reads an entry that either side was sent; `index` is missing in what is no entry, as typing. */
export function entry({index, type, text, url, noticeText, visibility, from}) {
    return {
        index,
        type: TYPES[type] ?? type,
        kind: KINDS[from.type] ?? from.type,
        nickname: from.nickname,
        text: text ?? url ?? noticeText ?? "",
        ...(visibility === undefined ? {} : {visibility}),
    };
}

/** Reads from the history of an interaction what was said in it, without what. */
export function skeleton(events) {
    const said = events.flatMap(({facts}) => facts.filter(({fact}) => fact === "Said"));
    return said.map(({type, by, visibility}) => ({type: TYPES[type] ?? type, kind: by, visibility}));
}

/** Gives the part of a sequence that an audience sees, numbered for it. */
export function seenBy(audience, sequence) {
    const rank = AUDIENCES.indexOf(audience);
    const seen = sequence.filter(({visibility}) => AUDIENCES.indexOf(visibility) <= rank);
    return seen.map((one, at) => ({...one, index: at + 1}));
}

/** Puts the one sequence together; `readings` are what was read of it, as {audience, entries}. Throws where they contradict each other. */
export function oneSequence(bones, readings) {
    const sequence = bones.map(bone => ({...bone}));
    for (const {audience, entries} of readings) {
        const rank = AUDIENCES.indexOf(audience);
        const places = sequence.filter(({visibility}) => AUDIENCES.indexOf(visibility) <= rank);
        for (const {index, type, kind, nickname, text, visibility} of entries) {
            const place = places[index - 1];
            assert.ok(place, `${audience} read ${index}, which the history does not have`);
            const read = {nickname, text, type, kind, visibility: visibility ?? place.visibility};
            assert.deepEqual({nickname, text, ...place}, read, `${audience} read ${index} otherwise`);
            Object.assign(place, {nickname, text});
        }
    }
    const unread = sequence.findIndex(one => one.nickname === undefined);
    assert.equal(unread, -1, `nobody could read what the history has at ${unread + 1}`);
    return sequence;
}

/** An entry in one line, as agents are sent it. */
export function line({nickname, kind, type, text, visibility}) {
    return `${kind} ${nickname} ${type} [${visibility}] ${text}`.trimEnd();
}

/** An entry in one line, as the customer's page shows it; nothing when it does not. */
export function pageLine({nickname, kind, type, text}) {
    const name = kind === "Customer" ? "You" : nickname;
    switch (type) {
        case "Text":
        case "FileUploaded":
            return `${name}: ${text}`;
        case "ParticipantJoined":
        case "ParticipantLeft":
            return kind === "Customer" ? undefined : `${name} ${type === "ParticipantJoined" ? "joined" : "left"} the chat`;
        default:
            return text;
    }
}

/**
 * Compares what was shown with what was said, both as {index, line}; gives what is wrong, and nothing for a prefix. A line without an index, as on a
 * page, stands where it stands. `reaches` is a text that has to be in it: nothing at all is a prefix, too.
 */
export function findings(view, sequence, reaches) {
    const found = [];
    const seen = new Set();
    let last = 0;
    for (const [at, {index = at + 1, line: shown}] of view.entries()) {
        if (seen.has(index)) {
            found.push(`${index} is there twice: ${shown}`);
        } else if (index < last) {
            found.push(`${index} comes after ${last}: ${shown}`);
        } else if (index > last + 1) {
            found.push(`${last + 1} is missing before ${index}: ${sequence[last]?.line}`);
        }
        const said = sequence[index - 1]?.line;
        if (said !== shown) {
            found.push(`${index} is not what was said: ${shown}; but ${said ?? "nothing"}`);
        }
        seen.add(index);
        last = Math.max(last, index);
    }
    if (reaches !== undefined && !view.some(({line: shown}) => shown.includes(reaches))) {
        found.push(`it ends before ${reaches}`);
    }
    return found;
}
