// HTML that is pasted, before the editor reads it. The editor's own list is what keeps it safe; here
// goes what the page's policy would refuse and report, and what would mean something else without
// the styles that it refuses.

const TAG = /<([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;
const STYLE = /\sstyle\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/i;
const REFUSED = /\s(?:style|on[a-z]+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi;
const WITHOUT_WORDS = /<(script|style|iframe|object|template|noscript)\b[\s\S]*?(?:<\/\1\s*>|$)/gi;

export function cleaned(html: string): string {
    return html
        .replace(/<!--[\s\S]*?(?:-->|$)/g, "")
        .replace(WITHOUT_WORDS, "")
        .replace(TAG, (_, name: string, attributes: string) => {
            const style = STYLE.exec(attributes)?.[1] ?? "";
            return `<${elementOf(name, style)}${attributes.replace(REFUSED, "")}>`;
        });
}

/** Some programs say by a style alone what is bold, and that a `b` is not. */
function elementOf(name: string, style: string): string {
    const weight = /font-weight\s*:\s*(\w+)/i.exec(style)?.[1] ?? "";
    const isBold = weight === "bold" || Number(weight) >= 600;
    if (/^(b|strong)$/i.test(name) && weight !== "" && !isBold) {
        return "span";
    }
    return name.toLowerCase() === "span" && isBold ? "b" : name;
}
