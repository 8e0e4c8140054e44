// Tells what comes of this page's own saves from what was written in a draft at another computer.
//
// The server tells a draft anew after each save, whoever's it was, and cleans its HTML. So a save
// is known by its words; and what differs from what was told last, and is no save of here, is new.

import type {Letter} from "../api/interaction.ts";
import {htmlOf} from "./plain.ts";
import {partsOf, together} from "./quotation.ts";
import type {Written} from "./saver.ts";

/** What of a draft was told, and what was sent and not told yet: short marks of it. */
export interface Known {
    told: string;
    sent: string[];
}

/** `before` is what was told last. */
export type Origin = "before" | "here" | "elsewhere";

export class Told {
    #told: string;
    /** The oldest first. */
    #sent: string[];
    #latest = "";

    constructor(known: Known | null) {
        this.#told = known?.told ?? "";
        this.#sent = [...(known?.sent ?? [])];
    }

    get known(): Known {
        return {told: this.#told, sent: [...this.#sent]};
    }

    /** Whether something that was sent from here may still be told. */
    get isAwaited(): boolean {
        return this.#sent.length > 0;
    }

    /** It is on its way to the server. */
    sending(written: Written): void {
        const mark = markOf(written);
        if (this.#sent.at(-1) !== mark) {
            this.#sent.push(mark);
        }
    }

    /** The server did not take what was sent last. */
    refused(): void {
        this.#sent.pop();
    }

    /** Returns whose words were told; those from elsewhere count once they are accepted. */
    hear(written: Written): Origin {
        const mark = markOf(written);
        this.#latest = mark;
        if (mark === this.#told) {
            return "before";
        }
        const at = this.#sent.findIndex((sent) => isEcho(sent, mark));
        if (at === -1) {
            return "elsewhere";
        }
        this.#sent.splice(0, at + 1);
        this.#told = mark;
        return "here";
    }

    /** What was told last is known from now on. */
    accept(): void {
        this.#told = this.#latest;
    }
}

/** Returns what the server has, as it is written on. */
export function toldOf({to, cc, bcc, body, plain}: Letter, subject: string): Written {
    const parts = partsOf(body, plain);
    const html = body === "" ? htmlOf(plain) : parts.html;
    return {to, cc, bcc, subject, html, text: parts.text, quotation: parts.quotation};
}

/** Returns whether what the server has is what was told last, or was sent from here. */
export function isKnown(written: Written, {told, sent}: Known): boolean {
    const mark = markOf(written);
    return mark === told || sent.some((one) => isEcho(one, mark));
}

/** Returns whether two have the same words; how they look may differ. */
export function isSame(one: Written, other: Written): boolean {
    return isEcho(markOf(one), markOf(other));
}

/** Head, text and looks of a draft; an empty text has an empty mark. */
function markOf({to, cc, bcc, subject, html, text, quotation}: Written): string {
    const {body, bodyAsPlainText} = together(html, text, quotation);
    const words = spaced(bodyAsPlainText);
    const head = JSON.stringify([to, cc, bcc].map((field) => field.map(spaced)));
    return [hash(head + spaced(subject)), words && hash(words), hash(body)].join(".");
}

/** The server makes a text of the HTML when it is given none. */
function isEcho(sent: string, told: string): boolean {
    const [head, text] = sent.split(".");
    const [toldHead, toldText] = told.split(".");
    return head === toldHead && (text === "" || text === toldText);
}

function spaced(text: string): string {
    return text.replace(/\s+/g, " ").trim();
}

/** 64 bits of two sums (FNV-1a, and one of another prime), far more than a few drafts need. */
function hash(text: string): string {
    let [one, other] = [0x811c9dc5, 0x9e3779b9];
    for (let at = 0; at < text.length; at += 1) {
        const unit = text.charCodeAt(at);
        one = Math.imul(one ^ unit, 0x01000193);
        other = Math.imul(other ^ unit, 0x85ebca6b);
    }
    return (one >>> 0).toString(36) + (other >>> 0).toString(36);
}
