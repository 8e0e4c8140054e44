// How what a form has is shown where nobody types: in the tables, and beside what somebody else has.

import type {AdminTexts} from "../texts/admin.ts";
import type {Texts} from "../texts/index.ts";
import type {Levels, Step, Value} from "./form.ts";
import {EACH_AGENT, type UserForm, type WorkbinForm} from "./kinds.ts";

export interface Words {
    /** Of these pages. */
    own: AdminTexts;
    common: Texts["common"];
}

export function roleName(role: string, {own}: Words): string {
    const names: Record<string, string> = {
        ROLE_AGENT: own.roleAgent,
        ROLE_SUPERVISOR: own.roleSupervisor,
        ROLE_ADMIN: own.roleAdmin,
        ROLE_APIUSER: own.roleProgram,
    };
    return nameIn(names, role);
}

export function channelName(channel: string, {own, common}: Words): string {
    const names: Record<string, string> = {
        chat: common.chats,
        email: common.emails,
        workitem: common.workitems,
        overall: own.overall,
    };
    return nameIn(names, channel);
}

/** Returns the name of something; what has none here is called as it is. */
function nameIn(names: Record<string, string>, one: string): string {
    return Object.hasOwn(names, one) ? (names[one] ?? one) : one;
}

export function ownerName({type, group}: Pick<WorkbinForm, "type" | "group">, words: Words): string {
    return type === EACH_AGENT ? words.own.ofEach : group;
}

export function stateName({enabled}: Pick<UserForm, "enabled">, {own}: Words): string {
    return enabled ? "" : own.disabled;
}

/** Returns the value of a field in a line of words. */
export function shownValue(field: string, value: Value | undefined, words: Words): string {
    const text = inWords(field, value, words);
    return text === "" ? words.own.nothing : text;
}

function inWords(field: string, value: Value | undefined, words: Words): string {
    if (typeof value === "boolean") {
        return value ? words.own.enabled : words.own.disabled;
    }
    if (typeof value === "string") {
        return field === "channel" ? channelName(value, words) : value;
    }
    if (!Array.isArray(value)) {
        return levelsInWords(value ?? {}, (name) =>
            (field === "capacity" ? channelName(name, words) : name));
    }
    const isSteps = value.some((one) => typeof one === "object");
    return isSteps
        ? (value as Step[]).map((step) => stepInWords(step)).join("; ")
        : (value as string[]).map((one) =>
            (field === "roles" ? roleName(one, words) : one)).join(", ");
}

function stepInWords({after, groups, skills}: Step): string {
    const asked = [...groups, levelsInWords(skills, (name) => name)].filter((one) => one !== "");
    return `${after} s: ${asked.join(", ")}`;
}

function levelsInWords(levels: Levels, nameOf: (name: string) => string): string {
    return Object.entries(levels)
        .filter(([, level]) => level.trim() !== "")
        .map(([name, level]) => `${nameOf(name)} ${level}`)
        .join(", ");
}
