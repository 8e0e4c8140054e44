// How much an agent has in hand, by channel.

import type {DeskState} from "../state/model.ts";

export interface Load {
    used: number;
    /** How much fits; `null` when the server does not say. */
    capacity: number | null;
}

export const LOADED = ["chat", "email", "workitem"] as const;

export type Loaded = (typeof LOADED)[number];

/** Drafts and what was only offered are not in hand. */
const NOT_IN_HAND = ["Invited", "Composing"];

export function loadOf(
    {work, channels}: Pick<DeskState, "work" | "channels">,
): Record<Loaded, Load> {
    const used = (channel: Loaded): Load => ({
        used: Object.values(work).filter(
            (one) => one.channel === channel && !NOT_IN_HAND.includes(one.state),
        ).length,
        capacity: channels.find((one) => one.channel === channel)?.capacity ?? null,
    });
    return {chat: used("chat"), email: used("email"), workitem: used("workitem")};
}
