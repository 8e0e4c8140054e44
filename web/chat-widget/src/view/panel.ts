// The dialog: a start form, then the conversation, then the way out. It shows what the chat is; it decides nothing.

import type {Chat} from "../chat.ts";
import {FILE_REFUSALS, Files, refusal, save, type FileLimits, type SharedFile, type FileRefusal} from "../files.ts";
import {fill, type Language} from "../languages.ts";
import type {Field} from "../options.ts";
import {cleanName, fileName} from "../text.ts";
import {transcript} from "../transcript.ts";
import {Composer} from "./composer.ts";
import {button, iconButton, make, show, write} from "./dom.ts";
import {StartForm} from "./form.ts";
import {bytes, Log} from "./log.ts";

/** What the panel needs. */
export interface PanelOptions {
    chat: Chat;
    files: Files;
    language: Language;
    title: string;
    fields: Field[];
    userData(): Record<string, string>;
    minimize(): void;
    /** Runs something later; gives what calls it off. */
    after(ms: number, run: () => void): () => void;
}

/** A start that takes longer, in ms, can be given up. */
const SLOW_START_MS = 3_000;

/** The chat's dialog. */
export class Panel {
    readonly element: HTMLElement;
    readonly #options: PanelOptions;
    readonly #form: StartForm;
    readonly #log: Log;
    readonly #composer: Composer;
    readonly #status = make("p", {class: "status", role: "status"});
    readonly #trouble = make("p", {class: "trouble", role: "alert"});
    readonly #typing = make("p", {class: "typing", "aria-live": "polite"});
    readonly #question: HTMLElement;
    readonly #farewell: HTMLElement;
    readonly #save: HTMLButtonElement;
    readonly #end: HTMLButtonElement;
    readonly #keep: HTMLButtonElement;
    readonly #newChat: HTMLButtonElement;
    #limits: FileLimits | undefined;
    #limitsOf = "";
    #isSlow = false;
    #phase = "";
    #isAsking = false;

