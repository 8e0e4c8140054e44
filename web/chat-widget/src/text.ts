// Text from the other side: it is only ever put into the page as text, and these functions make it safe to look at as well.

/** A part of a message. */
export type Piece = {text: string} | {text: string; address: string};

/** Marks that turn the reading direction: in a name they make `exe.pdf` out of `fdp.exe`. */
const DIRECTION_MARKS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Controls, and code points that belong to no character. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufff9-\ufffb]/gu;
/** The same without tab and line ends, which a message may have. */
const MESSAGE_CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu;
/** What may be an address; whether it is one says the parser. */
const MAYBE_ADDRESS = /https?:\/\/[^\s<>"'\u0000-\u001f\u007f-\u00a0\u2028\u2029\u202a-\u202e\u2066-\u2069]+/giu;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?)\]}»”’]+$/u;

/** Longest name that is shown. */
const NAME_LENGTH_MAX = 120;
/** Longest address that becomes a link. */
const ADDRESS_LENGTH_MAX = 2_048;

/** A name of a person or a file, on one line and in one direction. */
export function cleanName(name: string): string {
    const clean = wellFormed(name).replace(DIRECTION_MARKS, "").replace(CONTROLS, " ").trim();
    const letters = [...clean];
    return letters.length > NAME_LENGTH_MAX ? `${letters.slice(0, NAME_LENGTH_MAX - 1).join("")}…` : clean;
}

/** A file name for the disk: without any part that could name another place. */
export function fileName(name: string): string {
    const last = cleanName(name.replace(/[\\/:]/gu, "\n").split("\n").pop() ?? "");
    const safe = last.replace(/[<>"|?*]/gu, "_").replace(/^\.+/u, "").replace(/[. ]+$/u, "");
    return safe === "" ? "file" : safe;
}

/** A typed message as it goes out: well-formed, without controls, without space around it. */
export function cleanMessage(text: string): string {
    return wellFormed(text).replace(/\r\n?/gu, "\n").replace(MESSAGE_CONTROLS, "").trim();
}

/** Cuts a message into text and links. Only http and https become links. */
export function pieces(text: string): Piece[] {
    const found: Piece[] = [];
    let at = 0;
    for (const match of text.matchAll(MAYBE_ADDRESS)) {
        const shown = match[0].replace(TRAILING, "");
        const address = webAddress(shown);
        if (address !== undefined) {
            if (match.index > at) {
                found.push({text: text.slice(at, match.index)});
            }
            found.push({text: shown, address});
            at = match.index + shown.length;
        }
    }
    if (at < text.length) {
        found.push({text: text.slice(at)});
    }
    return found;
}

/** The address in full when it is one of the web, and nobody's name and password hide in it. */
export function webAddress(text: string): string | undefined {
    if (text.length > ADDRESS_LENGTH_MAX) {
        return undefined;
    }
    try {
        const url = new URL(text);
        const isWeb = url.protocol === "http:" || url.protocol === "https:";
        return isWeb && url.username === "" && url.password === "" ? url.href : undefined;
    } catch {
        return undefined;
    }
}

/** Halves of surrogate pairs become replacement characters: they cannot be sent as UTF-8. */
function wellFormed(text: string): string {
    return new TextDecoder().decode(new TextEncoder().encode(text));
}
