// Reasons for being Not ready: states of agents that the contact center has of its own.

import {text} from "../api/fields.ts";
import {nameFault} from "./faults.ts";
import type {Kind} from "./kinds.ts";

export type ReasonForm = {
    /** What is shown of it. */
    name: string;
    /** What is stored, and never changes; of a new one the name, where it is empty. */
    reason: string;
};

export const REASONS: Kind<ReasonForm> = {
    page: "reasons",
    one: "agentState",
    query: "",
    kept: {address: "settings/agent-states", list: "settings"},
    fixed: ["reason"],
    begin: () => ({name: "", reason: ""}),
    read: (it) => ({name: text(it["displayName"]), reason: text(it["reason"])}),
    body: ({name, reason}, changed) => ({
        ...(changed.includes("name") ? {displayName: name} : {}),
        ...(changed.includes("reason") && reason.trim() !== "" ? {reason} : {}),
    }),
    settled: (form) => form,
    fields: Object.keys,
    faults: (form) => nameFault("name", form.name),
};
