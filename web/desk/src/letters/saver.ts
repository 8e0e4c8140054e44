// Brings what is written in a draft to the server soon after the last key, and keeps it in this
// browser at once.
//
// A draft has one saver, whatever forms come and go: a second one could put older text over newer,
// and the older would go to the customer.

import {reactive, shallowRef, type ShallowRef} from "vue";
import {Refused} from "../api/trouble.ts";
import {addressesIn, isAddress} from "../state/letters.ts";
import {together, type Quotation} from "./quotation.ts";
import {isSame, Told, type Known} from "./told.ts";

/** What stands in the fields of a draft. */
export interface Written {
    to: string[];
    cc: string[];
    bcc: string[];
    subject: string;
    /** The letter without what it quotes, once for each of its parts. */
    html: string;
    text: string;
    /** What stands below it, untouched. */
    quotation: Quotation | null;
}

/** The fields with addresses. */
export const RECIPIENTS = ["to", "cc", "bcc"] as const;

export type Recipients = (typeof RECIPIENTS)[number];

export type Saved = {kind: "nothing"} | {kind: "saved"; at: number} | {kind: "failed"};

export interface SaverSurroundings {
    /** Has the server save it. */
    save(email: Record<string, unknown>): Promise<void>;
    /** Reads what the server has; `null` when it is no draft of ours any more. */
    read(): Promise<Written | null>;
    /** Keeps in this browser what the server does not have; `null` is nothing. */
    keep(written: Written | null, known: Known): void;
    /** The server's time. */
    now(): number;
    after(ms: number, run: () => void): () => void;
    /** Nothing is saved from here any more. */
    over(): void;
}

/** How long after the last key it is saved, in ms. */
const REST_MS = 800;
/** How long after a save without an answer it is tried again, in ms. */
const AGAIN_MS = 3_000;

export class LetterSaver {
    readonly written: Written;
    readonly saved: ShallowRef<Saved> = shallowRef({kind: "nothing"});
    /**
     * What was written at another computer while something was written here. Nothing is saved until
     * somebody has chosen between the two.
     */
    readonly other = shallowRef<Written | null>(null);
    /** Forms that show it. */
    forms = 0;
    /**
     * Called when nothing will be saved until something is written: the server has it, or refused
     * it and this browser keeps it.
     */
    rests = (): void => {};
    readonly #surroundings: SaverSurroundings;
    readonly #told: Told;
    /** The recipients as the server has them. */
    #toldRecipients: Pick<Written, Recipients>;
    /** What is typed in the fields with addresses and not finished: only this browser has it. */
    readonly #typed: Record<Recipients, string> = {to: "", cc: "", bcc: ""};
    #isDirty = false;
    /** Whether it is on its way out. */
    #isLeaving = false;
    /** Whether the server may have words that were never told: a link was lost. */
    #isDoubtful = false;
    /** Whether the server has all that is finished. */
    #isSaved = true;
    #isOver = false;
    #isWaiting = false;
    #stop = () => {};
    /** One save after another: an older one must not come last. */
    #last: Promise<void> = Promise.resolve();

    /** `kept` is what this browser has and the server has not, as far as it was known then. */
    constructor(
        told: Written,
        kept: {written: Written; known: Known | null} | null,
        surroundings: SaverSurroundings,
    ) {
        this.written = reactive({...(kept?.written ?? told)});
        this.#surroundings = surroundings;
        this.#told = new Told(kept?.known ?? null);
        this.#toldRecipients = told;
        if (kept !== null) {
            this.touch();
        }
        this.hear(told);
    }

    /** Something was written. */
    touch(): void {
        this.#isDirty = true;
        this.#isSaved = false;
        this.#keep();
        this.#soon(REST_MS);
    }

    /** Somebody types in a field with addresses. */
    typing(field: Recipients, text: string): void {
        this.#typed[field] = text;
        if (!this.#isOver) {
            this.#keep();
        }
    }

    /** The server told what it has, whoever wrote it. */
    hear(told: Written): void {
        this.#toldRecipients = told;
        const origin = this.#told.hear(told);
        const isOwn = this.#isDirty || this.#told.isAwaited;
        if (origin === "here") {
            return;
        }
        if (origin === "before" || (isOwn && isSame(this.written, told))) {
            this.#told.accept();
            this.#settled();
        } else if (isOwn) {
            this.other.value = told;
            this.saved.value = {kind: "failed"};
            // It saves nothing; without a form nobody is asked, and another tab may be.
            void this.flush().catch(() => {});
        } else {
            this.#told.accept();
            Object.assign(this.written, told);
        }
    }

    /** Somebody has chosen between what is written here and at another computer. */
    choose(which: "own" | "other"): void {
        const other = this.other.value;
        if (other !== null) {
            this.#told.accept();
            Object.assign(this.written, which === "own" ? {} : other);
            this.other.value = null;
            this.touch();
        }
    }

    /**
     * Saves now; fails with the server's refusal. Fields with what is no address are left out, so
     * that the rest is saved.
     */
    flush(): Promise<void> {
        this.#cancel();
        const save = this.#last.catch(() => {}).then(() => this.#save());
        this.#last = save;
        const look = (): void => {
            if (this.#last === save && !this.#isWaiting) {
                this.rests();
            }
        };
        save.then(look, look);
        return save;
    }

