// What a client remembers so that it can ask for what it missed: the number of the last notification of each topic (docs/compat/notifications.md#replay, `replay`).
// It passes notifications on in their order and each once, whatever the connection does.

/** The numbers of one client. */
export class Recall {
    #last = new Map();

    /** Judges a notification: "new" is to be used; "old" was there before; at a "gap" something is missing, and it will come again. */
    take({channel, data}) {
        const sequence = data?.sequence;
        if (!Number.isInteger(sequence)) {
            return "new";
        }
        const last = this.#last.get(channel) ?? sequence - 1;
        if (sequence !== last + 1) {
            return sequence <= last ? "old" : "gap";
        }
        this.#last.set(channel, sequence);
        return "new";
    }

    /** Adds to a subscribe message where to begin; other messages stay as they are. */
    addTo(message) {
        if (message.channel !== "/meta/subscribe") {
            return;
        }
        const {subscription} = message;
        const replay = subscription.endsWith("*") ? Object.fromEntries(this.#last) : (this.#last.get(subscription) ?? -1);
        message.ext = {...message.ext, replay};
    }
}
