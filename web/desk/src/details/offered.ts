// What the work of a queue may end with, and whether it has to be said.

import {fields, list, text, texts} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import type {Interaction} from "../api/interaction.ts";

export interface Known {
    key: string;
    name: string;
    /** The channels whose work can end so; none is all. */
    channels: string[];
    asksForNote: boolean;
}

export interface Asked {
    /** The keys of what the queue offers; none is all. */
    offered: string[];
    isRequired: boolean;
}

/** Returns the outcomes of the answer of `GET /settings/dispositions`, in their order. */
export function readOutcomes(answer: unknown): Known[] {
    return list(fields(answer)["settings"]).map(fields).map((one) => ({
        key: text(one["key"]),
        name: text(one["displayName"]) || text(one["key"]),
        channels: texts(one["channels"]),
        asksForNote: one["noteRequired"] === true,
    }));
}

/** Returns what a queue asks for; of no queue nothing. */
export async function readAsked(api: Pick<Api, "get">, queue: string | null): Promise<Asked> {
    if (queue === null || queue === "") {
        return {offered: [], isRequired: false};
    }
    const shown = "fields=name,dispositions,dispositionRequired";
    const answer = await api.get(`queues?${shown}&name=${encodeURIComponent(queue)}`);
    const [found] = list(answer["queues"]).map(fields);
    return {
        offered: texts(found?.["dispositions"]),
        isRequired: found?.["dispositionRequired"] === true,
    };
}

/** Returns those that work of a channel can end with where a queue asks so. */
export function offeredOf(known: readonly Known[], channel: string, {offered}: Asked): Known[] {
    return known.filter(({key, channels}) =>
        (offered.length > 0
            ? offered.includes(key)
            : channels.length === 0 || channels.includes(channel)));
}

type Ending = Pick<Interaction, "currentQueue" | "disposition">;

/** Tells whether an outcome is missing before something can be completed. */
export async function isOutcomeMissing(
    api: Pick<Api, "get">,
    {currentQueue, disposition}: Ending,
): Promise<boolean> {
    const {offered, isRequired} = await readAsked(api, currentQueue);
    const isThere = disposition !== "" && (offered.length === 0 || offered.includes(disposition));
    return isRequired && !isThere;
}
