// What is typed as text and sent as something else.

import {fields, numberOrNull} from "../api/fields.ts";
import type {Levels} from "./form.ts";

/** Returns a number as one types it; what is none is nothing. */
export function typed(value: unknown): string {
    return numberOrNull(value)?.toString() ?? "";
}

export function numbersOf(value: unknown): Levels {
    return Object.fromEntries(Object.entries(fields(value)).map(([name, one]) =>
        [name, typed(one)]));
}

/** Returns what was typed as numbers; what is empty has none. */
export function counts(levels: Levels): Record<string, number> {
    return Object.fromEntries(Object.entries(levels)
        .filter(([, one]) => one.trim() !== "")
        .map(([name, one]) => [name, Number(one)]));
}

/** Returns a number as the server gives it back; what is none stays. */
export function settledNumber(one: string): string {
    const text = one.trim();
    return text === "" || Number.isNaN(Number(text)) ? text : String(Number(text));
}

export function settledLevels(levels: Levels): Levels {
    return Object.fromEntries(Object.entries(levels)
        .map(([name, one]): [string, string] => [name, settledNumber(one)])
        .filter(([, one]) => one !== ""));
}

/** Returns a number with the point of programs, where people of many languages have a comma. */
export function withPoint(one: string): string {
    return one.trim().replace(",", ".");
}

export function pick(
    names: readonly string[],
    values: Record<string, unknown>,
): Record<string, unknown> {
    return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** Returns what is sent of a body: what is left out is not. */
export function said(body: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** Returns the lines of a text, without those on which nothing stands. */
export function linesOf(text: string): string[] {
    return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