    /** Returns the letter as it goes out now; until it stays nothing is saved. */
    leave(): Record<string, unknown> {
        this.#cancel();
        const email = emailOf(this.written);
        if (!this.#isLeaving) {
            this.#isLeaving = true;
            this.#told.sending({...this.written, ...this.#recipientsOf(email)});
            this.#keep();
        }
        return email;
    }

    /** What is known of what the server has. */
    get known(): Known {
        return this.#told.known;
    }

    /** It did not go out: it is written on. */
    stay(): void {
        if (this.#isLeaving) {
            this.#isLeaving = false;
            this.#isDoubtful = true;
            this.#told.refused();
            this.touch();
        }
    }

    /** What is kept in this browser stays; nothing is saved from here any more. */
    end(): void {
        if (!this.#isOver) {
            this.#isOver = true;
            this.#cancel();
            this.#surroundings.over();
        }
    }

    /** It is sent or discarded. */
    forget(): void {
        this.#isDirty = false;
        this.#surroundings.keep(null, this.#told.known);
        this.end();
    }

    async #save(): Promise<void> {
        if (this.#isWanted() && this.#isDoubtful) {
            await this.#read();
        }
        if (!this.#isWanted()) {
            return;
        }
        this.#isDirty = false;
        const {save, now} = this.#surroundings;
        const email = emailOf(this.written);
        this.#told.sending({...this.written, ...this.#recipientsOf(email)});
        this.#keep();
        try {
            await save(email);
        } catch (trouble) {
            this.#failed(trouble);
            throw trouble;
        }
        const isAll = RECIPIENTS.every((field) => field in email);
        this.saved.value = isAll ? {kind: "saved", at: now()} : {kind: "failed"};
        if (this.#isOver) {
            return;
        }
        if (!isAll || this.other.value !== null) {
            this.#isDirty = true;
        } else if (!this.#isDirty) {
            this.#isSaved = true;
            this.#keep();
        }
    }

    #isWanted(): boolean {
        const isHeld = this.#isLeaving || this.#isOver || this.other.value !== null;
        return this.#isDirty && !isHeld;
    }

    /** Hears what nobody may have told: older words must not go over it unseen. */
    async #read(): Promise<void> {
        try {
            const told = await this.#surroundings.read();
            this.#isDoubtful = false;
            if (told !== null) {
                this.hear(told);
            }
        } catch (trouble) {
            this.#failed(trouble);
            throw trouble;
        }
    }

    /** Returns those that the server has after it has saved this. */
    #recipientsOf(email: Record<string, unknown>): Pick<Written, Recipients> {
        const has = (field: Recipients): string[] =>
            (field in email ? this.written : this.#toldRecipients)[field];
        return {to: has("to"), cc: has("cc"), bcc: has("bcc")};
    }

    /** Keeps what the server does not have; what is not finished, as it stands. */
    #keep(): void {
        const isFinished = RECIPIENTS.every((field) => this.#typed[field].trim() === "");
        const recipients = RECIPIENTS.map((field) => {
            const all = [...this.written[field], ...addressesIn(this.#typed[field])];
            return [field, [...new Set(all)]];
        });
        const kept = {...this.written, ...Object.fromEntries(recipients)};
        this.#surroundings.keep(this.#isSaved && isFinished ? null : kept, this.#told.known);
    }

    /** There is nothing to choose any more. */
    #settled(): void {
        if (this.other.value !== null) {
            this.other.value = null;
            this.touch();
        }
    }

    #failed(trouble: unknown): void {
        this.saved.value = {kind: "failed"};
        if (trouble instanceof Refused) {
            this.#told.refused();
        } else {
            this.#isDoubtful = true;
        }
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
        this.#isWaiting = true;
        this.#stop = this.#surroundings.after(ms, () => {
            void this.flush().catch(() => {});
        });
    }

    #cancel(): void {
        this.#isWaiting = false;
        this.#stop();
    }
}

/** The savers of a desk, by draft. */
export class LetterSavers {
    readonly #savers = new Map<string, LetterSaver>();

    /** Returns the draft's saver for a form that shows it. */
    open(id: string, make: () => LetterSaver): LetterSaver {
        const saver = this.#savers.get(id) ?? make();
        this.#savers.set(id, saver);
        saver.rests = () => {
            if (saver.forms === 0) {
                this.abandon(id, saver);
            }
        };
        saver.forms += 1;
        return saver;
    }

    /** A form is gone. After the last one the saver goes, too, as soon as it rests. */
    async release(saver: LetterSaver): Promise<void> {
        saver.forms -= 1;
        await saver.flush().catch(() => {});
    }

    /** Another tab writes this draft from now on, or nobody. What is kept here stays kept. */
    abandon(id: string, saver: LetterSaver): void {
        saver.end();
        this.#remove(id, saver);
    }

    /** A draft is sent or discarded; should it come back, it is read anew. */
    forget(id: string, saver: LetterSaver): void {
        saver.forget();
        this.#remove(id, saver);
    }

    #remove(id: string, saver: LetterSaver): void {
        if (this.#savers.get(id) === saver) {
            this.#savers.delete(id);
        }
    }
}

/** Returns the letter as the server takes it; a field with what is no address is not in it. */
export function emailOf(written: Written): Record<string, unknown> {
    const {subject, html, text, quotation} = written;
    const whole = RECIPIENTS.filter((field) => written[field].every(isAddress));
    return {
        ...Object.fromEntries(whole.map((field) => [field, [...written[field]]])),
        subject,
        ...together(html, text, quotation),
    };
}
