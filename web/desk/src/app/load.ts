// How much an agent has in hand, by channel.

import type {DeskState} from "../state/model.ts";
import type {Texts} from "../texts/index.ts";

export interface Load {
    used: number;
    /** How much fits; `null` when the server does not say. */
    capacity: number | null;
}

export const LOADED = ["chat", "email", "workitem"] as const;

export type Loaded = (typeof LOADED)[number];

/** Returns how much of each channel is in hand, in words. */
export function loadWords(state: Pick<DeskState, "work" | "channels">, {bar}: Texts): string {
    const load = loadOf(state);
    const words = (channel: Loaded): string => bar.of(load[channel].used, load[channel].capacity);
    return bar.load(words("chat"), words("email"), words("workitem"));
}

/** Returns the channels of which no more fits. */
export function fullOf(state: Pick<DeskState, "work" | "channels">): Loaded[] {
    const load = loadOf(state);
    return LOADED.filter((channel) => {
        const {used, capacity} = load[channel];
        return capacity !== null && used >= capacity;
    });
}

/** Returns how many drafts one has. */
export function draftsOf({work}: Pick<DeskState, "work">): number {
    return Object.values(work).filter(({state}) => state === "Composing").length;
}

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
