// What happened to something that is finished, in words: the steps that a reader asks for.

import {text} from "../api/fields.ts";
import type {Happening} from "../api/happening.ts";
import type {Texts} from "../texts/index.ts";

export interface Step {
    /** In ms since 1970. */
    at: number;
    words: string;
    /** Who did it, by user name; empty for anybody else. */
    by: string;
}

/** Returns the steps of a history, in its order; what is only bookkeeping is left out. */
export function stepsOf(events: Happening[], {search}: Pick<Texts, "search">): Step[] {
    const words: Readonly<Record<string, string>> = {
        Opened: search.opened, Offered: search.offered, Accepted: search.accepted,
        Rejected: search.passedBy, OfferExpired: search.passedBy, Parked: search.parked,
        Sent: search.answered, DeliveryFailed: search.notDelivered, ChatEnded: search.chatEnded,
        Completed: search.completed, Canceled: search.canceled,
    };
    return events.flatMap(({at, by, facts}) => facts.flatMap(({name, fields}): Step[] => {
        if (name === "Queued") {
            return [{at, by, words: search.queued(text(fields["queue"]))}];
        }
        return Object.hasOwn(words, name) ? [{at, by, words: words[name] ?? ""}] : [];
    }));
}
