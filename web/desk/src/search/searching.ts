// A search under way: whoever types is waited for, and an answer to what is asked no more is
// dropped.

import {saidOf} from "../api/trouble.ts";
import {isSame, type Asked, type Hit, type Page} from "./search.ts";

export interface Found {
    /** What these have been found for; `null` before there was an answer. */
    asked: Asked | null;
    hits: Hit[];
    /** Where more begins; `null` where these are all. */
    next: string | null;
    /** Whether what happened last may not be among them yet. */
    isBehind: boolean;
    isReading: boolean;
    /** Why what is asked for could not be read, in the server's words, which may be none. */
    trouble: string | null;
}

export interface Surroundings {
    read(asked: Asked, cursor: string | null, signal: AbortSignal): Promise<Page>;
    show(found: Found): void;
    /** Told when what is asked for is looked for. */
    began(asked: Asked): void;
    /** Runs something later, and returns how that is called off. */
    after(ms: number, run: () => void): () => void;
}

/** How long whoever types is left alone, in ms. */
export const PAUSE_MS = 250;

export const NOTHING_FOUND: Found = {
    asked: null, hits: [], next: null, isBehind: false, isReading: false, trouble: null,
};

export class Searching {
    readonly #surroundings: Surroundings;
    #asked: Asked = {words: "", wider: []};
    #found = NOTHING_FOUND;
    #reading = new AbortController();
    #callOff = (): void => {};

    constructor(surroundings: Surroundings) {
        this.#surroundings = surroundings;
    }

    /** Looks for something else: at once, or when no more is typed. */
    ask(asked: Asked, when: "now" | "typed"): void {
        if (isSame(asked, this.#asked)) {
            return;
        }
        this.stop();
        this.#asked = asked;
        if (when === "now") {
            this.#begin();
        } else {
            this.#callOff = this.#surroundings.after(PAUSE_MS, () => this.#begin());
        }
    }

    /** Looks for the same again. */
    again(): void {
        this.stop();
        this.#begin();
    }

    /** Reads on. */
    more(): void {
        const {next, isReading} = this.#found;
        if (next !== null && !isReading) {
            void this.#read(next, this.#found.hits);
        }
    }

    /** Waits for nothing any more. */
    stop(): void {
        this.#callOff();
        this.#reading.abort();
    }

    #begin(): void {
        this.#surroundings.began(this.#asked);
        if (this.#asked.words.trim() === "") {
            this.#show(NOTHING_FOUND);
        } else {
            void this.#read(null, []);
        }
    }

    async #read(cursor: string | null, before: Hit[]): Promise<void> {
        const asked = this.#asked;
        this.#reading = new AbortController();
        const {signal} = this.#reading;
        this.#show({...this.#found, isReading: true, trouble: null});
        try {
            const {hits, next, isBehind} = await this.#surroundings.read(asked, cursor, signal);
            if (!signal.aborted) {
                const known = new Set(before.map(({interaction}) => interaction.id));
                const further = hits.filter(({interaction}) => !known.has(interaction.id));
                const all = [...before, ...further];
                this.#show({asked, hits: all, next, isBehind, isReading: false, trouble: null});
            }
        } catch (trouble) {
            if (!signal.aborted) {
                this.#show({...this.#found, isReading: false, trouble: saidOf(trouble)});
            }
        }
    }

    #show(found: Found): void {
        this.#found = found;
        this.#surroundings.show(found);
    }
}
