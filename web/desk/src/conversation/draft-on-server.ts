// Keeps what is typed in a chat on the server too: it is there on every computer, and the next
// owner goes on with it.

import type {ChatDraft} from "../api/interaction.ts";
import {Refused} from "../api/trouble.ts";

/** How long keys are gathered before they are sent, in ms. */
const GATHER_MS = 1_000;
/** After a try that got no answer the next one is made after so long, in ms. */
const AGAIN_MS = 2_000;

const NOTHING: ChatDraft = {text: "", visibility: "All"};

export interface DraftSurroundings {
    /** What stands in the box. */
    present(): ChatDraft;
    /** Puts into the box what was typed elsewhere. */
    take(draft: ChatDraft): void;
    /** The server has what stands in the box, as far as this page knows. */
    kept(draft: ChatDraft): void;
    /** This goes to the server, which has it from some moment on; `null` once it has answered. */
    onWay(draft: ChatDraft | null): void;
    /** Returns the number of the request. */
    save(draft: ChatDraft): Promise<number | null>;
    after(ms: number, run: () => void): () => void;
}

/** What the server has, as it was told. */
export interface ToldDraft {
    draft: ChatDraft | null;
    /** Of the request that it came from; a read does not tell it. */
    referenceId: number | null;
}

export class DraftOnServer {
    readonly #surroundings: DraftSurroundings;
    /** What the server had last, as far as this page knows. */
    #known: ChatDraft;
    /** What was sent there last without an answer: the server may have it. */
    #unanswered: ChatDraft | null = null;
    /** What stood there before what an emptied box has: a read that began earlier may tell it. */
    #emptiedOf: (string | undefined)[] = [];
    readonly #own = new Set<number>();
    #cancel: (() => void) | null = null;
    #isSaving = false;
    #isOver = false;
    /** Told while a save was on its way, which may be its own. */
    #toldMeanwhile: ToldDraft | null = null;

    /** `known` is what an earlier page knew, `unanswered` what it did not hear of any more. */
    constructor(
        surroundings: DraftSurroundings,
        known: ChatDraft | null,
        unanswered: ChatDraft | null = null,
    ) {
        this.#surroundings = surroundings;
        this.#unanswered = unanswered;
        this.#known = known ?? NOTHING;
    }

    /** Something was typed. */
    changed(): void {
        if (!this.#isOver && !this.#isSame() && this.#cancel === null) {
            this.#later(GATHER_MS);
        }
    }

    /**
     * The server has something. What was typed here since it was known is kept, and goes there;
     * what stands here untouched gives way, and so does an empty box to anything but what it
     * was emptied of.
     */
    told(told: ToldDraft): void {
        if (this.#isSaving) {
            this.#toldMeanwhile = told;
            return;
        }
        if (told.referenceId !== null && this.#own.has(told.referenceId)) {
            return;
        }
        const draft = told.draft ?? NOTHING;
        const givesWay = this.#isEmpty() ? !this.#isFromHere(draft) : this.#isSame();
        this.#knows(draft);
        if (givesWay) {
            this.#surroundings.take(draft);
        } else {
            this.changed();
        }
    }

    stop(): void {
        this.#isOver = true;
        this.#cancel?.();
        this.#cancel = null;
        if (!this.#isSame()) {
            void this.#save();
        }
    }

    #isSame(): boolean {
        const {text, visibility} = this.#surroundings.present();
        const known = this.#known;
        return text === known.text && (text === "" || visibility === known.visibility);
    }

    #isEmpty(): boolean {
        return this.#surroundings.present().text === "";
    }

    #isFromHere({text}: ChatDraft): boolean {
        return ["", this.#known.text, this.#unanswered?.text, ...this.#emptiedOf].includes(text);
    }

    #knows(draft: ChatDraft): void {
        const before = [this.#known.text, this.#unanswered?.text, ...this.#emptiedOf];
        this.#emptiedOf = draft.text === "" && this.#isEmpty() ? [...new Set(before)] : [];
        this.#known = draft;
        this.#surroundings.kept(draft);
    }

    #goes(draft: ChatDraft | null): void {
        this.#unanswered = draft;
        this.#surroundings.onWay(draft);
    }

    /** Of an emptied box nothing is left to be kept. */
    #refused(draft: ChatDraft): void {
        if (draft.text === "") {
            this.#knows(draft);
        }
    }

    #later(ms: number): void {
        this.#cancel = this.#surroundings.after(ms, () => {
            this.#cancel = null;
            void this.#save();
        });
    }

    async #save(): Promise<void> {
        if (this.#isSaving || this.#isSame()) {
            return;
        }
        const draft = this.#surroundings.present();
        this.#isSaving = true;
        this.#goes(draft);
        let again: number | null = GATHER_MS;
        try {
            const referenceId = await this.#surroundings.save(draft);
            if (referenceId !== null) {
                this.#own.add(referenceId);
            }
            this.#knows(draft);
            this.#goes(null);
        } catch (trouble) {
            again = AGAIN_MS;
            if (trouble instanceof Refused) {
                // A chat that is over takes none; the words stay in this browser.
                again = null;
                this.#goes(null);
                this.#refused(draft);
            }
        }
        this.#isSaving = false;
        const told = this.#toldMeanwhile;
        this.#toldMeanwhile = null;
        if (told !== null && !this.#isOver) {
            this.told(told);
        }
        if (again !== null && !this.#isOver && !this.#isSame() && this.#cancel === null) {
            this.#later(again);
        }
    }
}
