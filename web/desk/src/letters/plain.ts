// The text part of a letter: what whoever reads no HTML reads of it.

/** What an editor holds, as far as it is read here. */
export interface Written {
    type?: string | undefined;
    text?: string | undefined;
    attrs?: Record<string, unknown> | undefined;
    marks?: {type: string; attrs?: Record<string, unknown> | undefined}[] | undefined;
    content?: Written[] | undefined;
}

/** Returns a letter as text: paragraphs apart by an empty line, lists with their marks. */
export function plainOf(letter: Written): string {
    return blocksOf(letter).join("\n\n").replace(/[ \t]+$/gm, "").trimEnd();
}

/** Returns the HTML of a text: a paragraph for each, lines kept. */
export function htmlOf(text: string): string {
    return text
        .replace(/\r\n?/g, "\n")
        .split(/\n{2,}/)
        .map((part) => `<p>${part.split("\n").map(escaped).join("<br>")}</p>`)
        .join("");
}

export function escaped(text: string): string {
    return text
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;");
}

function blocksOf({content = []}: Written): string[] {
    return content.map((block) => {
        switch (block.type) {
            case "bulletList":
                return itemsOf(block, () => "- ");
            case "orderedList": {
                const start = block.attrs?.["start"];
                const first = typeof start === "number" ? start : 1;
                return itemsOf(block, (at) => `${first + at}. `);
            }
            default:
                return inlineOf(block);
        }
    });
}

function itemsOf({content = []}: Written, markOf: (at: number) => string): string {
    return content
        .map((item, at) => {
            const mark = markOf(at);
            const words = blocksOf(item).join("\n");
            return mark + words.replaceAll("\n", `\n${" ".repeat(mark.length)}`);
        })
        .join("\n");
}

function inlineOf({content = []}: Written): string {
    return content
        .map((one) => {
            switch (one.type) {
                case "text":
                    return withAddress(one);
                case "hardBreak":
                    return "\n";
                case "image":
                    return `[${String(one.attrs?.["alt"] ?? "")}]`;
                default:
                    return inlineOf(one);
            }
        })
        .join("");
}

/** A link whose words are not its address would lose it. */
function withAddress({text = "", marks = []}: Written): string {
    const link = marks.find(({type}) => type === "link")?.attrs?.["href"];
    const address = typeof link === "string" ? link : "";
    const shown = address.replace(/^mailto:/, "");
    return address === "" || shown === text || shown === `${text}/` ? text : `${text} <${shown}>`;
}
