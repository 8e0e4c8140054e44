// What is special about an interaction, in a word beside its name.

import type {Interaction} from "../api/interaction.ts";
import {isInReview} from "../state/letters.ts";
import type {DeskState} from "../state/model.ts";
import type {Texts} from "../texts/index.ts";

export interface Chip {
    text: string;
    /** `watch` tells of a supervisor. */
    kind: "plain" | "watch";
}

/** Returns the chips of an interaction, in order. */
export function chipsOf(state: DeskState, interaction: Interaction, texts: Texts): Chip[] {
    const {chat, handing, letters} = texts;
    const {state: is, participants} = interaction;
    const plain = (text: string): Chip => ({text, kind: "plain"});
    const coaches = participants
        .filter(({type, visibility}) => type === "Supervisor" && visibility !== "All")
        .map(({nickname}): Chip => ({text: handing.coaches(nickname), kind: "watch"}));
    const ended = hasLeft(state, interaction) ? chat.customerLeft : chat.chatEnded;
    return [
        ...(is === "LeftChat" ? [plain(ended)] : []),
        ...(is === "Sending" ? [plain(letters.sending)] : []),
        ...(isInReview(interaction) ? [plain(letters.inReview)] : []),
        ...coaches,
    ];
}

/** Why a customer left, as the server numbers it: by themselves, or without a word. */
const OF_THEIR_OWN = ["0", "3"];

/** Returns whether the customer went; else the chat was ended. */
function hasLeft({transcripts}: DeskState, {id}: Interaction): boolean {
    return (transcripts[id]?.lines ?? []).some(({type, from, userData}) =>
        type === "ParticipantLeft"
        && from.type === "Customer"
        && OF_THEIR_OWN.includes(String(userData["quit-reason-code"])));
}
