// By which queue letters go out, and whether somebody looks at them first.

import type {Api} from "../api/http.ts";
import {fields, list, text} from "../api/fields.ts";
import type {Me} from "../state/model.ts";

export interface Outbound {
    /** The queue of outgoing letters; `null` when the contact center names none. */
    queue: string | null;
    /** Where a supervisor looks at what this agent sends; `null` when it goes out at once. */
    review: string | null;
}

const known = new WeakMap<Api, Promise<Outbound>>();

/** Asks once; without an answer the next letter asks again. */
export function outboundOf(api: Api, me: Me | null): Promise<Outbound> {
    const asked = known.get(api) ?? ask(api, me);
    known.set(api, asked);
    asked.catch(() => known.delete(api));
    return asked;
}

async function ask(api: Api, me: Me | null): Promise<Outbound> {
    const settings = await api.get("settings/interaction-workspace");
    const option = list(settings["settings"]).map(fields)
        .find(({name}) => name === "email.outbound-queue");
    const queue = text(option?.["value"]) || null;
    if (queue === null || me?.roles.includes("ROLE_SUPERVISOR") === true) {
        return {queue, review: null};
    }
    const path = `queues?fields=name,reviewQueue&name=${encodeURIComponent(queue)}`;
    const found = list((await api.get(path))["queues"]).map(fields)[0];
    return {queue, review: text(found?.["reviewQueue"]) || null};
}
