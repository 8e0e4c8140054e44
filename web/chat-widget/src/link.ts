// How the widget talks to the server: two links with one face, so that the rest does not know which one is in use.

import type {Answer} from "./wire.ts";

/** What a customer can ask for. */
export type Operation =
    | "requestChat"
    | "requestNotifications"
    | "sendMessage"
    | "startTyping"
    | "stopTyping"
    | "disconnect";

/** What goes with an operation, by the names of the CometD API; a link translates. */
export type OperationData = Record<string, string | number | Record<string, string>>;

/** What a link tells. */
export interface LinkEvents {
    /** The server answered or delivered something. */
    answer(answer: Answer): void;
    /** The link is gone; it says nothing more. */
    lost(): void;
}

/** A connection that is used until it is lost; then another one is made. */
export interface Link {
    /** Resolves when operations can be published. */
    open(): Promise<void>;
    /** Resolves when the server has taken it; the outcome arrives as an answer. */
    publish(operation: Operation, data: OperationData): Promise<void>;
    close(): void;
}

/** Which link: CometD over a websocket or long polls, or plain requests again and again. */
export type LinkKind = "cometd" | "rest";

/** Makes a link. */
export type LinkMaker = (kind: LinkKind, events: LinkEvents) => Link;
