// A letter that has been sent, and waits a few seconds so that it can be taken back.

import type {Interaction} from "../api/interaction.ts";
import type {DeskState} from "../state/model.ts";

/** Returns the letter that was sent last and can still be taken back; `null` without one. */
export function heldLetter({work}: Pick<DeskState, "work">, now: number): Interaction | null {
    const held = Object.values(work)
        .filter(({sendsAt, operations}) =>
            sendsAt !== null && sendsAt > now && operations.includes("CancelSend"))
        .sort((one, other) => (one.sendsAt ?? 0) - (other.sendsAt ?? 0));
    return held.at(-1) ?? null;
}
