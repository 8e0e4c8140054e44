// Something that is sent once, however often its answer is lost.

import {newKey as newKeyOfBrowser} from "./outbox/web-tabs.ts";
import {PASSWORD_DEMANDED, Refused} from "./trouble.ts";

export class Once {
    readonly #newKey: () => string;
    /** What got no answer: the same again is the same request, anything else is another. */
    #unanswered: {what: string; key: string} | null = null;

    constructor(newKey: () => string = newKeyOfBrowser) {
        this.#newKey = newKey;
    }

    /** Sends under a key; `what` tells it from everything else. */
    async send<T>(what: string, send: (key: string) => Promise<T>): Promise<T> {
        const last = this.#unanswered;
        const key = last !== null && last.what === what ? last.key : this.#newKey();
        this.#unanswered = {what, key};
        try {
            const answer = await send(key);
            this.#unanswered = null;
            return answer;
        } catch (trouble) {
            if (trouble instanceof Refused && trouble.code !== PASSWORD_DEMANDED) {
                this.#unanswered = null;
            }
            throw trouble;
        }
    }
}
