// One thing as it is worked on: what was read of it, what is typed, and how that is saved.

import {computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef} from "vue";
import {PASSWORD_DEMANDED, Refused, SignedOut, Unanswered} from "../api/trouble.ts";
import type {Center, Made, Thing} from "./center.ts";
import {fieldOf, refusedFault, type Fault} from "./faults.ts";
import {copyOf, differing, withTheirs, type Form} from "./form.ts";
import type {Kind} from "./kinds.ts";

export type Outcome =
    | {kind: "saved"}
    | ({kind: "made"} & Made)
    /** Nothing was saved: `faults` says why, or `theirs`. */
    | {kind: "not"};

/** How long it is waited when the server does not say how long, in ms. */
const RETRY_MS = 5_000;

export class Editing<F extends Form> {
    readonly form: Ref<F>;
    /** What the form stands on; `null` before it is read, and of what is not there yet. */
    readonly base: ShallowRef<Thing<F> | null> = shallowRef(null);
    /** How it is now, where somebody else was faster. */
    readonly theirs: ShallowRef<Thing<F> | null> = shallowRef(null);
    /** What was wrong when it was to be saved, of the fields that it still has. */
    readonly faults: ComputedRef<Fault[]>;
    /** Why it could not be read, in the server's words where it said any. */
    readonly unread: Ref<string | null> = ref(null);
    readonly isBusy = ref(false);
    /** Whether nobody knows if what was sent is saved. */
    readonly isUnknown: ComputedRef<boolean>;
    /** The fields that are not as they were read. */
    readonly changed: ComputedRef<string[]>;
    readonly #found: ShallowRef<Fault[]> = shallowRef([]);
    readonly #kind: Kind<F>;
    readonly #center: Center;
    readonly #id: string | null;
    /** What was sent and not answered: how it is now if that was saved. */
    readonly #unanswered: ShallowRef<F[]> = shallowRef([]);
    /** What came with what was made, and is shown to nobody again. */
    #secret = "";
    /** It is made or removed: nothing is left to save. */
    readonly #isDone = ref(false);

    /** `id` is `null` for something new. */
    constructor(kind: Kind<F>, center: Center, id: string | null) {
        this.#kind = kind;
        this.#center = center;
        this.#id = id;
        this.form = ref(kind.begin()) as Ref<F>;
        this.faults = computed(() => {
            const fields = kind.fields(this.form.value);
            return this.#found.value.filter(({at}) => at === null || fields.includes(fieldOf(at)));
        });
        this.isUnknown = computed(() => this.#unanswered.value.length > 0);
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

    /** Returns how much is not saved, with what is wrong beside the form. */
    unsavedWith(beside: Fault[]): number {
        return this.changed.value.length + (this.#isDone.value ? 0 : beside.length);
    }

    async read(): Promise<void> {
        if (this.#id === null) {
            return;
        }
        try {
            const thing = await this.#center.read(this.#kind, this.#id);
            // Asked twice, it may be typed into already.
            if (this.base.value === null) {
                this.#stand(thing);
            }
            this.unread.value = null;
        } catch (trouble) {
            if (this.base.value === null) {
                this.unread.value = trouble instanceof Refused ? trouble.sentence : "";
            }
        }
    }

    /** Reads what something else than the form has changed; what others changed shows on saving. */
    async refresh(): Promise<void> {
        const base = this.base.value;
        const now = base === null
            ? null
            : await this.#center.read(this.#kind, base.id).catch(() => null);
        // It may be saved meanwhile.
        const isStill = base !== null && this.base.value === base;
        if (isStill && now !== null && differing(now.form, base.form).length === 0) {
            this.base.value = now;
        }
    }

    /**
     * Saves; over what somebody else changed once that was shown. What has no answer is asked for
     * again: it is one's own change, whatever is typed meanwhile. `beside` is what is wrong beside
     * the form.
     */
    async save(beside: Fault[] = []): Promise<Outcome> {
        if (this.isBusy.value) {
            return {kind: "not"};
        }
        const wrong = this.#kind.faults(this.#whole(), this.base.value === null);
        this.#found.value = [...wrong.filter((fault) => this.#sends(fault)), ...beside];
        if (this.#found.value.length > 0) {
            return {kind: "not"};
        }
        this.isBusy.value = true;
        try {
            return await this.#send(copyOf(this.form.value));
        } catch (trouble) {
            this.#found.value = [this.#faultOf(trouble)];
            return {kind: "not"};
        } finally {
            this.isBusy.value = false;
        }
    }

    /** Returns what there is once it is saved: also what is sent whole has theirs. */
    #whole(): F {
        const [form, base] = [this.form.value, this.base.value];
        return base === null
            ? form
            : withTheirs(form, base.form, (this.theirs.value ?? base).form);
    }

    /** Whether what is wrong is sent: what a thing has already may be as it is. */
    #sends({at, with: others = []}: Fault): boolean {
        const isThere = this.base.value !== null;
        return !isThere || at === null
            || [fieldOf(at), ...others].some((field) => this.changed.value.includes(field));
    }

    #faultOf(trouble: unknown): Fault {
        if (trouble instanceof Refused) {
            return refusedFault(trouble.sentence, this.#kind.fields(this.form.value));
        }
        if (isTurnedAway(trouble)) {
            const {sentence, retryAfterMs} = trouble;
            const waitS = Math.ceil((retryAfterMs || RETRY_MS) / 1000);
            return {at: null, says: (t) => sentence || t.busy(waitS)};
        }
        if (trouble instanceof Unanswered || trouble instanceof SignedOut) {
            return {at: null, says: (t) => t.noAnswer};
        }
        throw trouble;
    }

    async #send(typed: F): Promise<Outcome> {
        if (this.base.value !== null) {
            return this.#change(this.base.value, typed);
        }
        const {made, sent} = await this.#add(typed);
        this.base.value = made;
        this.#unanswered.value = [];
        // What the server filled in is no change.
        const asMade = (form: F): F => this.#asMade(withTheirs(form, sent, made.form), made.form);
        const rest = asMade(typed);
        this.form.value = asMade(this.form.value);
        return differing(rest, made.form).length === 0
            ? this.#saved(made)
            : this.#change(made, rest);
    }

