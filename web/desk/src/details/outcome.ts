// What came of an interaction: one of the contact center's outcomes, or what is typed.

import {computed, ref, watch, type ComputedRef, type Ref} from "vue";
import {fields, list, text} from "../api/fields.ts";
import type {Interaction} from "../api/interaction.ts";
import {useDesk} from "../app/context.ts";
import {useDeed} from "./doing.ts";
import {useRead} from "./reading.ts";

export interface Outcome {
    /** The outcomes that the contact center knows, by their names. */
    known: ComputedRef<string[]>;
    maySet: ComputedRef<boolean>;
    /** What is set, in the words of the contact center; empty when nothing is. */
    now: ComputedRef<string>;
    typed: Ref<string>;
    refusal: Ref<string>;
    /** Sets what is typed; returns whether it is set. */
    set(): Promise<boolean>;
}

/** How long the desk is waited for to be told what was set, in ms. */
const TOLD_MS = 2_000;

export function useOutcome(interaction: () => Interaction): Outcome {
    const {desk, state} = useDesk();
    const {refusal, run} = useDeed();
    const typed = ref("");
    const outcomes = useRead(() => "", async (api) => {
        const [known, settings] = await Promise.all([
            api.get("settings/dispositions"), api.get("settings/interaction-workspace"),
        ]);
        const key = list(settings["settings"]).map(fields)
            .find(({name}) => name === "interaction.disposition.key-name");
        return {
            key: text(key?.["value"]),
            known: list(known["settings"]).map(fields).map((one) => ({
                key: text(one["key"]),
                name: text(one["displayName"]) || text(one["key"]),
            })),
        };
    });
    const known = computed(() => outcomes.value.value?.known ?? []);
    const now = computed(() => {
        const value = interaction().userData[outcomes.value.value?.key ?? ""];
        const key = typeof value === "string" ? value : "";
        return known.value.find((one) => one.key === key)?.name ?? key;
    });
    watch(now, () => {
        typed.value = now.value;
    }, {immediate: true});
    let setting: Promise<boolean> | null = null;
    async function put(words: string): Promise<boolean> {
        const disposition = known.value.find(({name}) => name === words)?.key ?? words;
        const isSet = await run(() =>
            desk.operate(interaction().id, "SetDisposition", {disposition}));
        if (isSet) {
            // What is done next goes by what the desk knows.
            await becomes(now, words, TOLD_MS);
        }
        return isSet;
    }

    return {
        known: computed(() => known.value.map(({name}) => name)),
        maySet: computed(() => {
            const {id, operations} = interaction();
            return id in state.value.work && operations.includes("SetDisposition");
        }),
        now,
        typed,
        refusal,
        async set() {
            const words = typed.value.trim();
            if (setting === null && words === now.value) {
                return true;
            }
            setting ??= put(words).finally(() => {
                setting = null;
            });
            return setting;
        },
    };
}

/** Resolves once something has a value, or when it has taken too long. */
function becomes(of: Readonly<Ref<string>>, value: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
        const timer = setTimeout(() => end(), ms);
        const stop = watch(of, () => of.value === value && end(), {flush: "sync"});
        const end = (): void => {
            clearTimeout(timer);
            stop();
            resolve();
        };
        if (of.value === value) {
            end();
        }
    });
}
