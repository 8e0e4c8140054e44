// What can be done with an interaction as a whole: as the API allows it, in the order of the menus.

import type {Interaction} from "../api/interaction.ts";
import {draftOf} from "../state/letters.ts";
import type {DeskState} from "../state/model.ts";

export type ActionName =
    | "transfer"
    | "invite"
    | "consult"
    | "park"
    | "take"
    | "toQueue"
    | "writeLetter"
    | "split"
    | "join"
    | "print"
    | "copyLink"
    | "endChat"
    | "leave"
    | "complete";

/** The keys that do the same while a list or the transcript has the focus. */
export const KEYS: Partial<Record<ActionName, string>> = {
    transfer: "t",
    invite: "i",
    park: "p",
    toQueue: "q",
    complete: "c",
};

/** Returns what can be done with an interaction, and is worth a button or a line in a menu. */
export function actionsOf(state: DeskState, interaction: Interaction): ActionName[] {
    const {id, channel, currentQueue, state: is} = interaction;
    const isMine = id in state.work && is !== "Invited";
    const may = (operation: string): boolean =>
        isMine && interaction.operations.includes(operation);
    const isEnded = is === "LeftChat";
    const offered: Record<ActionName, boolean> = {
        transfer: may("Transfer"),
        invite: may("Invite") || may("Consult"),
        // Where nobody can be invited the other asks for advice.
        consult: may("Invite") && may("Consult"),
        park: may("PlaceInWorkbin"),
        take: workbinOf(state, id) !== null,
        toQueue: may("PlaceInQueue") && currentQueue !== null,
        writeLetter: isMine && isEnded,
        split: may("SplitFromThread") && interaction.letter?.threadId !== id,
        join: may("JoinThread"),
        print: channel === "email" || isMine,
        copyLink: true,
        endChat: may("EndChatSession"),
        // Whoever was invited or consulted goes, and the chat stays.
        leave: may("Leave") && !may("Complete"),
        // What has an open draft is shown with the reason why not.
        complete: may("Complete") || (isMine && hasOpenDraft(state, interaction)),
    };
    return (Object.keys(offered) as ActionName[]).filter((name) => offered[name]);
}

/** Returns the workbin that something lies in; `null` when it lies in none that the reader sees. */
export function workbinOf({parked}: DeskState, id: string): string | null {
    const found = Object.entries(parked).find(([, all]) => all.some((one) => one.id === id));
    return found?.[0] ?? null;
}

/** Returns whether a letter has an answer that is begun: it cannot be over before that. */
export function hasOpenDraft(state: DeskState, interaction: Interaction): boolean {
    return interaction.state !== "Composing" && draftOf(state, interaction) !== null;
}
