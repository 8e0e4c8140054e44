// What the page sets: attributes of the element, or the same as `data-` attributes of the script.

/** A question of the start form. */
export interface Field {
    name: "nickname" | "firstName" | "lastName" | "emailAddress" | "subject";
    isRequired: boolean;
}

/** The attributes that the element knows. */
export const ATTRIBUTES = ["service", "server", "lang", "theme", "title", "fields", "user-data", "position", "notify"] as const;

const FIELD_NAMES: readonly string[] = ["nickname", "firstName", "lastName", "emailAddress", "subject"];
const FIELDS_OTHERWISE = "nickname* emailAddress subject";

/** Reads `nickname* emailAddress subject`: a star makes a field required, unknown names are left out. */
export function readFields(text: string | null): Field[] {
    const fields: Field[] = [];
    for (const word of (text ?? FIELDS_OTHERWISE).split(/[\s,]+/u)) {
        const isRequired = word.endsWith("*");
        const name = isRequired ? word.slice(0, -1) : word;
        if (FIELD_NAMES.includes(name) && !fields.some((field) => field.name === name)) {
            fields.push({name: name as Field["name"], isRequired});
        }
    }
    return fields;
}

/** Reads a JSON object of user data that goes with the chat; what is no text becomes text. */
export function readUserData(text: string | null): Record<string, string> {
    try {
        const data: unknown = JSON.parse(text ?? "{}");
        const entries = typeof data === "object" && data !== null ? Object.entries(data) : [];
        return Object.fromEntries(
            entries.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
        );
    } catch {
        return {};
    }
}

/** How a visitor who looks elsewhere is told of a reply. */
export interface Notify {
    title: boolean;
    sound: boolean;
}

/** Reads `title sound`, or `off`; without it both. */
export function readNotify(text: string | null): Notify {
    const words = (text ?? "title sound").split(/[\s,]+/u);
    return {title: words.includes("title"), sound: words.includes("sound")};
}
