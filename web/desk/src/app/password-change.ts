// A change of one's own password: what is typed, and what came of it. Two forms have it, one of
// which knows the present one.

import {
    computed, onUnmounted, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef,
} from "vue";
import {useTexts, useTextsOf} from "../texts/in-vue.ts";
import {password} from "../texts/parts/password.ts";
import {secondsLeft} from "../texts/times.ts";
import type {PasswordField, PasswordOutcome} from "./session.ts";

export interface PasswordChange {
    present: Ref<string>;
    next: Ref<string>;
    outcome: Readonly<ShallowRef<PasswordOutcome | null>>;
    /** Why it cannot be pressed now; `null` when it can. */
    why: ComputedRef<string | null>;
    /** Why it was not done, where that is about no field; empty until then. */
    trouble: ComputedRef<string>;
    /** What is to be put right in a field. */
    at(field: PasswordField): string | null;
    /** Changes it; returns what came of it, `null` when it could not be pressed. */
    submit(): Promise<PasswordOutcome | null>;
}

/** How long it is waited when the server does not say how long, in ms. */
const RETRY_MS = 5_000;
/** How often the seconds that are left are counted anew, in ms. */
const TICK_MS = 250;

export function usePasswordChange(
    change: (present: string, next: string) => Promise<PasswordOutcome>,
    needsPresent: () => boolean,
): PasswordChange {
    const t = useTexts();
    const words = useTextsOf(password);
    const present = ref("");
    const next = ref("");
    const isUnderWay = ref(false);
    const outcome = shallowRef<PasswordOutcome | null>(null);
    const now = ref(performance.now());
    const until = ref(0);
    const ticking = setInterval(() => {
        now.value = performance.now();
    }, TICK_MS);
    onUnmounted(() => clearInterval(ticking));

    const isHeldUp = computed(() => outcome.value?.kind === "busy" && now.value < until.value);
    const heldUp = computed(() =>
        (isHeldUp.value ? t.value.signIn.tooMany(secondsLeft(until.value - now.value)) : null));
    const why = computed(() => {
        if (isUnderWay.value) {
            return words.value.changing;
        }
        if (heldUp.value !== null) {
            return heldUp.value;
        }
        if (needsPresent()) {
            return present.value === "" || next.value === "" ? words.value.missing : null;
        }
        return next.value === "" ? words.value.missingNext : null;
    });
    const trouble = computed(() => {
        const it = outcome.value;
        if (it?.kind === "unanswered") {
            return words.value.unanswered;
        }
        return it?.kind === "refused" && it.field === null ? it.sentence : "";
    });
    return {
        present,
        next,
        outcome,
        why,
        trouble,
        at(field) {
            const it = outcome.value;
            if (it?.kind === "refused" && it.field === field) {
                return it.sentence;
            }
            const isHere = field === (needsPresent() ? "present" : "next");
            return isHere ? heldUp.value : null;
        },
        async submit() {
            if (why.value !== null) {
                return null;
            }
            isUnderWay.value = true;
            outcome.value = null;
            const found = await change(present.value, next.value);
            isUnderWay.value = false;
            until.value = performance.now()
                + (found.kind === "busy" ? found.retryAfterMs || RETRY_MS : 0);
            outcome.value = found;
            return found;
        },
    };
}
