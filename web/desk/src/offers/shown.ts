// Which offers are shown.

import type {Interaction} from "../api/interaction.ts";
import {offersOf} from "../state/lists.ts";
import type {Departure, DeskState} from "../state/model.ts";

/**
 * The server ends an offer; one whose time has been over for so long, in ms, is shown no more
 * although nobody told: there is no connection.
 */
const OVER_MS_MAX = 2_000;

/** Returns the offers that stand, the oldest first. */
export function shownOffers(state: DeskState, now: number): Interaction[] {
    return offersOf(state).filter(({offer}) => offer !== null && now < offer.expires + OVER_MS_MAX);
}

/** Returns the offers that went without an answer, and have not been seen yet. */
export function missedOf(state: DeskState): Departure[] {
    return state.departures.filter(
        ({wasOffer, isOwn, state: became, interaction}) =>
            wasOffer && !isOwn && became !== "Completed" && !wasAnswered(state, interaction.id),
    );
}

/** Returns the offers that the reader has declined just now. */
export function declinedOf({departures}: DeskState): Departure[] {
    return departures.filter(({wasOffer, isOwn}) => wasOffer && isOwn);
}

/** Declining, or taking, is an answer. */
function wasAnswered(state: DeskState, id: string): boolean {
    return state.work[id] !== undefined;
}

/** Returns what is left of an offer, in ms. */
export function leftOf({offer}: Interaction, now: number): number {
    // A clock that lags a little shows no more than the whole.
    const whole = offer === null ? 0 : offer.expires - offer.at;
    return Math.min(whole, Math.max(0, (offer?.expires ?? now) - now));
}

/** Returns whether what was pressed is on its way. */
export function isAccepting(state: DeskState, id: string): boolean {
    return state.pending.some(
        (one) =>
            one.interactionId === id
            && one.operationName === "Accept"
            && one.stage.kind !== "refused",
    );
}

/** Returns the sentence by which taking an offer as it stands was refused; else nothing. */
export function refusalOf({failures}: DeskState, {id, offer}: Interaction): string {
    const since = offer?.at ?? 0;
    return failures.findLast((one) => one.interactionId === id && one.at >= since)?.sentence ?? "";
}
