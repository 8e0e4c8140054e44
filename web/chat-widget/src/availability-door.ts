// Asks a service who is there, before there is a chat.

import type {Availability} from "./availability.ts";
import {readAnswer} from "./wire.ts";

/** How long the server may take, in ms. */
const REQUEST_MS_MAX = 10_000;

/** Gives what the server says; nothing when it cannot be reached or does not know the question: then nothing is said to the customer. */
export async function askAvailability(base: string, service: string): Promise<Availability | undefined> {
    try {
        const response = await fetch(`${base}/genesys/2/chat/${encodeURIComponent(service)}/availability`, {
            method: "POST",
            body: new URLSearchParams(),
            credentials: "same-origin",
            cache: "no-store",
            signal: AbortSignal.timeout(REQUEST_MS_MAX),
        });
        return readAnswer(await response.json())?.availability;
    } catch {
        return undefined;
    }
}
