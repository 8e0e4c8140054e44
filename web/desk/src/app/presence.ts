// What an agent's state is, put together from their channels.

import type {Channel} from "../api/notification.ts";

/** What somebody's channels come to. */
export type Presence =
    | {kind: "offWork"}
    | {kind: "ready"}
    /** Ready on some channels only. */
    | {kind: "mixed"; ready: string[]}
    | {kind: "undisturbed"}
    /** `name` is a state of the contact center's own. */
    | {kind: "notReady"; name: string | null};

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
    const isOne = at.every(({displayName}) => displayName === first?.displayName);
    return {kind: "notReady", name: isOne ? ownName(first?.displayName ?? "") : null};
}

/** Every contact center has these; the desk has words of its own for them. */
const USUAL = ["", "Ready", "Not Ready", "NotReady", "Logged Out", "LoggedOut"];

/** Returns the name of a state of the contact center's own; `null` for one that all have. */
export function ownName(displayName: string): string | null {
    return USUAL.includes(displayName) ? null : displayName;
}
