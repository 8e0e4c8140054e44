// What one writes in a chat, until the outbox has it.

import {ref} from "vue";
import type {ChatDraft} from "../api/interaction.ts";
import {together, type DraftKeeper, type Leaving} from "./drafts.ts";

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
    /** Gives words a name that no others have. */
    newName(): string;
    /** Resolves once the words are kept under their name and go out by themselves. */
    say(words: Leaving): Promise<unknown>;
}

export class Writing {
    readonly text = ref("");
    readonly visibility = ref<Readers>("All");
    /** What the server is known to have. */
    readonly onServer = ref<ChatDraft | null>(null);
    /** What is on its way there, or got no answer: it may be there. */
    readonly onWay = ref<ChatDraft | null>(null);
    readonly #surroundings: WritingSurroundings;
    #name: string;
    /** Given to the outbox, which has not said yet that it keeps them. */
    #leaving: Leaving[] = [];
    /** What another box of this browser gave to the outbox, and will hear of. */
    readonly #leavingElsewhere: Leaving[];

    constructor(surroundings: WritingSurroundings) {
        this.#surroundings = surroundings;
        const kept = surroundings.drafts.load(surroundings.interactionId);
        this.text.value = kept.text;
        this.visibility.value = kept.visibility;
        this.onServer.value = kept.onServer ?? null;
        this.onWay.value = kept.onWay ?? null;
        this.#name = kept.name ?? surroundings.newName();
        this.#leavingElsewhere = kept.leaving ?? [];
    }

    /** Returns whatever the outbox does not keep. */
    present(): ChatDraft {
        return together([...this.#leaving, this.#inBox()]);
    }

    #inBox(): ChatDraft {
        return {text: this.text.value, visibility: this.visibility.value};
    }

    /** Puts words behind what stands in the box, unless it ends with them. */
    add(words: string): void {
        if (!this.text.value.trimEnd().endsWith(words)) {
            const now = {...this.#inBox(), text: this.text.value.trimEnd()};
            this.text.value = together([now, {...now, text: words}]).text;
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
        const onWay = this.onWay.value;
        const leaving = [...this.#leavingElsewhere, ...this.#leaving];
        drafts.save(interactionId, {
            ...this.#inBox(),
            ...(this.text.value === "" ? {} : {name: this.#name}),
            ...(leaving.length === 0 ? {} : {leaving}),
            ...(onServer === null ? {} : {onServer}),
            ...(onWay === null ? {} : {onWay}),
        });
    }

    /** Returns whether the outbox has it. What it did not take stands before what came since. */
    async send(): Promise<boolean> {
        const said = {...this.#inBox(), text: this.text.value.trim(), name: this.#name};
        if (said.text === "") {
            return true;
        }
        this.#leaving.push(said);
        this.text.value = "";
        this.#name = this.#surroundings.newName();
        // Before the outbox has it: a page that ends in between is to know which words these are.
        this.keep();
        let isTaken = true;
        try {
            await this.#surroundings.say(said);
        } catch {
            isTaken = false;
            // A note does not become a word to the customer.
            this.text.value = together([said, this.#inBox()]).text;
            this.visibility.value = said.visibility === "Agents" ? "Agents" : this.visibility.value;
        }
        this.#leaving = this.#leaving.filter((one) => one !== said);
        this.keep();
        return isTaken;
    }
}
