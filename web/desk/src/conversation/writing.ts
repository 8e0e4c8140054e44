// What one writes in a chat, until the outbox has it.

import {ref} from "vue";
import type {ChatDraft} from "../api/interaction.ts";
import type {DraftKeeper} from "./drafts.ts";

export type Readers = "All" | "Agents";

/** What others may ask of a composer. */
export interface Composer {
    hasWords(): boolean;
    /** Returns whether nothing is left in it. */
    send(): Promise<boolean>;
}

export interface WritingSurroundings {
    interactionId: string;
    drafts: DraftKeeper;
    /** Resolves once the words are kept and go out by themselves. */
    say(words: string, to: Readers): Promise<unknown>;
}

export class Writing {
    readonly text = ref("");
    readonly visibility = ref<Readers>("All");
    /** What the server is known to have. */
    readonly onServer = ref<ChatDraft | null>(null);
    readonly #surroundings: WritingSurroundings;
    /** Given to the outbox, which has not said yet that it keeps them. */
    #leaving: {words: string; to: Readers}[] = [];

    constructor(surroundings: WritingSurroundings) {
        this.#surroundings = surroundings;
        const kept = surroundings.drafts.load(surroundings.interactionId);
        this.text.value = kept.text;
        this.visibility.value = kept.visibility;
        this.onServer.value = kept.onServer ?? null;
    }

    /** Returns whatever the outbox does not keep. */
    present(): ChatDraft {
        const text = joined([...this.#leaving.map(({words}) => words), this.text.value]);
        const isNote = [this.visibility.value, ...this.#leaving.map(({to}) => to)]
            .includes("Agents");
        return {text, visibility: isNote ? "Agents" : "All"};
    }

    /** Puts words behind what stands in the box, unless it ends with them. */
    add(words: string): void {
        if (!this.text.value.trimEnd().endsWith(words)) {
            this.text.value = joined([this.text.value.trimEnd(), words]);
        }
    }

    /** Puts into the box what was typed elsewhere; whom an empty draft was for says nothing. */
    take(draft: ChatDraft, readers: Readers[]): void {
        this.text.value = draft.text;
        if (draft.text !== "" && readers.includes(draft.visibility)) {
            this.visibility.value = draft.visibility;
        }
    }

    /** Keeps it in this browser, with what the server is known to have of it. */
    keep(): void {
        const {drafts, interactionId} = this.#surroundings;
        const onServer = this.onServer.value;
        drafts.save(interactionId, {
            ...this.present(),
            ...(onServer === null ? {} : {onServer}),
        });
    }

    /** Returns whether the outbox has it. What it did not take stands before what came since. */
    async send(): Promise<boolean> {
        const said = {words: this.text.value.trim(), to: this.visibility.value};
        if (said.words === "") {
            return true;
        }
        this.#leaving.push(said);
        this.text.value = "";
        let isTaken = true;
        try {
            await this.#surroundings.say(said.words, said.to);
        } catch {
            isTaken = false;
            this.text.value = joined([said.words, this.text.value]);
            // A note does not become a word to the customer.
            this.visibility.value = said.to === "Agents" ? "Agents" : this.visibility.value;
        }
        this.#leaving = this.#leaving.filter((one) => one !== said);
        this.keep();
        return isTaken;
    }
}

function joined(texts: string[]): string {
    return texts.filter((text) => text.trim() !== "").join("\n");
}
