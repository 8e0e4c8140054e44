// Adds notes, each once.

import type {Api} from "../api/http.ts";
import {Once} from "../api/once.ts";

export class NoteSender {
    readonly #api: Pick<Api, "post">;
    readonly #once = new Once();

    constructor(api: Pick<Api, "post">) {
        this.#api = api;
    }

    async add(interactionId: string, text: string): Promise<void> {
        const path = `interactions/${interactionId}/notes`;
        await this.#once.send(`${path} ${text}`, (key) => this.#api.post(path, {text}, {key}));
    }
}
