// What a draft quotes is kept as the server gave it, apart from what is written: an editor would
// lose of it what it does not know, and one would write into somebody else's words.

/** What an answer quotes: the line before it and the letter. */
export interface Quotation {
    html: string;
    text: string;
}

export interface Parts {
    html: string;
    text: string;
    quotation: Quotation | null;
}

const TAGS = /<(\/?)blockquote\b[^>]*>/g;
const LAST_PARAGRAPH = /<p[^>]*>((?:(?!<\/?p[ >])[\s\S])*)<\/p>\s*$/;

/** Returns what is written in a draft and what it quotes, both of its HTML and of its text. */
export function partsOf(html: string, text: string): Parts {
    const quoted = lastQuote(html);
    if (quoted === null) {
        return {html, text, quotation: null};
    }
    const {words, startLine, lines} = quotedLines(text);
    const before = html.slice(0, quoted);
    const begins = startLine === "" ? null : LAST_PARAGRAPH.exec(before);
    const hasStart = begins !== null && textOf(begins[1] ?? "") === startLine;
    const own = hasStart ? before.slice(0, begins.index) : before;
    return {
        html: own,
        text: hasStart || startLine === "" ? words : `${words}\n${startLine}`.trim(),
        quotation: {
            html: html.slice(own.length),
            text: (hasStart ? [startLine, ...lines] : lines).join("\n"),
        },
    };
}

/** Returns both parts of a letter, the quotation behind what is written. */
export function together(html: string, text: string, quotation: Quotation | null) {
    return quotation === null
        ? {body: html, bodyAsPlainText: text}
        : {
              body: html + quotation.html,
              bodyAsPlainText: `${text}\n\n${quotation.text}`,
          };
}

/** Returns the line before what is quoted, and the lines of it without their marks. */
export function shownOf({text}: Quotation): {startLine: string; lines: string[]} {
    const all = text.split("\n");
    const first = all.findIndex((line) => line.startsWith(">"));
    const at = first === -1 ? all.length : first;
    return {
        startLine: all.slice(0, at).join(" ").trim(),
        lines: all.slice(at).map((line) => line.replace(/^> ?/, "")),
    };
}

/** Returns where the quote at the very end begins; `null` when nothing is quoted there. */
function lastQuote(html: string): number | null {
    let depth = 0;
    let begins: number | null = null;
    let ends = -1;
    for (const tag of html.matchAll(TAGS)) {
        if (tag[1] === "") {
            begins = depth === 0 ? tag.index : begins;
            depth += 1;
        } else if (depth > 0) {
            depth -= 1;
            ends = depth === 0 ? tag.index + tag[0].length : ends;
        }
    }
    return begins !== null && depth === 0 && html.slice(ends).trim() === "" ? begins : null;
}

function quotedLines(text: string): {words: string; startLine: string; lines: string[]} {
    const all = text.trimEnd().split("\n");
    let first = all.length;
    while (first > 0 && all[first - 1]?.startsWith(">") === true) {
        first -= 1;
    }
    const startLine = first < all.length ? (all[first - 1]?.trim() ?? "") : "";
    const words = all.slice(0, startLine === "" ? first : first - 1).join("\n").trim();
    return {words, startLine, lines: all.slice(first)};
}

const ENTITIES: Record<string, string> = {
    lt: "<", gt: ">", quot: '"', nbsp: "\u00a0", amp: "&", "#39": "'",
};

function textOf(html: string): string {
    return html
        .replace(/<[^>]*>/g, "")
        .replace(/&([a-z]+|#39);/g, (whole, name: string) => ENTITIES[name] ?? whole)
        .trim();
}
