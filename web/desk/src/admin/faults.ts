// What must be put right in a form before it can be saved: found here, or refused by the server.

import type {AdminTexts} from "../texts/admin.ts";
import type {Levels, Step} from "./form.ts";
import {withPoint} from "./typed.ts";

export interface Fault {
    /**
     * The control where it is put right: a field, or one of a step (`steps.1`, `steps.1.skills`);
     * `null` is none.
     */
    at: string | null;
    /** Fields that it is sent together with: one that was changed brings it to the server. */
    with?: readonly string[];
    says(texts: AdminTexts): string;
}

/** Returns the field that a control is of. */
export function fieldOf(at: string): string {
    return at.split(".")[0] ?? at;
}

/** What the server takes, in s (docs/api/provisioning.md). */
export const DAY_S = 86_400;
export const TARGET_S_MAX = 30 * DAY_S;
/** The largest number that a count may be. */
export const COUNT_MAX = 4_294_967_295;
/** Priorities of either sign that JSON carries whole. */
export const PRIORITY_MAX = Number.MAX_SAFE_INTEGER;
/** The longest time of a chat, in s. */
export const SPAN_S_MAX = 20 * DAY_S;
/** Most that may wait for a chat, and most files of one. */
export const WAITING_MAX = 1_000_000;
export const FILES_MAX = 1_000;
/** The largest file, in MiB. */
const SIZE_MAX = 1_024;

/** Finds that nothing was typed. */
export function missing(at: string, one: string, says: Fault["says"]): Fault[] {
    return one.trim() === "" ? [{at, says}] : [];
}

export function nameFault(at: string, name: string): Fault[] {
    return missing(at, name, (t) => t.nameMissing);
}

/** Finds what is no whole number between two; `isOptional` allows nothing as well. */
export function numberFault(
    at: string,
    typed: string,
    least: number,
    most: number,
    isOptional = false,
): Fault[] {
    const text = typed.trim();
    if (isOptional && text === "") {
        return [];
    }
    const isWithin = /^-?\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
    return isWithin ? [] : [{at, says: (t) => t.notWithin(least, most)}];
}

/** Finds what is no size in MiB; `isOptional` allows nothing as well. */
export function sizeFault(at: string, typed: string, isOptional: boolean): Fault[] {
    const text = withPoint(typed);
    const isWithin = /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 && Number(text) <= SIZE_MAX;
    return isWithin || (isOptional && text === "")
        ? []
        : [{at, says: (t) => t.notSize(SIZE_MAX)}];
}

export function levelFaults(at: string, levels: Levels): Fault[] {
    const isWrong = ([, level]: [string, string]): boolean =>
        numberFault(at, level, 0, COUNT_MAX).length > 0;
    const first = Object.entries(levels).find(isWrong);
    return first === undefined ? [] : [{at, says: (t) => t.levelWrong(first[0])}];
}

/** Each step comes after the one before. */
export function stepFaults(steps: Step[]): Fault[] {
    return steps.flatMap(({after, skills}, place) => {
        const at = `steps.${place}`;
        const before = steps[place - 1];
        const noTime = numberFault(at, after, 1, DAY_S);
        const isLater = before === undefined || Number(after) > Number(before.after);
        const tooEarly = noTime.length > 0 || isLater
            ? []
            : [{at, says: (t: AdminTexts) => t.stepNotLater(place, before.after)}];
        return [...noTime, ...tooEarly, ...levelFaults(`${at}.skills`, skills)];
    });
}

/** Returns a refusal of the server's as a fault of the field that its sentence names. */
export function refusedFault(sentence: string, fields: readonly string[]): Fault {
    return {at: fieldSaid(sentence, fields), says: () => sentence};
}

/** By which words the server means a field where it does not name it. */
const MEANT: readonly [RegExp, readonly string[]][] = [
    [/\bfield after\b/, ["steps.0", "steps"]],
    [/\bfield level\b/, ["skills"]],
    [/\bnickname\b/, ["nickname"]],
    [/^There is no group\b/, ["groups", "group"]],
    [/^There is no skill\b/, ["skills"]],
    [/^There is no channel\b/, ["capacity"]],
    [/^There is no queue\b|: the queue\b/, ["queue", "reviewQueue"]],
    [/: review is\b/, ["reviewQueue"]],
    [/\bno event\b/, ["events"]],
    [/\bof an acknowledgement\b/, ["ackSubject"]],
    [/^There is no service\b/, ["leaveMessage"]],
    [/\blast admin\b/, ["roles"]],
    [/\bneeds a group\b|\bhas no group\b/, ["group"]],
    [/^There is another\b|\bname\b/, ["userName", "name"]],
];

/** A name in a sentence, which may be any words. */
const NAMES = /"(?:[^"\\]|\\.)*"/g;

function fieldSaid(said: string, fields: readonly string[]): string | null {
    const sentence = said.replace(NAMES, '""');
    const named = /\b(?:field|parameter|property) (\w+)/.exec(sentence)?.[1]
        ?? /^The (\w+) of a \w+ cannot be changed/.exec(sentence)?.[1]
        ?? /\bcannot be so: (?:its )?(\w+) (?:is|has|names|begins)\b/.exec(sentence)?.[1];
    if (named !== undefined && fields.includes(named)) {
        return named;
    }
    for (const [words, meant] of MEANT) {
        const field = meant.find((one) => fields.includes(fieldOf(one)));
        if (words.test(sentence) && field !== undefined) {
            return field;
        }
    }
    return null;
}
