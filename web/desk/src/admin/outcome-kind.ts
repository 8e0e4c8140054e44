// Outcomes: how work can end.

import {text, texts} from "../api/fields.ts";
import {nameFault} from "./faults.ts";
import type {Kind} from "./kinds.ts";
import {pick} from "./typed.ts";

export type OutcomeForm = {
    /** What is shown of it. */
    name: string;
    /** What is stored, and never changes; of a new one the name, where it is empty. */
    key: string;
    /** Whose work can end so; none is all. */
    channels: string[];
    noteRequired: boolean;
};

export const OUTCOMES: Kind<OutcomeForm> = {
    page: "outcomes",
    one: "disposition",
    query: "",
    kept: {address: "settings/dispositions", list: "settings"},
    fixed: ["key"],
    begin: () => ({name: "", key: "", channels: [], noteRequired: false}),
    read: (it) => ({
        name: text(it["displayName"]),
        key: text(it["key"]),
        channels: texts(it["channels"]),
        noteRequired: it["noteRequired"] === true,
    }),
    body: (form, changed) => ({
        ...pick(changed.filter((one) => one === "channels" || one === "noteRequired"), form),
        ...(changed.includes("name") ? {displayName: form.name} : {}),
        ...(changed.includes("key") && form.key.trim() !== "" ? {key: form.key} : {}),
    }),
    settled: (form) => form,
    fields: Object.keys,
    faults: (form) => nameFault("name", form.name),
};