    /** Takes what never changes from what was made. */
    #asMade(form: F, made: F): F {
        const fixed = this.#kind.fixed.map((field) => [field, made[field]]);
        return {...form, ...Object.fromEntries(fixed)};
    }

    /** Makes it; what was sent before comes first, for that may be made already. */
    async #add(typed: F): Promise<{made: Thing<F>; sent: F}> {
        const [before = typed] = this.#unanswered.value;
        const isLast = differing(typed, before).length === 0;
        try {
            const {id, secret} =
                await this.#try(before, () => this.#center.add(this.#kind, before));
            this.#secret = secret;
            const made = {id, version: 0, form: before};
            const now = isLast ? made : await this.#center.read(this.#kind, id).catch(() => made);
            return {made: now, sent: before};
        } catch (trouble) {
            if (isLast || !(trouble instanceof Refused)) {
                throw trouble;
            }
            return this.#add(typed);
        }
    }

    async #change(base: Thing<F>, typed: F): Promise<Outcome> {
        const stands = this.theirs.value ?? base;
        const whole = withTheirs(typed, base.form, stands.form);
        const saved = await this.#try(whole, () =>
            this.#center.save(this.#kind, base, typed, stands));
        if (saved.kind === "saved") {
            // What was typed meanwhile is still to be saved.
            this.form.value = withTheirs(this.form.value, typed, saved.thing.form);
            return this.#saved(saved.thing);
        }
        const {now} = saved;
        const isOwn = this.#unanswered.value.some((one) => this.#isSame(one, now.form));
        this.#unanswered.value = [];
        if (!isOwn) {
            this.theirs.value = now;
            return {kind: "not"};
        }
        this.form.value = withTheirs(this.form.value, base.form, stands.form);
        this.base.value = now;
        this.theirs.value = null;
        return differing(whole, now.form).length === 0
            ? this.#saved(now)
            : this.#change(now, whole);
    }

    /** Whether two are the same to the server, which writes some things in one way alone. */
    #isSame(one: F, other: F): boolean {
        return differing(this.#kind.settled(one), this.#kind.settled(other)).length === 0;
    }

    #saved(thing: Thing<F>): Outcome {
        this.base.value = thing;
        this.theirs.value = null;
        this.#unanswered.value = [];
        this.#isDone.value = this.isNew;
        return this.isNew ? {kind: "made", id: thing.id, secret: this.#secret} : {kind: "saved"};
    }

    /** Sends something; `whole` is how it is then. */
    async #try<T>(whole: F, send: () => Promise<T>): Promise<T> {
        const others = this.#unanswered.value.filter((one) => differing(one, whole).length > 0);
        try {
            return await send();
        } catch (trouble) {
            if (trouble instanceof Refused) {
                // The demand for another password says nothing of what was sent before.
                this.#unanswered.value =
                    trouble.code === PASSWORD_DEMANDED ? this.#unanswered.value : others;
            } else if (!isTurnedAway(trouble)) {
                this.#unanswered.value = [...others, whole];
            }
            throw trouble;
        }
    }

    /** Begins anew with how it is, or with nothing. */
    undo(): void {
        this.#stand(this.theirs.value ?? this.base.value);
    }

    async remove(workTo: string[]): Promise<void> {
        const id = this.base.value?.id ?? this.#id;
        if (id !== null) {
            await this.#center.remove(this.#kind, id, workTo);
            this.#isDone.value = true;
        }
    }

    #stand(thing: Thing<F> | null): void {
        this.base.value = thing;
        this.theirs.value = null;
        this.#found.value = [];
        this.form.value = copyOf(this.#begun);
    }
}

/** Whether it was turned away before anything was done. */
function isTurnedAway(trouble: unknown): trouble is Unanswered {
    return trouble instanceof Unanswered && trouble.why === "busy";
}
