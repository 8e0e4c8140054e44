// To whom an interaction can be handed, as `GET /interactions/{id}/targets` tells it, best first.

import {described, list, numberOrNull, text, textOrNull} from "./fields.ts";
import type {Api} from "./http.ts";
import {readPerson, type Person} from "./interaction.ts";

export type Target =
    | {
          kind: "User";
          person: Person;
          used: number;
          /** `null` is without a bound. */
          capacity: number | null;
          isAble: boolean;
          /** What is in the way of whoever is not able, such as `NotReady`. */
          rule: string | null;
          /** Why they are not Ready on the channel, where they said so. */
          reason: string | null;
      }
    | {kind: "Queue"; id: string; name: string; waiting: number; able: number};

/** The most that a dialog shows: whoever looks for somebody else types more of the name. */
const SHOWN_MAX = 40;

/** Reads the targets of an interaction whose names have all words of what was typed. */
export async function readTargets(
    api: Api,
    interactionId: string,
    search: string,
    signal: AbortSignal,
): Promise<Target[]> {
    const query = new URLSearchParams({limit: String(SHOWN_MAX), ...(search && {search})});
    const answer = await api.get(`interactions/${interactionId}/targets?${query}`, {signal});
    return readTargetList(answer["targets"]);
}

/** Returns the targets of an answer; what is of no kind that is known is left out. */
export function readTargetList(value: unknown): Target[] {
    return list(value)
        .map(readTarget)
        .filter((one) => one !== null);
}

function readTarget(value: unknown): Target | null {
    if (described<"Target">(value)["kind"] === "Queue") {
        const it = described<"QueueTarget">(value);
        const {id, name} = described<"QueueInShort">(it["queue"]);
        const [waiting, able] = [numberOrNull(it["waiting"]), numberOrNull(it["able"])];
        return {
            kind: "Queue", id: text(id), name: text(name), waiting: waiting ?? 0, able: able ?? 0,
        };
    }
    const it = described<"UserTarget">(value);
    const channel = described<"Channel">(it["channelState"]);
    const person = readPerson(it["user"]);
    return person === null
        ? null
        : {
              kind: "User",
              person,
              used: numberOrNull(it["used"]) ?? 0,
              capacity: numberOrNull(it["capacity"]),
              isAble: it["able"] === true,
              rule: textOrNull(it["rule"]),
              reason: textOrNull(described<"UserState">(channel["userState"])["reason"]),
          };
}

/** Returns whether a target can take it now. A queue takes anything: it waits there. */
export function canTake(target: Target): boolean {
    return target.kind === "Queue" || target.isAble;
}

export function keyOf(target: Target): string {
    return target.kind === "Queue" ? `queue ${target.id}` : `user ${target.person.id}`;
}
