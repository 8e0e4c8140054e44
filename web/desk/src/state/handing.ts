// What the owner has offered to a colleague, and what became of it.

import type {Interaction, Offer, OfferKind, Person} from "../api/interaction.ts";
import type {DeskState} from "./model.ts";

/** Something that the reader has offered to a colleague. */
export interface Handing {
    kind: OfferKind;
    to: Person;
    /** In ms since 1970 by the server's clock. */
    expires: number;
}

/** An offer to a colleague that came to nothing. */
export interface HandingEnd {
    handing: Handing;
    how: "declined" | "unanswered";
}

/** The kinds by which an owner asks a colleague. */
const ASKED: readonly OfferKind[] = ["Transfer", "Invite", "Consult"];

/** Returns what the reader has offered of theirs, and what stands; `null` without it. */
export function handingOf(state: DeskState, {offer, state: is}: Interaction): Handing | null {
    return is === "Invited" ? null : asHanding(state, offer);
}

/** Returns how the last offer to a colleague ended without them; `null` once that was seen. */
export function endOf(state: DeskState, {id}: Interaction): HandingEnd | null {
    const failure = state.failures.findLast(
        (one) => one.interactionId === id && one.offer !== null);
    const handing = asHanding(state, failure?.offer ?? null);
    return failure === undefined || handing === null
        ? null
        // The server ends it at its time, and a colleague before that.
        : {handing, how: failure.at >= handing.expires ? "unanswered" : "declined"};
}

/** Returns who has taken what the reader handed over; `null` when it went another way. */
export function takerOf(state: DeskState, {offer}: Interaction): Person | null {
    const handing = asHanding(state, offer);
    return handing?.kind === "Transfer" ? handing.to : null;
}

function asHanding({me}: DeskState, offer: Offer | null): Handing | null {
    const isMine = me !== null && offer?.from?.id === me.id;
    return isMine && offer.to !== null && ASKED.includes(offer.kind)
        ? {kind: offer.kind, to: offer.to, expires: offer.expires}
        : null;
}

/** Returns the name of a colleague: whole where it is known. */
export function personName({firstName, lastName, userName}: Person): string {
    return `${firstName} ${lastName}`.trim() || userName;
}
