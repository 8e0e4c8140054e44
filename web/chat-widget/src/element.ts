// The element `<handoff-chat>`: a launcher and its dialog, in a shadow tree that the page's styles do not reach.

import styles from "./chat.css?inline";
import {Chat, type Phase} from "./chat.ts";
import {Files} from "./files.ts";
import {fill, language, type Language} from "./languages.ts";
import {CometdLink} from "./link/cometd-link.ts";
import {RestLink} from "./link/rest-link.ts";
import {tabMemory} from "./memory.ts";
import {readFields, readUserData} from "./options.ts";
import {drawing, make, show} from "./view/dom.ts";
import {Panel} from "./view/panel.ts";

/** Where the panel takes the whole screen; the style sheet has the same number. */
const SMALL_SCREEN = "(max-width: 480px)";

/** Where the script came from: that server serves the chat unless the page says otherwise. */
let scriptBase = "";

/** Says where the script came from. */
export function setScriptBase(base: string): void {
    scriptBase = base;
}

/** The chat of a page. */
export class HandoffChat extends HTMLElement {
    readonly #root = this.attachShadow({mode: "open"});
    #chat: Chat | undefined;
    #panel: Panel | undefined;
    #launcher = make("button", {type: "button", class: "launcher", "aria-haspopup": "dialog"});
    #badge = make("span", {class: "badge", "aria-hidden": "true"});
    #language: Language = language();
    #seen = 0;
    #phase: Phase = "none";
    #gone = new AbortController();

    /** Builds everything once the page's attributes are there. */
    connectedCallback(): void {
        const service = this.getAttribute("service");
        if (this.#chat !== undefined || service === null || service === "") {
            return;
        }
        const base = (this.getAttribute("server") ?? scriptBase).replace(/\/+$/u, "");
        this.#gone = new AbortController();
        this.#language = language(this.getAttribute("lang"), document.documentElement.lang, ...navigator.languages);
        applyStyles(this.#root);
        const chat = this.#makeChat(base, service);
        this.#chat = chat;
        this.#panel = new Panel({
            chat,
            files: new Files(base, () => chat.credentials),
            language: this.#language,
            title: this.getAttribute("title") ?? this.#language.words.title,
            fields: readFields(this.getAttribute("fields")),
            userData: () => ({TimeZone: String(-new Date().getTimezoneOffset()), ...readUserData(this.getAttribute("user-data"))}),
            minimize: () => this.close(),
            after,
        });
        // The title is the dialog's; as an attribute it would also be a tooltip of everything in here.
        this.removeAttribute("title");
        this.#launcher.append(drawing("chat"), this.#badge);
        this.#root.append(this.#launcher, this.#panel.element);
        this.#listen(chat);
        const isResumed = chat.resume();
        this.#setOpen(isResumed && chat.isOpen);
        this.#update();
    }

    /** Lets go of the connection; the chat itself goes on at the server. */
    disconnectedCallback(): void {
        this.#gone.abort();
        this.#chat?.suspend();
        this.#chat = undefined;
        this.#panel = undefined;
        this.#launcher = make("button", {type: "button", class: "launcher", "aria-haspopup": "dialog"});
        this.#badge = make("span", {class: "badge", "aria-hidden": "true"});
        this.#root.replaceChildren();
    }

    /** Opens the dialog and puts the cursor into it. */
    open(): void {
        this.#setOpen(true);
        this.#panel?.focus();
    }

    /** Puts the dialog away; the chat goes on. */
    close(): void {
        this.#setOpen(false);
        this.#launcher.focus();
    }

    #makeChat(base: string, service: string): Chat {
        const chat: Chat = new Chat({
            makeLink: (kind, events) => {
                const context = {credentials: () => chat.credentials, nextPosition: () => chat.conversation.nextPosition};
                return kind === "cometd" ? new CometdLink(base, service, events) : new RestLink(base, service, context, events);
            },
            memory: tabMemory(base, service),
            after,
            now: () => Date.now(),
            uniqueName,
            changed: () => this.#update(),
        });
        return chat;
    }

    #listen(chat: Chat): void {
        const {signal} = this.#gone;
        this.#launcher.addEventListener("click", () => (chat.isOpen ? this.close() : this.open()));
        window.addEventListener("online", () => chat.online(), {signal});
        window.addEventListener("offline", () => chat.offline(), {signal});
        const small = matchMedia(SMALL_SCREEN);
        const fit = () => this.#panel?.element.setAttribute("aria-modal", String(small.matches));
        small.addEventListener("change", fit, {signal});
        fit();
    }

    #setOpen(isOpen: boolean): void {
        this.#chat?.setOpen(isOpen);
        if (this.#panel !== undefined) {
            show(this.#panel.element, isOpen);
        }
        this.#launcher.setAttribute("aria-expanded", String(isOpen));
        this.#update();
    }

    #update(): void {
        const chat = this.#chat;
        if (chat === undefined) {
            return;
        }
        if (chat.isOpen) {
            this.#panel?.update();
            this.#seen = chat.conversation.nextPosition - 1;
        }
        if (chat.phase !== this.#phase) {
            this.#phase = chat.phase;
            this.dispatchEvent(new CustomEvent("phasechange", {detail: {phase: chat.phase}}));
        }
        const unread = chat.conversation.entries.filter(
            (entry) => (entry.index ?? 0) > this.#seen && entry.type === "Message" && entry.from.type !== "Client",
        ).length;
        const {words} = this.#language;
        const label = unread > 0 ? fill(words.openChatUnread, {count: unread}) : chat.isOpen ? words.minimize : words.openChat;
        this.#launcher.setAttribute("aria-label", label);
        this.#badge.textContent = unread > 9 ? "9+" : String(unread);
        show(this.#badge, unread > 0);
    }
}

/** A style sheet that a content security policy without inline styles lets through, where the browser can do that. */
function applyStyles(root: ShadowRoot): void {
    try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(styles);
        root.adoptedStyleSheets = [sheet];
    } catch {
        root.append(make("style", {}, styles));
    }
}

function after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
}

/** 128 random bits; `crypto.randomUUID` is missing on pages without TLS. */
function uniqueName(): string {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
