// The lines of the conversation. Every line is made once and kept, so that screen readers announce only what is new.

import type {Conversation, Pending} from "../conversation.ts";
import {sharedFile, type SharedFile} from "../files.ts";
import {fill, type Language} from "../languages.ts";
import {cleanName, pieces, webAddress} from "../text.ts";
import {authorName, sentence} from "../transcript.ts";
import type {Entry} from "../wire.ts";
import {button, drawing, make, write} from "./dom.ts";

/** How near the end counts as reading along, in pixels. */
const NEAR_END = 80;

/** What the log asks for. */
export interface LogActions {
    download(file: SharedFile): void;
    edit(messageId: string): void;
}

/** The list of lines. */
export class Log {
    readonly element: HTMLElement;
    readonly #question = make("div", {class: "opening"});
    readonly #list = make("div", {class: "lines"});
    readonly #language: Language;
    readonly #actions: LogActions;
    readonly #lines = new Map<string, HTMLElement>();
    #last = "";
    #isAtEnd = true;

    constructor(language: Language, actions: LogActions) {
        this.#language = language;
        this.#actions = actions;
        this.element = make(
            "div",
            {class: "log", role: "log", "aria-live": "polite", "aria-label": language.words.conversation, tabindex: "0"},
            make("div", {class: "all"}, this.#question, this.#list),
        );
        this.element.addEventListener("scroll", () => (this.#isAtEnd = this.#isNearEnd()));
        // A keyboard that comes up, or a field that grows, takes room from the end.
        new ResizeObserver(() => this.#isAtEnd && this.toEnd()).observe(this.element);
    }

    /** Brings the lines up to date and stays at the end when the reader was there, or when the reader wrote. */
    update(conversation: Conversation, question: string): void {
        this.#open(question);
        const wasAtEnd = this.#isNearEnd();
        const wanted: HTMLElement[] = [];
        let before: Entry | undefined;
        for (const entry of conversation.entries) {
            const line = this.#line(`e${entry.index}`, () => this.#entry(entry));
            if (line.childElementCount > 0) {
                line.classList.toggle("follows", before !== undefined && isSameVoice(before, entry));
                wanted.push(line);
                before = entry;
            }
        }
        for (const message of conversation.pending) {
            const line = this.#line(`p${message.messageId}`, () => this.#pending(message));
            this.#mark(line, message);
            wanted.push(line);
        }
        this.#arrange(wanted);
        const last = conversation.pending.at(-1)?.messageId ?? "";
        if (wasAtEnd || (last !== this.#last && last !== "")) {
            this.element.scrollTop = this.element.scrollHeight;
        }
        this.#last = last;
    }

    /** What the customer wrote into the form comes first. No server numbers it, so it is no line among the others. */
    #open(question: string): void {
        const shown = this.#question.querySelector(".bubble")?.textContent ?? "";
        if (shown !== question) {
            const {words} = this.#language;
            const line = make(
                "div",
                {class: "line own"},
                make("span", {class: "author hidden"}, words.you),
                make("div", {class: "bubble", dir: "auto"}, ...withLinks(question)),
            );
            this.#question.replaceChildren(...(question === "" ? [] : [line]));
        }
    }

    /** Forgets the lines of an earlier chat. */
    clear(): void {
        this.#lines.clear();
        this.#question.replaceChildren();
        this.#list.replaceChildren();
    }

    #isNearEnd(): boolean {
        return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < NEAR_END;
    }

    /** Shows the newest line. */
    toEnd(): void {
        this.element.scrollTop = this.element.scrollHeight;
    }

    #line(key: string, create: () => HTMLElement): HTMLElement {
        const line = this.#lines.get(key) ?? create();
        this.#lines.set(key, line);
        return line;
    }

    /** Moves only what is not in its place: a moved node would be announced again. */
    #arrange(wanted: HTMLElement[]): void {
        const keep = new Set<Element>(wanted);
        for (const child of [...this.#list.children]) {
            if (!keep.has(child)) {
                child.remove();
            }
        }
        wanted.forEach((line, at) => {
            if (this.#list.children[at] !== line) {
                this.#list.insertBefore(line, this.#list.children[at] ?? null);
            }
        });
    }

    #entry(entry: Entry): HTMLElement {
        switch (entry.type) {
            case "Message":
                return this.#bubble(entry, ...withLinks(entry.text));
            case "PushUrl":
                return this.#bubble(entry, `${this.#language.words.suggestsPage} `, link(entry.text));
            case "FileUploaded":
                return this.#bubble(entry, this.#file(sharedFile(entry)));
            default: {
                const text = sentence(entry, this.#language);
                return make("div", {class: "line notice"}, text === undefined ? undefined : make("p", {dir: "auto"}, text));
            }
        }
    }

    #bubble(entry: Entry, ...content: (Node | string)[]): HTMLElement {
        const isOwn = entry.from.type === "Client";
        const at = new Date(entry.utcTime);
        const isToday = at.toDateString() === new Date().toDateString();
        const shown = at.toLocaleString(
            this.#language.tag,
            isToday ? {timeStyle: "short"} : {dateStyle: "short", timeStyle: "short"},
        );
        return make(
            "div",
            {class: `line ${isOwn ? "own" : "other"}`},
            make("span", {class: isOwn ? "author hidden" : "author", dir: "auto"}, authorName(entry, this.#language.words)),
            make("div", {class: "bubble", dir: "auto"}, ...content),
            entry.utcTime > 0 ? make("time", {datetime: safeDate(at), dir: "auto"}, shown) : undefined,
        );
    }

    #file(file: SharedFile): HTMLElement {
        const name = cleanName(file.name);
        const size = bytes(file.bytes, this.#language.tag);
        const made = make(
            "button",
            {type: "button", class: "file", "aria-label": fill(this.#language.words.download, {name, size})},
            drawing("file"),
            make("span", {class: "file-name", dir: "auto"}, name),
            make("span", {class: "file-size", dir: "auto"}, size),
        );
        made.addEventListener("click", () => this.#actions.download(file));
        return made;
    }

    #pending(message: Pending): HTMLElement {
        return make(
            "div",
            {class: "line own pending"},
            make("span", {class: "author hidden"}, this.#language.words.you),
            make("div", {class: "bubble", dir: "auto"}, ...withLinks(message.text)),
            make("span", {class: "state"}),
        );
    }

    #mark(line: HTMLElement, message: Pending): void {
        const {words} = this.#language;
        const state = line.querySelector<HTMLElement>(".state");
        const isLeft = message.state === "refused" || message.state === "unsent";
        const said = {queued: words.notSent, sent: words.sending, refused: words.messageRefused, unsent: words.unsent};
        line.classList.toggle("refused", isLeft);
        if (state !== null) {
            write(state, said[message.state]);
        }
        if (line.dataset["state"] !== message.state) {
            line.dataset["state"] = message.state;
            line.querySelector("button")?.remove();
            if (message.state === "refused") {
                line.append(button(words.edit, "text-button", () => this.#actions.edit(message.messageId)));
            } else if (message.state === "unsent") {
                line.append(button(words.copy, "text-button", () => void this.#copy(line, message.text)));
            }
        }
    }

    /** Copies a text, or marks it where the browser does not let pages copy. */
    async #copy(line: HTMLElement, text: string): Promise<void> {
        try {
            await navigator.clipboard.writeText(text);
            write(line.querySelector("button") ?? line, this.#language.words.copied);
        } catch {
            const bubble = line.querySelector(".bubble");
            bubble !== null && getSelection()?.selectAllChildren(bubble);
        }
    }
}

/** A size for people. */
export function bytes(count: number, tag: string): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
    const power = count < 1 ? 0 : Math.min(Math.floor(Math.log(count) / Math.log(1_024)), units.length - 1);
    return new Intl.NumberFormat(tag, {
        style: "unit",
        unit: units[power] ?? "byte",
        unitDisplay: power === 0 ? "long" : "short",
        maximumFractionDigits: power === 0 ? 0 : 1,
    }).format(count / 1_024 ** power);
}

function isSameVoice(before: Entry, entry: Entry): boolean {
    const said = ["Message", "PushUrl", "FileUploaded"];
    return said.includes(before.type) && said.includes(entry.type) && before.from.participantId === entry.from.participantId;
}

function withLinks(text: string): (Node | string)[] {
    return pieces(text).map((piece) => ("address" in piece ? anchor(piece.text, piece.address) : piece.text));
}

function link(text: string): Node | string {
    const address = webAddress(text);
    return address === undefined ? make("bdi", {}, text) : anchor(text, address);
}

function anchor(text: string, address: string): HTMLElement {
    return make("a", {href: address, target: "_blank", rel: "noopener noreferrer nofollow", dir: "ltr"}, text);
}

/** A server's time may be out of the range of dates. */
function safeDate(at: Date): string {
    return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
