// One thing as it is worked on: what was read of it, what is typed, and how that is saved.

import {computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef} from "vue";
import {Refused, SignedOut, Unanswered} from "../api/trouble.ts";
import type {Center, Thing} from "./center.ts";
import {refusedFault, type Fault} from "./faults.ts";
import {copyOf, differing, withTheirs, type Form} from "./form.ts";
import type {Kind} from "./kinds.ts";

export type Outcome =
    | {kind: "saved"}
    | {kind: "made"; id: string}
    /** Nothing was saved: `faults` says why, or `theirs`. */
    | {kind: "not"};

export class Editing<F extends Form> {
    readonly form: Ref<F>;
    /** What the form stands on; `null` before it is read, and of what is not there yet. */
    readonly base: ShallowRef<Thing<F> | null> = shallowRef(null);
    /** How it is now, where somebody else was faster. */
    readonly theirs: ShallowRef<Thing<F> | null> = shallowRef(null);
    readonly faults: ShallowRef<Fault[]> = shallowRef([]);
    /** Why it could not be read, in the server's words where it said any. */
    readonly unread: Ref<string | null> = ref(null);
    readonly isBusy = ref(false);
    /** The fields that are not as they were read. */
    readonly changed: ComputedRef<string[]>;
    readonly #kind: Kind<F>;
    readonly #center: Center;
    readonly #id: string | null;
    /** It is made or removed: nothing is left to save. */
    readonly #isDone = ref(false);

    /** `id` is `null` for something new. */
    constructor(kind: Kind<F>, center: Center, id: string | null) {
        this.#kind = kind;
        this.#center = center;
        this.#id = id;
        this.form = ref(kind.begin()) as Ref<F>;
        this.changed = computed(() => (this.#isDone.value || !this.isReady
            ? []
            : differing(this.form.value, this.#begun)));
    }

    get isNew(): boolean {
        return this.#id === null;
    }

    /** Whether there is something to be typed into. */
    get isReady(): boolean {
        return this.isNew || this.base.value !== null;
    }

    get #begun(): F {
        return this.base.value?.form ?? this.#kind.begin();
    }

    async read(): Promise<void> {
        if (this.#id === null) {
            return;
        }
        try {
            this.#stand(await this.#center.read(this.#kind, this.#id));
            this.unread.value = null;
        } catch (trouble) {
            this.unread.value = trouble instanceof Refused ? trouble.sentence : "";
        }
    }

    /** Reads what something else than the form has changed; what others changed shows on saving. */
    async refresh(): Promise<void> {
        const base = this.base.value;
        const now = base === null
            ? null
            : await this.#center.read(this.#kind, base.id).catch(() => null);
        if (base !== null && now !== null && differing(now.form, base.form).length === 0) {
            this.base.value = now;
        }
    }

    /** Saves; over what somebody else changed once that was shown. */
    async save(): Promise<Outcome> {
        if (this.isBusy.value) {
            return {kind: "not"};
        }
        this.faults.value = this.#kind.faults(this.form.value);
        if (this.faults.value.length > 0) {
            return {kind: "not"};
        }
        this.isBusy.value = true;
        try {
            return await this.#send(copyOf(this.form.value));
        } catch (trouble) {
            this.faults.value = [this.#faultOf(trouble)];
            return {kind: "not"};
        } finally {
            this.isBusy.value = false;
        }
    }

    #faultOf(trouble: unknown): Fault {
        if (trouble instanceof Refused) {
            return refusedFault(trouble.sentence, Object.keys(this.form.value));
        }
        if (trouble instanceof Unanswered || trouble instanceof SignedOut) {
            return {at: null, says: (t) => t.noAnswer};
        }
        throw trouble;
    }

    async #send(sent: F): Promise<Outcome> {
        const base = this.base.value;
        if (base === null) {
            const id = await this.#center.add(this.#kind, sent);
            this.#isDone.value = true;
            return {kind: "made", id};
        }
        const stands = this.theirs.value ?? base;
        const saved = await this.#center.save(this.#kind, base, sent, stands);
        if (saved.kind === "overtaken") {
            this.theirs.value = saved.now;
            return {kind: "not"};
        }
        // What was typed meanwhile is still to be saved.
        this.form.value = withTheirs(this.form.value, sent, saved.thing.form);
        this.base.value = saved.thing;
        this.theirs.value = null;
        return {kind: "saved"};
    }

    /** Begins anew with how it is, or with nothing. */
    undo(): void {
        this.#stand(this.theirs.value ?? this.base.value);
    }

    async remove(workTo: string[]): Promise<void> {
        if (this.#id !== null) {
            await this.#center.remove(this.#kind, this.#id, workTo);
            this.#isDone.value = true;
        }
    }

    #stand(thing: Thing<F> | null): void {
        this.base.value = thing;
        this.theirs.value = null;
        this.faults.value = [];
        this.form.value = copyOf(this.#begun);
    }
}
