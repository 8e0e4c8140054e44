// User data as it is shown and written: texts as they are, anything else as JSON.

/** They stand in the section of the contact. */
const OF_CONTACT = new Set(["FirstName", "LastName", "EmailAddress"]);

export function shownValue(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value);
}

/** Returns what was written for a value: still a number or a list where it was one and is one. */
export function writtenValue(text: string, before: unknown): unknown {
    if (before === undefined || typeof before === "string") {
        return text;
    }
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

/** Returns keys and values, without those that the contact has. */
export function entriesOf(userData: Record<string, unknown>): [string, unknown][] {
    return Object.entries(userData).filter(([key]) => !OF_CONTACT.has(key));
}

/** Returns the address that a value is; `null` for any other text. */
export function linkOf(value: unknown): string | null {
    if (typeof value !== "string" || !/^https?:\/\/\S+$/i.test(value)) {
        return null;
    }
    return URL.canParse(value) ? value : null;
}
