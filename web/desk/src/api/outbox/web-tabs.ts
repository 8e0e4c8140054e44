// The tabs of this browser: one of them sends, all of them show.

import type {TabMessage, Tabs} from "../outbox.ts";

const CHANNEL = "handoff-desk-outbox";

export class WebTabs implements Tabs {
    readonly #channel: BroadcastChannel;
    readonly #lock: string;

    /** Tabs of the same name see each other: those of one user at one desk. */
    constructor(name: string) {
        this.#channel = new BroadcastChannel(`${CHANNEL}:${name}`);
        this.#lock = `${CHANNEL}:${name}`;
    }

    tell(message: TabMessage): void {
        this.#channel.postMessage(message);
    }

    listen(take: (message: TabMessage) => void): void {
        this.#channel.onmessage = ({data}: MessageEvent<TabMessage>) => take(data);
    }

    async lead(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
        // A page that did not come over TLS has no locks. Every tab sends then; the key makes sure
        // that nothing is done twice.
        if (navigator.locks === undefined) {
            await work();
            return;
        }
        try {
            await navigator.locks.request(this.#lock, {signal}, work);
        } catch {
            // It ended while it waited for its turn.
        }
    }
}

/** Returns a new name for a request, which nobody can guess. */
export function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
