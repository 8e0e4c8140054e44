// The link of last resort: plain requests, and a question for news every few seconds.

import type {Link, LinkEvents, Operation, OperationData} from "../link.ts";
import {readAnswer, type Answer, type Credentials} from "../wire.ts";

/** Time between two questions for news, in ms. */
const REFRESH_MS = 2_000;
/** How long a request may take, in ms. */
const REQUEST_MS_MAX = 15_000;

/** What the last part of the address is for each operation; none asks for a chat. */
const PATHS: Record<Operation, string> = {
    requestChat: "",
    requestNotifications: "refresh",
    sendMessage: "send",
    startTyping: "startTyping",
    stopTyping: "stopTyping",
    disconnect: "disconnect",
};

/** What the link has to know of the chat whenever it asks. */
export interface RestContext {
    credentials(): Credentials | undefined;
    nextPosition(): number;
}

/** Polling over REST. */
export class RestLink implements Link {
    readonly #address: string;
    readonly #events: LinkEvents;
    readonly #context: RestContext;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #isOver = false;

    constructor(base: string, service: string, context: RestContext, events: LinkEvents) {
        this.#address = `${base}/genesys/2/chat/${encodeURIComponent(service)}`;
        this.#context = context;
        this.#events = events;
    }

    async open(): Promise<void> {
        if (this.#context.credentials() !== undefined) {
            await this.publish("requestNotifications", {transcriptPosition: this.#context.nextPosition()});
        }
        this.#schedule();
    }

    async publish(operation: Operation, data: OperationData): Promise<void> {
        const answer = await this.#request(operation, data);
        if (!this.#isOver) {
            this.#events.answer(answer);
        }
    }

    close(): void {
        this.#isOver = true;
        clearTimeout(this.#timer);
    }

    #schedule(): void {
        if (this.#isOver) {
            return;
        }
        this.#timer = setTimeout(() => {
            const isChatting = this.#context.credentials() !== undefined;
            const asked = isChatting ? this.publish("requestNotifications", {}) : Promise.resolve();
            asked.then(() => this.#schedule(), () => this.#lose());
        }, REFRESH_MS);
    }

    #lose(): void {
        if (!this.#isOver) {
            this.close();
            this.#events.lost();
        }
    }

    async #request(operation: Operation, data: OperationData): Promise<Answer> {
        const credentials = this.#context.credentials();
        let address = this.#address;
        const form = new URLSearchParams();
        if (operation !== "requestChat" && credentials !== undefined) {
            address += `/${encodeURIComponent(credentials.chatId)}/${PATHS[operation]}`;
            form.set("userId", credentials.userId);
            form.set("secureKey", credentials.secureKey);
            form.set("alias", credentials.alias);
            form.set("transcriptPosition", String(this.#context.nextPosition()));
        }
        for (const [name, value] of Object.entries(data)) {
            if (typeof value === "object") {
                Object.entries(value).forEach(([key, item]) => form.set(`${name}[${key}]`, item));
            } else {
                form.set(name, String(value));
            }
        }
        return post(address, form);
    }
}

/** Posts a form; whatever the status, a body that is an answer is one. */
async function post(address: string, form: URLSearchParams): Promise<Answer> {
    const response = await fetch(address, {
        method: "POST",
        body: form,
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
    const answer = readAnswer(await response.json().catch(() => undefined));
    if (answer === undefined) {
        throw new Error(`the server answered with status ${response.status}`);
    }
    return answer;
}
