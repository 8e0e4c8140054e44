// How what a form has is shown where nobody types: in the tables, and beside what somebody else has.

import type {AdminTexts} from "../texts/admin.ts";
import type {Texts} from "../texts/index.ts";
import type {Thing} from "./center.ts";
import type {Levels, Step, Value} from "./form.ts";
import {
    EACH_AGENT, type QueueForm, type UserForm, type WorkbinForm,
} from "./kinds.ts";

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

export function serviceTypeName(type: string, {own, common}: Words): string {
    const names: Record<string, string> = {
        chat: common.chats, email: common.emails, openmedia: own.openMedia,
    };
    return nameIn(names, type);
}

/** Returns what a node does for all, in words; what a newer server names is called as there. */
export function dutyName(duty: string, own: AdminTexts): string {
    const names: Record<string, string> = {
        "routing": own.dutyRouting,
        "timers": own.dutyTimers,
        "followers": own.dutyFollowers,
        "outbox": own.dutyOutbox,
        "dead nodes": own.dutyDeadNodes,
        "sweep": own.dutySweep,
        "files": own.dutyFiles,
    };
    return nameIn(names, duty);
}

export function directionName(direction: string, {own}: Words): string {
    const names: Record<string, string> = {
        Inbound: own.inbound, Outbound: own.outbound, Internal: own.internal,
    };
    return nameIn(names, direction);
}

/** Returns what was done, as the list of changes says it. */
export function actionName(action: string, {own}: Words): string {
    const names: Record<string, string> = {
        Added: own.added,
        Changed: own.changed,
        Removed: own.removedWord,
        PasswordRight: own.passwordRight,
        PasswordWrong: own.passwordWrong,
        Throttled: own.throttled,
        SessionBegan: own.sessionBegan,
        SessionEnded: own.sessionEnded,
        TokenMade: own.tokenMade,
        TokenRemoved: own.tokenRemoved,
        CodeWrong: own.codeWrong,
        RecoveryCodeUsed: own.recoveryCodeUsed,
        ProviderRight: own.providerRight,
    };
    return nameIn(names, action);
}

/** Returns what kind of thing something was done to. */
export function kindName(kind: string, {own}: Words): string {
    const names: Record<string, string> = {
        center: own.kindCenter,
        user: own.kindUser,
        skill: own.kindSkill,
        group: own.kindGroup,
        queue: own.kindQueue,
        workbin: own.kindWorkbin,
        service: own.kindService,
        mailbox: own.kindMailbox,
        webhook: own.kindWebhook,
    };
    return nameIn(names, kind);
}

export function webhookStateName(state: string, {own}: Words): string {
    const names: Record<string, string> = {
        Active: own.stateActive, Failing: own.stateFailing, Disabled: own.untold,
    };
    return nameIn(names, state);
}

/** Returns what became of something that was sent to another system. */
export function outcomeName(outcome: string, {own}: Words): string {
    const names: Record<string, string> = {
        Delivered: own.delivered, Failed: own.failed, GivenUp: own.givenUp,
    };
    return nameIn(names, outcome);
}

/** Returns the names of the queues to which a service of a type may lead. */
export function queuesFor(type: string, queues: Thing<QueueForm>[]): string[] {
    const isOwn = (channel: string): boolean => channel === "chat" || channel === "email";
    return queues
        .filter(({form: {channel}}) =>
            (type === "openmedia" ? !isOwn(channel) : channel === type))
        .map(({form: {name}}) => name);
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
        const {own} = words;
        return field === "enabled" ? own[value ? "enabled" : "disabled"] : own[value ? "yes" : "no"];
    }
    if (typeof value === "string") {
        return field === "channel" ? channelName(value, words)
            : field === "interactionType" ? directionName(value, words) : value;
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
