// Addresses within what somebody wrote. They are shown as they were written: what a link says is
// where it goes.

export interface Piece {
    text: string;
    /** Where it leads; `null` is plain text. */
    href: string | null;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
/** What ends a sentence and not an address. */
const TAIL = /[.,;:!?)\]}…]+$/;

/** Returns a text in pieces, in order; joined they are the text. */
export function linked(text: string): Piece[] {
    const pieces: Piece[] = [];
    let at = 0;
    for (const found of text.matchAll(ADDRESS)) {
        const address = found[0].replace(TAIL, "");
        const href = hrefOf(address);
        if (href === null) {
            continue;
        }
        pieces.push({text: text.slice(at, found.index), href: null}, {text: address, href});
        at = found.index + address.length;
    }
    pieces.push({text: text.slice(at), href: null});
    return pieces.filter((piece) => piece.text !== "");
}

/** Returns a web address; `null` for anything else, such as one that would run a script. */
function hrefOf(address: string): string | null {
    try {
        const url = new URL(address);
        return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
    } catch {
        return null;
    }
}