    constructor(options: PanelOptions) {
        this.#options = options;
        const {chat, language, fields} = options;
        const {words} = language;
        this.#form = new StartForm(
            fields,
            words,
            (customer) => this.#start(customer),
            () => chat.reset(),
        );
        this.#log = new Log(language, {
            download: (file) => void this.#download(file),
            edit: (messageId) => this.#composer.restore(chat.takeBack(messageId)),
        });
        this.#composer = new Composer(words, {
            say: (text) => this.#say(text),
            types: (hasText) => chat.types(hasText),
            attach: (files) => void this.#upload(files),
        });
        this.#save = iconButton("save", words.saveTranscript, "icon-button", () => this.#saveTranscript());
        this.#end = iconButton("end", words.endChat, "icon-button", () => this.#ask(true));
        this.#keep = button(words.keepChatting, "secondary", () => this.#ask(false));
        this.#newChat = button(words.newChat, "primary", () => chat.reset());
        this.#question = this.#makeQuestion();
        this.#farewell = make(
            "div",
            {class: "farewell"},
            make("p", {}, words.ended),
            make("div", {class: "actions"}, button(words.saveTranscript, "secondary", () => this.#saveTranscript()), this.#newChat),
        );
        this.element = this.#assemble();
        this.element.addEventListener("keydown", (event) => this.#key(event));
    }

    /** Brings everything up to date with the chat. */
    update(): void {
        const {chat} = this.#options;
        const isForm = chat.phase === "none" || chat.phase === "starting";
        const isLive = chat.phase === "waiting" || chat.phase === "chatting";
        show(this.#form.element, isForm);
        show(this.#log.element, !isForm);
        show(this.#composer.element, isLive && !chat.isEnding);
        show(this.#farewell, chat.phase === "ended");
        show(this.#save, !isForm);
        show(this.#end, isLive && !chat.isEnding);
        this.#form.update(chat.phase === "starting", this.#isSlow, chat.problem);
        this.#updateStatus();
        if (isForm) {
            this.#log.clear();
        } else {
            this.#log.update(chat.conversation);
            this.#learnLimits();
        }
        if (!isLive) {
            this.#ask(false);
        }
        this.#moveFocus();
    }

    /** Puts the cursor where the customer goes on. */
    focus(): void {
        const {phase} = this.#options.chat;
        if (this.#isAsking) {
            this.#keep.focus();
        } else if (phase === "none" || phase === "starting") {
            this.#form.focus();
        } else if (phase === "ended") {
            this.#newChat.focus();
        } else {
            this.#composer.focus();
        }
        this.#log.toEnd();
    }

    #assemble(): HTMLElement {
        const {title, language, minimize} = this.#options;
        show(this.#trouble, false);
        show(this.#question, false);
        return make(
            "section",
            {class: "panel", role: "dialog", "aria-labelledby": "title", lang: language.tag},
            make(
                "div",
                {class: "head"},
                make("h2", {id: "title", dir: "auto"}, title),
                this.#save,
                this.#end,
                iconButton("minimize", language.words.minimize, "icon-button", minimize),
            ),
            this.#status,
            this.#form.element,
            this.#log.element,
            this.#typing,
            this.#trouble,
            this.#composer.element,
            this.#farewell,
            this.#question,
        );
    }

    #makeQuestion(): HTMLElement {
        const {words} = this.#options.language;
        const yes = button(words.endChat, "danger", () => {
            this.#ask(false);
            this.#options.chat.end();
        });
        return make(
            "div",
            {class: "question", role: "alertdialog", "aria-labelledby": "question", "aria-describedby": "question-more"},
            make("p", {id: "question", class: "strong"}, words.endQuestion),
            make("p", {id: "question-more"}, words.endExplained),
            make("div", {class: "actions"}, this.#keep, yes),
        );
    }

    #ask(isAsking: boolean): void {
        if (this.#isAsking !== isAsking) {
            this.#isAsking = isAsking;
            show(this.#question, isAsking);
            this.#composer.element.inert = isAsking;
            this.#log.element.inert = isAsking;
            this.focus();
        }
    }

    #key(event: KeyboardEvent): void {
        if (event.key === "Escape") {
            event.stopPropagation();
            this.#isAsking ? this.#ask(false) : this.#options.minimize();
        }
        // On a small screen the panel hides the page, so the keyboard stays in it as well.
        if (event.key === "Tab" && this.element.getAttribute("aria-modal") === "true") {
            this.#keepFocus(event);
        }
    }

    #keepFocus(event: KeyboardEvent): void {
        const all = this.element.querySelectorAll<HTMLElement>("button, input, textarea, a[href], [tabindex='0']");
        const reachable = [...all].filter((one) => one.checkVisibility() && one.tabIndex >= 0 && one.closest("[inert]") === null);
        const root = this.element.getRootNode() as ShadowRoot;
        const [leaving, entering] = event.shiftKey ? [reachable[0], reachable.at(-1)] : [reachable.at(-1), reachable[0]];
        if (root.activeElement === leaving) {
            event.preventDefault();
            entering?.focus();
        }
    }

    /** When one screen replaces another, the cursor goes along, but only if it was in here. */
    #moveFocus(): void {
        const {phase} = this.#options.chat;
        const screen = phase === "starting" ? "none" : phase === "chatting" ? "waiting" : phase;
        if (this.#phase !== screen) {
            const isWithin = this.#phase !== "" && this.element.getRootNode() instanceof ShadowRoot && !this.element.hidden;
            this.#phase = screen;
            const host = (this.element.getRootNode() as ShadowRoot).host;
            if (isWithin && (document.activeElement === host || document.activeElement === document.body)) {
                this.focus();
            }
        }
    }

    #updateStatus(): void {
        const {chat, language} = this.#options;
        const {words} = language;
        const parts: string[] = [];
        const isLive = chat.phase === "waiting" || chat.phase === "chatting";
        if (chat.isEnding) {
            parts.push(words.ending);
        } else if ((isLive && !chat.isConnected) || (chat.phase === "starting" && this.#isSlow && !chat.isConnected)) {
            parts.push(isLive ? words.reconnecting : words.starting);
        } else if (chat.phase === "waiting") {
            parts.push(words.waiting, ...this.#place());
        }
        write(this.#status, parts.join(" "));
        show(this.#status, parts.length > 0);
        this.#status.classList.toggle("warning", isLive && !chat.isConnected);
        const [one, more] = chat.conversation.typing;
        const name = cleanName(one?.nickname ?? "") || words.agent;
        write(this.#typing, one === undefined ? "" : more === undefined ? fill(words.typingOne, {name}) : words.typingMany);
        show(this.#typing, one !== undefined && isLive);
    }

    #place(): string[] {
        const {position, expectedWait} = this.#options.chat.place;
        const {words, tag} = this.#options.language;
        const said: string[] = [];
        if (position !== undefined && position >= 1) {
            said.push(fill(words.position, {position: position.toLocaleString(tag)}));
        }
        if (expectedWait !== undefined) {
            const minutes = Math.round(expectedWait / 60).toLocaleString(tag);
            said.push(expectedWait < 60 ? words.expectedSoon : fill(words.expectedMinutes, {minutes}));
        }
        return said;
    }

    #start(customer: Parameters<Chat["start"]>[0]): void {
        this.#isSlow = false;
        this.#options.after(SLOW_START_MS, () => {
            this.#isSlow = true;
            this.update();
        });
        this.#options.chat.start(customer, this.#options.userData());
    }

    #say(text: string): boolean {
        const isTaken = this.#options.chat.say(text);
        this.#complain(isTaken ? "" : this.#options.language.words.tooMany);
        return isTaken;
    }

    #complain(text: string): void {
        write(this.#trouble, text);
        show(this.#trouble, text !== "");
    }

    #saveTranscript(): void {
        const {chat, language, title} = this.#options;
        const day = new Date().toISOString().slice(0, 10);
        save(transcript(chat.conversation, language, title), `chat-${day}.txt`);
    }

    /** Asks once for each chat what may be sent; the button is not there until that is known. */
    #learnLimits(): void {
        const {chat, files} = this.#options;
        const chatId = chat.credentials?.chatId ?? "";
        if (chatId !== this.#limitsOf && chat.isConnected) {
            this.#limitsOf = chatId;
            this.#limits = undefined;
            this.#composer.allowFiles(false, []);
            files.limits().then((limits) => this.#allow(limits), () => (this.#limitsOf = ""));
        }
    }

    #allow(limits: FileLimits | undefined): void {
        this.#limits = limits;
        this.#composer.allowFiles(limits !== undefined && limits.files > 0, limits?.types ?? []);
    }

    async #upload(chosen: File[]): Promise<void> {
        const {chat, files, language} = this.#options;
        const {words, tag} = language;
        this.#complain("");
        const explain = (reason: FileRefusal, name: string, limits: FileLimits) => {
            const size = bytes(reason === "fileTooLarge" ? limits.fileBytes : limits.totalBytes, tag);
            return fill(words[reason], {name, size, count: limits.files, types: limits.types.join(", ")});
        };
        for (const file of chosen) {
            const limits = this.#limits;
            if (limits === undefined) {
                return;
            }
            const name = cleanName(file.name);
            const reason = refusal(file, limits, chat.conversation.agents.length > 0);
            if (reason !== undefined) {
                this.#complain(explain(reason, name, limits));
                return;
            }
            try {
                const percent = (share: number) => Math.floor(share * 100).toLocaleString(tag);
                const answer = await files.upload(file, (share) =>
                    this.#complain(fill(words.uploading, {name, percent: percent(share)})),
                );
                const {code = 0, advice = ""} = answer.errors[0] ?? {};
                const refused = FILE_REFUSALS[code];
                const other = `${fill(words.uploadFailed, {name})} ${advice}`.trim();
                this.#complain(answer.statusCode === 0 ? "" : refused === undefined ? other : explain(refused, name, limits));
                this.#allow(answer.statusCode === 0 ? used(limits, file.size) : limits);
            } catch {
                this.#complain(fill(words.uploadFailed, {name}));
            }
        }
    }

    async #download(file: SharedFile): Promise<void> {
        this.#complain("");
        try {
            save(await this.#options.files.download(file.id), fileName(file.name));
        } catch {
            this.#complain(this.#options.language.words.downloadFailed);
        }
    }
}

function used(limits: FileLimits, size: number): FileLimits {
    return {...limits, usedFiles: limits.usedFiles + 1, usedBytes: limits.usedBytes + size};
}
