// What an agent's state is, put together from their channels.

import {shallowRef} from "vue";
import type {Channel} from "../api/notification.ts";

/** What somebody's channels come to. */
export type Presence =
    | {kind: "offWork"}
    | {kind: "ready"}
    /** Ready on some channels only. */
    | {kind: "mixed"; ready: string[]}
    | {kind: "undisturbed"}
    | {kind: "notReady"; reason: string | null};

/** The reason of whoever let too many offers in a row pass by (docs/api, "Channels"). */
const MISSED_OFFERS = "MissedOffers";

/** Returns since when all channels have been what they are; `null` when nobody told. */
export function sinceOf(channels: Channel[]): number | null {
    const times = working(channels).map(({since}) => since);
    return times.reduce(
        (latest, since) =>
            since === null ? latest : Math.max(latest ?? since, since),
        null,
    );
}

/** Nothing is routed to these; they have a state for the sake of older desktops. */
const SILENT = ["voice"];

/** Returns the channels that work comes by. */
export function working(channels: Channel[]): Channel[] {
    return channels.filter(({channel}) => !SILENT.includes(channel));
}

export function presenceOf(channels: Channel[]): Presence {
    const at = working(channels).filter(({state}) => state !== "LoggedOut");
    if (at.length === 0) {
        return {kind: "offWork"};
    }
    const ready = at.filter(({state, isUndisturbed}) => state === "Ready" && !isUndisturbed);
    if (ready.length === at.length) {
        return {kind: "ready"};
    }
    if (ready.length > 0) {
        return {kind: "mixed", ready: ready.map(({channel}) => channel)};
    }
    if (at.some(({state}) => state === "Ready")) {
        return {kind: "undisturbed"};
    }
    const [first] = at;
    const isOne = at.every(({reason}) => reason === first?.reason);
    return {kind: "notReady", reason: isOne ? chosenReason(first?.reason ?? null) : null};
}

/** What the contact center calls reasons, where that is known and something else. */
export const reasonNames = shallowRef<ReadonlyMap<string, string>>(new Map());

/** Returns how a chosen reason is shown; `null` for the server's own, and without one. */
export function chosenReason(reason: string | null): string | null {
    return reason === null || reason === MISSED_OFFERS
        ? null
        : reasonNames.value.get(reason) ?? reason;
}

/** Returns the channels that were set Not ready because offers passed by. */
export function missedChannels(channels: Channel[]): string[] {
    return working(channels)
        .filter(({state, reason}) => state === "NotReady" && reason === MISSED_OFFERS)
        .map(({channel}) => channel);
}
