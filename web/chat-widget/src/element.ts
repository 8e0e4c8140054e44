// The element `<handoff-chat>`: a launcher and its dialog, in a shadow tree that the page's styles do not reach.

import {askAvailability} from "./availability-door.ts";
import frame from "./chat.css?inline";
import {Chat, type Phase} from "./chat.ts";
import conversation from "./conversation.css?inline";
import {Files} from "./files.ts";
import {fill, language, type Language} from "./languages.ts";
import {CometdLink} from "./link/cometd-link.ts";
import {RestLink} from "./link/rest-link.ts";
import {sharedMemory, tabMemory, type TabMemory} from "./memory.ts";
import {MessageDoor} from "./message.ts";
import {Bell, TitleMark} from "./notify.ts";
import {readFields, readNotify, readUserData} from "./options.ts";
import screens from "./screens.css?inline";
import {Timers} from "./timers.ts";
import {drawing, make, show} from "./view/dom.ts";
import {Panel} from "./view/panel.ts";
import {followViewport} from "./view/viewport.ts";

/** How long a new request for a chat rests, in ms: nobody notices, and local storage reaches another tab within a tenth of it. */
const SETTLE_MS = 150;
/** While the form is looked at, who is there is asked again this often, in ms. */
const AVAILABILITY_MS = 30_000;

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
    #tab: TabMemory | undefined;
    #launcher = make("button", {type: "button", class: "launcher", "aria-haspopup": "dialog"});
    #badge = make("span", {class: "badge", "aria-hidden": "true"});
    #language: Language = language();
    #title: string | null = null;
    #isOpen = false;
    #unread = 0;
    #phase: Phase = "none";
    #gone = new AbortController();
    readonly #mark = new TitleMark();
    readonly #bell = new Bell();
    readonly #timers = new Timers(after);

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
        // The title is the dialog's; as an attribute it would also be a tooltip of everything in here. A page that moves the element has
        // given it once.
        this.#title = this.getAttribute("title") ?? this.#title;
        this.removeAttribute("title");
        const chat = this.#makeChat(base, service);
        const tab = tabMemory(base, service);
        this.#chat = chat;
        this.#tab = tab;
        this.#panel = new Panel({
            chat,
            files: new Files(base, () => chat.credentials),
            door: new MessageDoor(base),
            tab,
            language: this.#language,
            title: this.#title ?? this.#language.words.title,
            fields: readFields(this.getAttribute("fields")),
            userData: () => ({TimeZone: String(-new Date().getTimezoneOffset()), ...readUserData(this.getAttribute("user-data"))}),
            minimize: () => this.close(),
            after,
            uniqueName,
        });
        this.#launcher.append(drawing("chat"), this.#badge);
        this.#root.append(this.#launcher, this.#panel.element);
        this.#listen(chat, () => askAvailability(base, service));
        const isResumed = chat.resume();
        this.#setOpen(isResumed && tab.load("open") === true);
    }

    /** Lets go of the connection; the chat itself goes on at the server. */
    disconnectedCallback(): void {
        this.#gone.abort();
        this.#chat?.suspend();
        this.#timers.cancelAll();
        this.#mark.show(0);
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
        const now = () => Date.now();
        const chat: Chat = new Chat({
            makeLink: (kind, events) => {
                const context = {credentials: () => chat.credentials, nextPosition: () => chat.conversation.nextPosition};
                return kind === "cometd" ? new CometdLink(base, service, events) : new RestLink(base, service, context, events);
            },
            memory: sharedMemory(base, service, now, () => chat.sync(), this.#gone.signal),
            after,
            now,
            uniqueName,
            settleMs: SETTLE_MS,
            changed: () => this.#update(),
        });
        return chat;
    }

    #listen(chat: Chat, ask: () => ReturnType<typeof askAvailability>): void {
        const {signal} = this.#gone;
        this.#launcher.addEventListener("click", () => (this.#isOpen ? this.close() : this.open()));
        window.addEventListener("online", () => chat.online(), {signal});
        window.addEventListener("offline", () => chat.offline(), {signal});
        document.addEventListener("visibilitychange", () => this.#update(), {signal});
        if (this.#panel !== undefined) {
            followViewport(this.#panel.element, signal);
        }
        this.#lookWhoIsThere = () => {
            if (this.#isOpen && chat.phase === "none" && !document.hidden) {
                void ask().then((availability) => chat.learnAvailability(availability));
                this.#timers.set("availability", AVAILABILITY_MS, () => this.#lookWhoIsThere());
            } else {
                this.#timers.cancel("availability");
            }
        };
    }

    /** Asks whether somebody is there, now and again while the form is looked at. */
    #lookWhoIsThere: () => void = () => {};

    #setOpen(isOpen: boolean): void {
        this.#isOpen = isOpen;
        this.#tab?.save("open", isOpen);
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
        if (this.#isOpen) {
            this.#panel?.update();
        }
        if (this.#isOpen && !document.hidden) {
            chat.looks();
        }
        if (chat.phase !== this.#phase) {
            this.#phase = chat.phase;
            this.dispatchEvent(new CustomEvent("phasechange", {detail: {phase: chat.phase}}));
        }
        if (this.#isOpen && chat.phase === "none" && !document.hidden && !this.#timers.has("availability")) {
            this.#lookWhoIsThere();
        }
        const replies = chat.conversation.entries.filter((entry) => entry.from.type !== "Client" && SAID.includes(entry.type));
        this.#tellUnread(replies.filter((entry) => (entry.index ?? 0) > chat.seen).length);
    }

    /** Says how many replies were not seen: on the launcher, to the page, and to somebody who looks at another tab. */
    #tellUnread(count: number): void {
        const {words} = this.#language;
        const label = count > 0 ? fill(words.openChatUnread, {count}) : this.#isOpen ? words.minimize : words.openChat;
        this.#launcher.setAttribute("aria-label", label);
        this.#badge.textContent = count > 9 ? "9+" : String(count);
        show(this.#badge, count > 0);
        const {title, sound} = readNotify(this.getAttribute("notify"));
        this.#mark.show(title && document.hidden ? count : 0);
        if (count === this.#unread) {
            return;
        }
        if (sound && document.hidden && count > this.#unread) {
            this.#bell.ring();
        }
        this.#unread = count;
        this.dispatchEvent(new CustomEvent("unread", {detail: {count}}));
    }
}

/** What counts as a reply. */
const SAID: readonly string[] = ["Message", "PushUrl", "FileUploaded"];

/** A style sheet that a content security policy without inline styles lets through, where the browser can do that. */
function applyStyles(root: ShadowRoot): void {
    const styles = [frame, conversation, screens].join("\n");
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
