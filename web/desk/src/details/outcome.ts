// What came of an interaction: one of the contact center's outcomes, or what is typed.

import {computed, ref, watch, type ComputedRef, type Ref} from "vue";
import {fields, list, text} from "../api/fields.ts";
import type {Interaction} from "../api/interaction.ts";
import {useContext, useDesk} from "../app/context.ts";
import {useTexts} from "../texts/in-vue.ts";
import {useDeed} from "./doing.ts";
import {offeredOf, readAsked, readOutcomes} from "./offered.ts";
import {useRead} from "./reading.ts";
import {want} from "./wanted.ts";

export interface Outcome {
    /** The outcomes that its queue offers, by their names. */
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
    const {announcer} = useContext();
    const {desk, state} = useDesk();
    const t = useTexts();
    const {refusal, run} = useDeed();
    const typed = ref("");
    const outcomes = useRead(() => interaction().currentQueue ?? "", async (api) => {
        const {channel, currentQueue} = interaction();
        const [known, settings, asked] = await Promise.all([
            api.get("settings/dispositions"), api.get("settings/interaction-workspace"),
            readAsked(api, currentQueue),
        ]);
        const all = readOutcomes(known);
        const key = list(settings["settings"]).map(fields)
            .find(({name}) => name === "interaction.disposition.key-name");
        return {
            key: text(key?.["value"]),
            all,
            offered: offeredOf(all, channel, asked),
        };
    });
    const all = computed(() => outcomes.value.value?.all ?? []);
    const offered = computed(() => outcomes.value.value?.offered ?? []);
    const now = computed(() => {
        const value = interaction().userData[outcomes.value.value?.key ?? ""];
        const key = typeof value === "string" ? value : "";
        return all.value.find((one) => one.key === key)?.name ?? key;
    });
    watch(now, () => {
        typed.value = now.value;
    }, {immediate: true});
    let setting: Promise<boolean> | null = null;
    async function put(words: string): Promise<boolean> {
        const chosen = offered.value.find(({name}) => name === words);
        const disposition = chosen?.key ?? words;
        const isSet = await run(() =>
            desk.operate(interaction().id, "SetDisposition", {disposition}));
        if (isSet) {
            // What is done next goes by what the desk knows.
            await becomes(now, words, TOLD_MS);
        }
        if (isSet && chosen?.asksForNote === true && !interaction().comment) {
            refusal.value = t.value.details.noteNeeded;
            announcer.say("now", {text: refusal.value});
            want("notes");
            return false;
        }
        return isSet;
    }

    return {
        known: computed(() => offered.value.map(({name}) => name)),
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
