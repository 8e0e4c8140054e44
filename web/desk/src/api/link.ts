// The way by which messages come: one CometD session, from its handshake until it is lost.
//
// A lost link is not repaired: a new one is made, which says for each topic which number was heard
// last. That is what makes nothing get lost, whatever became of the session on the server.

import type {Topic} from "./notification.ts";

/** The topics that are wanted, each with the number after which; −1 is only what is new. */
export type Replay = Partial<Record<Topic, number>>;

export const ONLY_NEW = -1;

export interface LinkEvents {
    told(topic: Topic, data: unknown): void;
    /** Once, and never before `open` has resolved. */
    lost(): void;
    /** The server told the time. All in ms; see `ServerClock.answered`. */
    time(sent: number, serverTime: number, kept: number): void;
}

export interface Link {
    /** Resolves once every topic is subscribed; from then on nothing is missed. */
    open(replay: Replay): Promise<void>;
    close(): void;
}

export type MakeLink = (events: LinkEvents) => Link;
