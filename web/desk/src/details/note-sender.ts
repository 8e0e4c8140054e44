// Adds notes, each once.

import type {Api} from "../api/http.ts";
import {newKey} from "../api/outbox/web-tabs.ts";
import {Refused} from "../api/trouble.ts";

export class NoteSender {
    readonly #api: Pick<Api, "post">;
    /** What got no answer: the same words again are the same request, others are another. */
    #unanswered: {path: string; text: string; key: string} | null = null;

    constructor(api: Pick<Api, "post">) {
        this.#api = api;
    }

    async add(interactionId: string, text: string): Promise<void> {
        const path = `interactions/${interactionId}/notes`;
        const last = this.#unanswered;
        const isAgain = last !== null && last.path === path && last.text === text;
        const key = isAgain ? last.key : newKey();
        this.#unanswered = {path, text, key};
        try {
            await this.#api.post(path, {text}, {key});
            this.#unanswered = null;
        } catch (trouble) {
            if (trouble instanceof Refused) {
                this.#unanswered = null;
            }
            throw trouble;
        }
    }
}
