// The dialog: a start form, then the conversation, then the way out; and a message for later, where nobody can chat. It shows what the chat
// is; it decides nothing.

import {explain} from "../availability.ts";
import type {Chat, Customer} from "../chat.ts";
import {save, type Files, type SharedFile} from "../files.ts";
import {fill, type Language} from "../languages.ts";
import type {TabMemory} from "../memory.ts";
import type {LeftMessage, MessageDoor} from "../message.ts";
import type {Field} from "../options.ts";
import {cleanName, fileName} from "../text.ts";
import type {After} from "../timers.ts";
import {transcript} from "../transcript.ts";
import {Composer} from "./composer.ts";
import {button, iconButton, make, show, write} from "./dom.ts";
import {takeDrops} from "./drop.ts";
import {StartForm} from "./form.ts";
import {Log} from "./log.ts";
import {MessageForm} from "./message-form.ts";
import {Troubles} from "./troubles.ts";
import {Uploads} from "./uploads.ts";

/** What the panel needs. */
export interface PanelOptions {
    chat: Chat;
    files: Files;
    door: MessageDoor;
    tab: TabMemory;
    language: Language;
    title: string;
    fields: Field[];
    userData(): Record<string, string>;
    minimize(): void;
    after: After;
    uniqueName(): string;
}

/** What fills the dialog. */
type Screen = "form" | "chat" | "ended" | "message" | "thanks";

/** A start that takes longer, in ms, can be given up. */
const SLOW_START_MS = 3_000;

/** The chat's dialog. */
export class Panel {
    readonly element: HTMLElement;
    readonly #options: PanelOptions;
    readonly #form: StartForm;
    readonly #message: MessageForm;
    readonly #log: Log;
    readonly #composer: Composer;
    readonly #troubles: Troubles;
    readonly #uploads: Uploads;
    readonly #status = make("p", {class: "status", role: "status"});
    readonly #leave: HTMLButtonElement;
    readonly #typing = make("p", {class: "typing", "aria-live": "polite"});
    readonly #question: HTMLElement;
    readonly #farewell: HTMLElement;
    readonly #thanks: HTMLElement;
    readonly #save: HTMLButtonElement;
    readonly #end: HTMLButtonElement;
    readonly #keep: HTMLButtonElement;
    readonly #newChat: HTMLButtonElement;
    readonly #done: HTMLButtonElement;
    #isSlow = false;
    #shown: Screen | undefined;
    #isAsking = false;
    /** The e-mail service that takes a message, while one is written. */
    #leaveTo: string | undefined;
    #messageId = "";
    #sentFrom: string | undefined;

