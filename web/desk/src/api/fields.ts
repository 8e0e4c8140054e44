// Reads fields of what came over the wire. Whatever is not as it should be reads as nothing: a
// page goes on when a newer server says more or says it otherwise.

import type {components} from "described";

export type Fields = Record<string, unknown>;

type Schemas = components["schemas"];

/**
 * The fields of a resource, by the names that the API's document has for them; what a server
 * really sent in them is yet to be read.
 */
export type Described<Name extends keyof Schemas> = {
    readonly [Field in keyof Schemas[Name]]?: unknown;
};

/** Returns the fields of an object, and none of anything else. */
export function fields(value: unknown): Fields {
    return typeof value === "object" && value !== null && !Array.isArray(value)
        ? (value as Fields)
        : {};
}

/** Returns the fields of what should be such a resource. */
export function described<Name extends keyof Schemas>(value: unknown): Described<Name> {
    return fields(value) as Described<Name>;
}

export function text(value: unknown): string {
    return typeof value === "string" ? value : "";
}

export function textOrNull(value: unknown): string | null {
    return typeof value === "string" ? value : null;
}

export function numberOrNull(value: unknown): number | null {
    return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}

export function texts(value: unknown): string[] {
    return list(value).filter((one): one is string => typeof one === "string");
}

/**
 * Returns a date of the wire (`2014-01-09 11:58:12.035+0200`) in ms since 1970; `null` for what is
 * none.
 */
export function instant(value: unknown): number | null {
    const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})([+-]\d\d)(\d\d)$/.exec(text(value));
    if (parts === null) {
        return null;
    }
    const at = Date.parse(`${parts[1]}T${parts[2]}${parts[3]}:${parts[4]}`);
    return Number.isNaN(at) ? null : at;
}
