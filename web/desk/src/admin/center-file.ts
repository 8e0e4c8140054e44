// The part of a center file that is of one thing. The file is the server's: one key a line below
// the headers of its tables (docs/operations/README.md#exporting-a-center).

/** A key and its mark, where a value may be a text over lines, on which nothing begins a table. */
const LONG_TEXT = /^(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*') = ("""|''')/s;
/** What ends it: in the first kind, a mark before which no letter is escaped. */
const ENDS: Readonly<Record<string, RegExp>> = {
    '"""': /^(?:[^"\\]|\\.|""?(?!"))*"""/s,
    "'''": /'''/,
};
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
    /** What ends the text that is open. */
    let end: RegExp | null = null;
    for (const line of file.split("\n")) {
        const table: string | undefined = end === null ? HEADER.exec(line)?.[1] : undefined;
        if (table !== undefined) {
            sections.push({table, lines: [line]});
        } else {
            sections.at(-1)?.lines.push(line);
        }
        const [begun = "", mark = ""]: readonly string[] = end === null
            ? LONG_TEXT.exec(line) ?? []
            : [];
        const ending: RegExp | undefined = end ?? ENDS[mark];
        end = ending === undefined || ending.test(line.slice(begun.length)) ? null : ending;
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
    if (/^'[^']*'$/s.test(value)) {
        return value.slice(1, -1);
    }
    const long = /^(?:"""(.*)"""|'''(.*)''')$/s.exec(value);
    if (long?.[2] !== undefined) {
        return long[2];
    }
    const text = long?.[1] ?? /^"(.*)"$/s.exec(value)?.[1];
    return text?.replace(/\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/gs, (_, short, wide, letter) =>
        (letter === undefined
            ? String.fromCodePoint(Number.parseInt(String(short ?? wide), 16))
            : ESCAPED[String(letter)] ?? String(letter))) ?? null;
}

const ESCAPED: Readonly<Record<string, string>> = {
    b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", e: "\u001b",
};
