// How a webhook is doing, and what can be done with it beside changing it.

import {fields, instant, list, numberOrNull, text, textOrNull, texts} from "../api/fields.ts";
import type {Api} from "../api/http.ts";

export interface WebhookState {
    /** `Active`, `Failing` or `Disabled`. */
    state: string;
    /** In ms since 1970, as all times here. */
    lastDelivered: number | null;
    failingSince: number | null;
    lastError: string | null;
    /** Of how many interactions something is held back until it can be told. */
    heldBack: number;
    /** Until when the secret before signs as well. */
    previousSecretUntil: number | null;
}

export interface Delivery {
    messageId: string;
    event: string;
    interactionId: string | null;
    /** Its place in the log; a test has none. */
    position: number | null;
    at: number | null;
    attempt: number;
    /** `Delivered`, `Failed` or `GivenUp`. */
    outcome: string;
    /** What the other side answered, as HTTP counts. */
    status: number | null;
    durationMs: number;
    error: string | null;
    nextAttempt: number | null;
}

type Requests = Pick<Api, "get" | "post">;

export class Webhook {
    readonly #api: Requests;
    readonly #path: string;

    constructor(api: Requests, id: string) {
        this.#api = api;
        this.#path = `webhooks/${encodeURIComponent(id)}`;
    }

    async state(): Promise<WebhookState> {
        const it = fields((await this.#api.get(this.#path))["webhook"]);
        return {
            state: text(it["state"]),
            lastDelivered: instant(it["lastDelivered"]),
            failingSince: instant(it["failingSince"]),
            lastError: textOrNull(it["lastError"]),
            heldBack: numberOrNull(it["heldBack"]) ?? 0,
            previousSecretUntil: instant(it["previousSecretUntil"]),
        };
    }

    /** Returns the last deliveries, newest first. */
    async deliveries(): Promise<Delivery[]> {
        const answer = await this.#api.get(`${this.#path}/deliveries`);
        return list(answer["deliveries"]).map(fields).map((it) => ({
            messageId: text(it["messageId"]),
            event: text(it["event"]),
            interactionId: textOrNull(it["interactionId"]),
            position: numberOrNull(it["position"]),
            at: instant(it["at"]),
            attempt: numberOrNull(it["attempt"]) ?? 1,
            outcome: text(it["outcome"]),
            status: numberOrNull(it["status"]),
            durationMs: numberOrNull(it["durationMs"]) ?? 0,
            error: textOrNull(it["error"]),
            nextAttempt: instant(it["nextAttempt"]),
        }));
    }

    /** Has something sent that is no event; it stands among the deliveries in moments. */
    async test(): Promise<string> {
        return text((await this.#api.post(this.#path, {operationName: "Test"}))["messageId"]);
    }

    /** Has sent again what happened from a time on, or from an event in the log on. */
    async replay(from: {since: number} | {position: number}): Promise<void> {
        const place = "since" in from
            ? {since: new Date(from.since).toISOString()}
            // What comes after a place is sent.
            : {from: from.position - 1};
        await this.#api.post(this.#path, {operationName: "Replay", ...place});
    }

    /**
     * Returns a new secret, which nobody is shown again. The one before signs for a while, in which
     * there is no other unless the newest is lost: that is replaced then.
     */
    async rotateSecret(isLost: boolean): Promise<string> {
        const body = {operationName: "RotateSecret", ...(isLost ? {lost: true} : {})};
        return text((await this.#api.post(this.#path, body))["secret"]);
    }
}

/** Returns the names of all that a webhook can be told of. */
export async function eventNames(api: Pick<Api, "get">): Promise<string[]> {
    return texts((await api.get("webhook-events"))["events"]);
}
