// Brings what is written in a draft to the server soon after the last key, and keeps it in this
// browser at once.
//
// A draft has one saver, whatever forms come and go: a second one could put older text over newer,
// and the older would go to the customer.

import {reactive, shallowRef, type ShallowRef} from "vue";
import {Refused} from "../api/trouble.ts";
import {addressesIn, isAddress} from "../state/letters.ts";

/** What stands in the fields of a draft. */
export interface Written {
    to: string;
    cc: string;
    subject: string;
    text: string;
}

export type Saved = {kind: "nothing"} | {kind: "saved"; at: number} | {kind: "failed"};

export interface SaverSurroundings {
    /** Has the server save it. */
    save(email: Record<string, unknown>): Promise<void>;
    /** Keeps in this browser what the server does not have; `null` is nothing. */
    keep(written: Written | null): void;
    /** The server's time. */
    now(): number;
    after(ms: number, run: () => void): () => void;
}

/** How long after the last key it is saved, in ms. */
const REST_MS = 800;
/** How long after a save without an answer it is tried again, in ms. */
const AGAIN_MS = 3_000;

export class LetterSaver {
    readonly written: Written;
    readonly saved: ShallowRef<Saved> = shallowRef({kind: "nothing"});
    /** Forms that show it. */
    forms = 0;
    readonly #surroundings: SaverSurroundings;
    #isDirty = false;
    #isOver = false;
    #cancel = () => {};
    /** One save after another: an older one must not come last. */
    #last: Promise<void> = Promise.resolve();

    constructor(written: Written, surroundings: SaverSurroundings) {
        this.written = reactive({...written});
        this.#surroundings = surroundings;
    }

    /** Whether there is nothing that only this browser has. */
    get isClean(): boolean {
        return !this.#isDirty;
    }

    /** Something was written. */
    touch(): void {
        this.#isDirty = true;
        this.#surroundings.keep({...this.written});
        this.#soon(REST_MS);
    }

    /**
     * Saves now; fails with the server's refusal. While somebody writes an address it is left out,
     * so that the rest is saved.
     */
    flush(what: "all" | "whole"): Promise<void> {
        this.#cancel();
        this.#last = this.#last.catch(() => {}).then(() => this.#save(what));
        return this.#last;
    }

    /** It is sent or discarded. */
    forget(): void {
        this.#isOver = true;
        this.#isDirty = false;
        this.#cancel();
        this.#surroundings.keep(null);
    }

    async #save(what: "all" | "whole"): Promise<void> {
        if (!this.#isDirty || this.#isOver) {
            return;
        }
        this.#isDirty = false;
        const {save, keep, now} = this.#surroundings;
        const email = emailOf(this.written, what);
        try {
            await save(email);
        } catch (trouble) {
            this.#failed(trouble);
            throw trouble;
        }
        const isAll = "to" in email && "cc" in email;
        this.saved.value = isAll ? {kind: "saved", at: now()} : {kind: "failed"};
        if (this.#isOver) {
            return;
        }
        if (!isAll) {
            this.#isDirty = true;
        } else if (!this.#isDirty) {
            keep(null);
        }
    }

    #failed(trouble: unknown): void {
        this.saved.value = {kind: "failed"};
        if (this.#isOver) {
            return;
        }
        const isTouched = this.#isDirty;
        this.#isDirty = true;
        // Whoever was refused is refused again until something else is written.
        if (!(trouble instanceof Refused)) {
            this.#soon(AGAIN_MS);
        } else if (isTouched) {
            this.#soon(REST_MS);
        }
    }

    #soon(ms: number): void {
        this.#cancel();
        this.#cancel = this.#surroundings.after(ms, () => {
            void this.flush("whole").catch(() => {});
        });
    }
}

/** The savers of a desk, by draft. */
export class LetterSavers {
    readonly #savers = new Map<string, LetterSaver>();

    /** Returns the draft's saver for a form that shows it. */
    open(id: string, make: () => LetterSaver): LetterSaver {
        const saver = this.#savers.get(id) ?? make();
        this.#savers.set(id, saver);
        saver.forms += 1;
        return saver;
    }

    /** A form is gone. The saver goes, too, once the server has everything. */
    async release(id: string, saver: LetterSaver): Promise<void> {
        saver.forms -= 1;
        await saver.flush("whole").catch(() => {});
        if (saver.forms === 0 && saver.isClean && this.#savers.get(id) === saver) {
            this.#savers.delete(id);
        }
    }

    /** A draft is sent or discarded; should it come back, it is read anew. */
    forget(id: string, saver: LetterSaver): void {
        saver.forget();
        if (this.#savers.get(id) === saver) {
            this.#savers.delete(id);
        }
    }
}

function emailOf({to, cc, subject, text}: Written, what: "all" | "whole") {
    const all = {to: addressesIn(to), cc: addressesIn(cc)};
    const isIn = (addresses: string[]): boolean => what === "all" || addresses.every(isAddress);
    return {
        ...(isIn(all.to) ? {to: all.to} : {}),
        ...(isIn(all.cc) ? {cc: all.cc} : {}),
        subject,
        bodyAsPlainText: text,
    };
}
