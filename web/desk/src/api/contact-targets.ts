// Targets as `/contacts` tells them, for a server that has no targets of an interaction yet.

import {fields, list, numberOrNull, text} from "./fields.ts";

/** Returns what `GET /interactions/{id}/targets` would say of the contacts of a channel. */
export function targetsOfContacts(contacts: unknown, channel: string): unknown[] {
    return list(contacts)
        .map(fields)
        .filter((one) => one["type"] !== "AgentGroup")
        .filter((one) => one["type"] === "User" || one["channel"] === channel)
        .map((one) => (one["type"] === "User" ? userOf(one, channel) : queueOf(one)));
}

function userOf(user: Record<string, unknown>, channel: string): unknown {
    const state = list(user["channels"]).map(fields).find((one) => one["channel"] === channel);
    const word = text(fields(state?.["userState"])["state"]);
    const {used, capacity, dndState} = state ?? {};
    const isFull = (numberOrNull(used) ?? 0) >= (numberOrNull(capacity) ?? Infinity);
    const rule = word === "" || word === "LoggedOut"
        ? "NoSession"
        : word !== "Ready" ? "NotReady" : dndState === "On" ? "DoNotDisturb" : isFull && "Full";
    return {
        kind: "User", user, channelState: state, used, capacity, able: rule === false,
        ...(rule === false ? {} : {rule}),
    };
}

function queueOf(queue: Record<string, unknown>): unknown {
    return {
        kind: "Queue", queue, waiting: queue["waiting"], able: fields(queue["agents"])["ready"],
    };
}
