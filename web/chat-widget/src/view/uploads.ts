// Files on their way: each has a line of its own, one is sent at a time, and whatever becomes of it is said.
//
// A screen reader hears of a file at its start, its middle and its end. Every per cent would be all that it says for minutes.

import type {Chat} from "../chat.ts";
import {FILE_REFUSALS, refusal, type FileLimits, type FileRefusal, type Files} from "../files.ts";
import {fill, type Language} from "../languages.ts";
import {cleanName} from "../text.ts";
import {iconButton, make, show, write} from "./dom.ts";
import {bytes} from "./log.ts";
import type {Troubles} from "./troubles.ts";

/** What is said of an upload, in per cent. */
const SAID = [0, 50, 100];

/** What the list needs. */
export interface UploadsOptions {
    chat: Chat;
    files: Files;
    language: Language;
    troubles: Troubles;
    uniqueName(): string;
    /** Whether files can be sent, and which. */
    allow(isAllowed: boolean, types: string[]): void;
}

/** A file that was chosen. */
interface Upload {
    file: File;
    /** What the server knows a second sending by. */
    messageId: string;
    line: Line;
    abort: AbortController;
}

/** The list of files on their way. */
export class Uploads {
    readonly element = make("div", {class: "uploads"});
    /** Said to screen readers, not shown. */
    readonly said = make("p", {class: "unseen", "aria-live": "polite"});
    readonly #options: UploadsOptions;
    readonly #queue: Upload[] = [];
    #limits: Promise<FileLimits | undefined> | undefined;
    #limitsOf = "";
    #isBusy = false;

    constructor(options: UploadsOptions) {
        this.#options = options;
        show(this.element, false);
    }

    /** Asks once for each chat what may be sent; the button is not there until that is known. */
    learnLimits(): void {
        const {chat} = this.#options;
        const chatId = chat.credentials?.chatId ?? "";
        if (chatId !== "" && chatId !== this.#limitsOf && chat.isConnected && chat.phase !== "ended") {
            this.#limitsOf = chatId;
            this.#options.allow(false, []);
            void this.#ask().catch(() => undefined);
        }
    }

    /** Takes files to be sent. */
    take(files: File[]): void {
        for (const file of files) {
            this.#add(file, this.#options.uniqueName());
        }
    }

    #add(file: File, messageId: string): void {
        const abort = new AbortController();
        const name = cleanName(file.name);
        const line = new Line(name, this.#options.language, () => abort.abort());
        this.#queue.push({file, messageId, line, abort});
        this.element.append(line.element);
        show(this.element, true);
        void this.#work();
    }

    async #work(): Promise<void> {
        if (this.#isBusy) {
            return;
        }
        this.#isBusy = true;
        for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
            if (!next.abort.signal.aborted) {
                await this.#send(next);
            }
            this.#queue.shift();
            next.line.element.remove();
        }
        this.#isBusy = false;
        show(this.element, false);
    }

    async #send(upload: Upload): Promise<void> {
        const {chat, files, language, troubles} = this.#options;
        const {file, messageId, line, abort} = upload;
        const name = cleanName(file.name);
        const again = () => this.#add(file, messageId);
        const failed = (advice = "") => troubles.say(messageId, `${fill(language.words.uploadFailed, {name})} ${advice}`.trim(), again);
        if (chat.phase === "ended") {
            troubles.say(messageId, fill(language.words.uploadUnsent, {name}));
            return;
        }
        try {
            const limits = await (this.#limits ?? this.#ask());
            if (abort.signal.aborted) {
                // Called off while the server was asked.
                return;
            }
            const reason = limits === undefined ? "filesOff" : refusal(file, limits, chat.conversation.agents.length > 0);
            if (limits === undefined || reason !== undefined) {
                troubles.say(messageId, this.#explain(reason ?? "filesOff", name, limits));
                return;
            }
            this.#tell(name, 0);
            const answer = await files.upload(file, messageId, (share) => line.show(share) && this.#tell(name, line.said), abort.signal);
            if (answer.statusCode === 0) {
                this.#tell(name, 100);
                this.#limits = Promise.resolve(used(limits, file.size));
                return;
            }
            const {code = 0, advice = ""} = answer.errors[0] ?? {};
            const refused = FILE_REFUSALS[code];
            refused === undefined ? failed(advice) : troubles.say(messageId, this.#explain(refused, name, limits));
        } catch {
            if (!abort.signal.aborted) {
                failed();
            }
        }
    }

    #tell(name: string, percent: number): void {
        const {words, tag} = this.#options.language;
        write(this.said, fill(words.uploading, {name, percent: percent.toLocaleString(tag)}));
    }

    async #ask(): Promise<FileLimits | undefined> {
        const asked = this.#options.files.limits();
        this.#limits = asked;
        try {
            const limits = await asked;
            this.#options.allow(limits !== undefined && limits.files > 0, limits?.types ?? []);
            return limits;
        } catch (error) {
            this.#limits = undefined;
            this.#limitsOf = "";
            throw error;
        }
    }

    #explain(reason: FileRefusal, name: string, limits: FileLimits | undefined): string {
        const {words, tag} = this.#options.language;
        const size = bytes((reason === "fileTooLarge" ? limits?.fileBytes : limits?.totalBytes) ?? 0, tag);
        return fill(words[reason], {name, size, count: limits?.files ?? 0, types: limits?.types.join(", ") ?? ""});
    }
}

/** A file that is sent: its name, how far it is, and a way to call it off. */
class Line {
    readonly element: HTMLElement;
    readonly #bar = make("div", {class: "bar"});
    readonly #percent = make("span", {class: "percent", "aria-hidden": "true", dir: "auto"});
    readonly #progress: HTMLElement;
    readonly #language: Language;
    /** The last that was said of it. */
    said = 0;

    constructor(name: string, language: Language, cancel: () => void) {
        this.#language = language;
        const label = fill(language.words.uploadOf, {name});
        const values = {"aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0"};
        this.#progress = make("div", {class: "progress", role: "progressbar", "aria-label": label, ...values}, this.#bar);
        const title = make("span", {class: "upload-name", dir: "auto"}, name);
        const stop = iconButton("close", fill(language.words.cancelUpload, {name}), "icon-button small", cancel);
        this.element = make("div", {class: "upload"}, title, this.#progress, this.#percent, stop);
    }

    /** Shows how far it is; true when that is to be said. */
    show(share: number): boolean {
        const percent = Math.floor(share * 100);
        this.#bar.style.inlineSize = `${percent}%`;
        write(this.#percent, new Intl.NumberFormat(this.#language.tag, {style: "percent"}).format(share));
        const said = SAID.filter((one) => one <= percent).at(-1) ?? 0;
        const isNews = said > this.said;
        this.said = Math.max(said, this.said);
        this.#progress.setAttribute("aria-valuenow", String(this.said));
        return isNews;
    }
}

function used(limits: FileLimits, size: number): FileLimits {
    return {...limits, usedFiles: limits.usedFiles + 1, usedBytes: limits.usedBytes + size};
}
