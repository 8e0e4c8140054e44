// Who the clients of the check list (family.mjs) are in the contact center that is made for it (family-center.mjs): each client and
// transport has a queue with one agent of its own, so that all of them can run at the same time.

/** The clients. */
export const CLIENTS = ["cometd-9", "cometd-3", "faye", "aiocometd-ng", "aiocometd"];

/** The transports that every client has. */
export const TRANSPORTS = ["long-polling", "websocket"];

/** The name of the agent who listens, also of their group and queue. */
export function desk(client, transport) {
    return `${client}-${transport}`;
}

/** An agent who only works, so that there are notifications that are not for the others. */
export const NEIGHBOUR = "neighbour";
