// Whoever writes that something is attached and attaches nothing is asked once.

/** Words by which the four languages say it. */
const SAYS =
    /attach(ed|ing|ment)|enclosed|anbei|angehängt|im anhang|beigefügt|ci-joint|pièces? jointe|en annexe|adjunt/i;

/** Returns the word by which a letter says that a file is with it; `null` without one. */
export function saysAttached(text: string): string | null {
    const line = text.split("\n").find((one) => !one.startsWith(">") && SAYS.test(one));
    return line === undefined ? null : (/[\p{L}-]*/u.exec(line.slice(line.search(SAYS)))?.[0] ?? "");
}
