// What happened in a chat beside what was said, in words.

import type {Fact} from "../state/turns.ts";
import type {Texts} from "../texts/index.ts";
import {timeOfDay} from "../texts/times.ts";

/** Why somebody left, as the server numbers it (docs/api/customers.md, "Ends"). */
const SILENT = "3";
const IDLE = "7";
const MINUTE_MS = 60_000;

/**
 * Returns the words for what happened. `ends` is when the chat ends because nobody writes, in ms
 * since 1970; `null` while it does not.
 */
export function factWords(
    fact: Fact,
    ends: number | null,
    {chat}: Pick<Texts, "chat">,
    language: string,
): string {
    switch (fact.kind) {
        case "joined": return chat.joined(fact.name);
        case "left":
            if (fact.reason === IDLE) {
                return chat.leftIdle;
            }
            if (fact.reason === SILENT) {
                return chat.leftSilent(fact.name);
            }
            return fact.isCustomer
                ? `${chat.leftSaid(fact.name)} ${chat.seesNoMore}`
                : chat.left(fact.name);
        case "idleAlert": {
            const silent = chat.idleAlert(Math.round(fact.ms / MINUTE_MS));
            return ends === null
                ? silent
                : `${silent} ${chat.idleEnds(timeOfDay(ends, language))}`;
        }
        case "idleClose": return chat.leftIdle;
        case "renamed": return chat.renamed(fact.name);
        case "fileTakenBack": return chat.fileTakenBack(fact.name);
        case "notice": return fact.text;
    }
}