    constructor(options: PanelOptions) {
        this.#options = options;
        const {chat, language, fields, tab, uniqueName} = options;
        const {words} = language;
        this.#form = new StartForm(fields, language, {
            start: (customer) => this.#start(customer),
            cancel: () => chat.reset(),
            leaveMessage: () => this.#writeMessage(),
            drafts: (answers) => tab.save("form", answers),
        });
        this.#message = new MessageForm(language, {
            send: (message) => this.#sendMessage(message),
            back: () => this.#leaveMessageForm(),
            drafts: (message) => tab.save("mail", message),
        });
        this.#log = new Log(language, {
            download: (file) => void this.#download(file),
            edit: (messageId) => this.#composer.restore(chat.takeBack(messageId)),
        });
        this.#composer = new Composer(language, {
            say: (text) => this.#say(text),
            complain: (text) => this.#troubles.say("message", text),
            types: (hasText) => chat.types(hasText),
            attach: (files) => this.#uploads.take(files),
            drafts: (text) => tab.save("message", text),
        });
        this.#troubles = new Troubles(words);
        const allow = (isAllowed: boolean, types: string[]) => this.#composer.allowFiles(isAllowed, types);
        this.#uploads = new Uploads({chat, files: options.files, language, troubles: this.#troubles, uniqueName, allow});
        this.#composer.allowFiles(false, []);
        this.#save = iconButton("save", words.saveTranscript, "icon-button", () => this.#saveTranscript());
        this.#end = iconButton("end", words.endChat, "icon-button", () => this.#ask(true));
        this.#keep = button(words.keepChatting, "secondary", () => this.#ask(false));
        this.#newChat = button(words.newChat, "primary", () => this.#startAnew());
        this.#done = button(words.done, "primary", () => this.#finish());
        this.#leave = button(words.leaveMessage, "primary wide leave", () => this.#writeMessage());
        this.#question = this.#makeQuestion();
        this.#farewell = this.#makeFarewell();
        this.#thanks = make("div", {class: "sheet thanks"}, make("p", {class: "strong"}, words.messageSent), make("p", {class: "thanks-more"}), this.#done);
        this.element = this.#assemble();
        this.element.addEventListener("keydown", (event) => this.#key(event));
        takeDrops(this.element, (files) => this.#drop(files));
        this.#restoreDrafts();
    }

    /** Brings everything up to date with the chat. */
    update(): void {
        const {chat} = this.#options;
        this.#keepHalfWritten();
        const screen = this.#screen();
        const isChat = screen === "chat" || screen === "ended";
        const isLive = screen === "chat" && !chat.isEnding;
        show(this.#form.element, screen === "form");
        show(this.#message.element, screen === "message");
        show(this.#thanks, screen === "thanks");
        show(this.#log.element, isChat);
        show(this.#composer.element, isLive);
        show(this.#farewell, screen === "ended");
        show(this.#save, isChat);
        show(this.#end, isLive);
        this.#form.update(chat, this.#isSlow);
        this.#updateStatus(screen);
        this.#updateFarewell();
        if (chat.phase === "none" || chat.phase === "starting") {
            this.#log.clear();
        } else {
            this.#log.update(chat.conversation, chat.question);
            this.#uploads.learnLimits();
        }
        if (!isLive) {
            this.#ask(false);
        }
        this.#moveFocus(screen);
    }

    /** Puts the cursor where the customer goes on. */
    focus(): void {
        if (this.#isAsking) {
            this.#keep.focus();
        } else {
            const places = {form: this.#form, message: this.#message, thanks: this.#done, ended: this.#newChat, chat: this.#composer};
            places[this.#screen()].focus();
        }
        this.#log.toEnd();
    }

    #screen(): Screen {
        const {phase} = this.#options.chat;
        if (this.#sentFrom !== undefined) {
            return "thanks";
        }
        if (this.#leaveTo !== undefined) {
            return "message";
        }
        return phase === "none" || phase === "starting" ? "form" : phase === "ended" ? "ended" : "chat";
    }

    #assemble(): HTMLElement {
        const {title, language, minimize} = this.#options;
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
            this.#leave,
            this.#form.element,
            this.#message.element,
            this.#thanks,
            this.#log.element,
            this.#typing,
            this.#uploads.element,
            this.#uploads.said,
            this.#troubles.element,
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

    #makeFarewell(): HTMLElement {
        const {words} = this.#options.language;
        const leave = button(words.leaveMessage, "secondary leave", () => this.#writeMessage());
        const saves = button(words.saveTranscript, "secondary", () => this.#saveTranscript());
        return make(
            "div",
            {class: "farewell"},
            make("p", {class: "farewell-why"}),
            make("p", {class: "farewell-unsent"}, words.unsentExplained),
            make("div", {class: "actions"}, saves, leave, this.#newChat),
        );
    }

    #updateFarewell(): void {
        const {chat, language} = this.#options;
        const part = (name: string) => this.#farewell.querySelector<HTMLElement>(name) ?? this.#farewell;
        write(part(".farewell-why"), chat.isUnserved ? language.words.unserved : language.words.ended);
        show(part(".farewell-unsent"), chat.conversation.pending.length > 0);
        show(part(".leave"), chat.availability?.leaveMessage !== undefined);
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
    #moveFocus(screen: Screen): void {
        if (this.#shown !== screen) {
            const isWithin = this.#shown !== undefined && this.element.getRootNode() instanceof ShadowRoot && !this.element.hidden;
            this.#shown = screen;
            const host = (this.element.getRootNode() as ShadowRoot).host;
            if (isWithin && (document.activeElement === host || document.activeElement === document.body)) {
                this.focus();
            }
        }
    }

    #updateStatus(screen: Screen): void {
        const {chat, language} = this.#options;
        const {words} = language;
        const isLive = chat.phase === "waiting" || chat.phase === "chatting";
        const missing = chat.phase === "waiting" && chat.isConnected && chat.isKnown ? explain(chat.availability, language) : [];
        const parts: string[] = [];
        if (chat.isEnding) {
            parts.push(words.ending);
        } else if (isLive && !chat.isConnected && chat.isKnown) {
            parts.push(words.reconnecting);
        } else if ((isLive && !chat.isKnown) || (chat.phase === "starting" && this.#isSlow && !chat.isConnected)) {
            parts.push(words.starting);
        } else if (chat.phase === "waiting") {
            parts.push(...(missing.length > 0 ? missing : [words.waiting]), ...this.#place(missing.length === 0));
        }
        const isShown = parts.length > 0 && screen !== "thanks" && screen !== "message";
        write(this.#status, parts.join(" "));
        show(this.#status, isShown);
        this.#status.classList.toggle("warning", isLive && !chat.isConnected);
        show(this.#leave, isShown && missing.length > 0 && chat.availability?.leaveMessage !== undefined);
        const [one, more] = chat.conversation.typing;
        const name = cleanName(one?.nickname ?? "") || words.agent;
        write(this.#typing, one === undefined ? "" : more === undefined ? fill(words.typingOne, {name}) : words.typingMany);
        show(this.#typing, one !== undefined && screen === "chat");
    }

    #place(isServed: boolean): string[] {
        const {position, expectedWait} = this.#options.chat.place;
        const {words, tag} = this.#options.language;
        const said: string[] = [];
        if (position !== undefined && position >= 1) {
            said.push(fill(words.position, {position: position.toLocaleString(tag)}));
        }
        if (expectedWait !== undefined && isServed) {
            const minutes = Math.round(expectedWait / 60).toLocaleString(tag);
            said.push(expectedWait < 60 ? words.expectedSoon : fill(words.expectedMinutes, {minutes}));
        }
        return said;
    }

    #start(customer: Customer): void {
        this.#isSlow = false;
        this.#options.after(SLOW_START_MS, () => {
            this.#isSlow = true;
            this.update();
        });
        this.#troubles.clear();
        this.#options.chat.start(customer, this.#options.userData());
    }

    /** Back to the form; what could not be sent is there to be asked again. */
    #startAnew(): void {
        const {chat, tab} = this.#options;
        const subject = this.#unsent();
        this.#form.fill({subject});
        tab.save("form", this.#form.drafts);
        this.#troubles.clear();
        chat.reset();
    }

    #unsent(): string {
        return this.#options.chat.conversation.pending.map((message) => message.text).join("\n");
    }

    #say(text: string): boolean {
        const isTaken = this.#options.chat.say(text);
        isTaken ? this.#troubles.take("message") : this.#troubles.say("message", this.#options.language.words.tooMany);
        return isTaken;
    }

    /** What was half written when the chat ended stays beside what was not sent; when somebody comes while a message for later is
     * written, it goes on in the chat. */
    #keepHalfWritten(): void {
        const {chat} = this.#options;
        const {text} = this.#composer;
        if (chat.phase === "ended" && text !== "") {
            this.#composer.draft = "";
            chat.keepUnsent(text);
        }
        if (chat.phase === "chatting" && this.#leaveTo !== undefined) {
            const written = this.#message.drafts.text.trim();
            this.#leaveTo = undefined;
            if (written !== "" && written !== chat.question) {
                this.#composer.draft = text === "" ? written : `${written}\n${text}`;
            }
        }
    }

    #restoreDrafts(): void {
        const {tab} = this.#options;
        const [message, form, mail] = [tab.load("message"), tab.load("form"), tab.load("mail")];
        this.#composer.draft = typeof message === "string" ? message : "";
        this.#form.fill(texts(form));
        const {text = "", ...known} = texts(mail);
        this.#message.fill(known, text, false);
    }

    #writeMessage(): void {
        const {chat, uniqueName} = this.#options;
        const service = chat.availability?.leaveMessage;
        if (service !== undefined) {
            this.#leaveTo = service;
            this.#messageId ||= uniqueName();
            const customer = this.#form.customer;
            const question = chat.phase === "none" ? (customer.subject ?? "") : chat.question;
            // All that nobody has read.
            const said = [question, ...chat.conversation.own, this.#unsent()].filter((text) => text !== "");
            this.#message.fill(customer, said.join("\n"), chat.phase === "waiting");
            this.update();
            this.focus();
        }
    }

    #leaveMessageForm(): void {
        this.#leaveTo = undefined;
        this.update();
        this.focus();
    }

    async #sendMessage(message: LeftMessage): Promise<string | undefined> {
        const {chat, door, tab, language, uniqueName, userData} = this.#options;
        const context = {service: this.#leaveTo ?? "", messageId: this.#messageId, chatId: chat.credentials?.chatId, userData: userData()};
        const {isTaken, advice} = await door.send(message, context);
        if (!isTaken) {
            return `${language.words.messageFailed} ${advice}`.trim();
        }
        this.#messageId = uniqueName();
        this.#message.clear();
        tab.save("mail", null);
        this.#leaveTo = undefined;
        this.#sentFrom = message.emailAddress;
        write(this.#thanks.querySelector<HTMLElement>(".thanks-more") ?? this.#thanks, fill(language.words.messageAnswer, {address: cleanName(message.emailAddress)}));
        if (chat.phase === "waiting") {
            // It is answered by e-mail now; two answers to one question would be one too many.
            chat.end();
        }
        this.update();
        this.focus();
        return undefined;
    }

    #finish(): void {
        this.#sentFrom = undefined;
        this.#startAnew();
        this.#options.minimize();
    }

    #drop(files: File[]): void {
        if (this.#screen() === "chat") {
            this.#uploads.take(files);
        } else {
            this.#troubles.say("drop", this.#options.language.words.filesLater);
        }
    }

    #saveTranscript(): void {
        const {chat, language, title} = this.#options;
        const day = new Date().toISOString().slice(0, 10);
        save(transcript(chat.conversation, chat.question, language, title), `chat-${day}.txt`);
    }

    async #download(file: SharedFile): Promise<void> {
        this.#troubles.take("download");
        try {
            save(await this.#options.files.download(file.id), fileName(file.name));
        } catch {
            this.#troubles.say("download", this.#options.language.words.downloadFailed);
        }
    }
}

/** The texts in what a tab kept; other scripts of the page can write there too. */
function texts(value: unknown): Record<string, string> {
    const fields = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return Object.fromEntries(fields.filter(([, text]) => typeof text === "string"));
}
