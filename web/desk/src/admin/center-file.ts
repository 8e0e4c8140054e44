// The part of a center file that is of one thing. The file is the server's: one key a line below
// the headers of its tables (docs/operations/README.md#exporting-a-center).

/** A text may go over lines, on which nothing begins a table. */
const LONG_TEXT = /"""|'''/g;
const HEADER = /^\[\[?(\w+)\]\]?$/;

interface Section {
    table: string;
    lines: string[];
}

/** Returns the part of the thing of a table that has these values. */
export function partOf(
    file: string,
    table: string,
    values: Readonly<Record<string, string>>,
): string | null {
    const found = sectionsOf(file).find((section) => section.table === table
        && Object.entries(values).every(([key, value]) => valueOf(section, key) === value));
    return found === undefined ? null : found.lines.join("\n").trimEnd();
}

function sectionsOf(file: string): Section[] {
    const sections: Section[] = [];
    let open: string | null = null;
    for (const line of file.split("\n")) {
        const table: string | undefined = open === null ? HEADER.exec(line)?.[1] : undefined;
        if (table !== undefined) {
            sections.push({table, lines: [line]});
        } else {
            sections.at(-1)?.lines.push(line);
        }
        for (const [mark] of line.matchAll(LONG_TEXT)) {
            open = open === null ? mark : open === mark ? null : open;
        }
    }
    return sections;
}

/** Returns the text that a key of a section has; of its parts nothing. */
function valueOf({lines}: Section, key: string): string | null {
    const own = lines.slice(1);
    const end = own.findIndex((line) => line.startsWith("["));
    const line = own.slice(0, end === -1 ? undefined : end)
        .find((one) => one.startsWith(`${key} = `));
    return line === undefined ? null : unquoted(line.slice(`${key} = `.length));
}

/** Returns a text of one line without what TOML writes around it and for some of its letters. */
function unquoted(value: string): string | null {
    if (/^'[^']*'$/.test(value)) {
        return value.slice(1, -1);
    }
    const long = /^(?:"""(.*)"""|'''(.*)''')$/.exec(value);
    if (long?.[2] !== undefined) {
        return long[2];
    }
    const text = long?.[1] ?? /^"(.*)"$/.exec(value)?.[1];
    return text?.replace(/\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/g, (_, short, wide, letter) =>
        (letter === undefined
            ? String.fromCodePoint(Number.parseInt(String(short ?? wide), 16))
            : ESCAPED[String(letter)] ?? String(letter))) ?? null;
}

const ESCAPED: Readonly<Record<string, string>> = {
    b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", e: "\u001b",
};
