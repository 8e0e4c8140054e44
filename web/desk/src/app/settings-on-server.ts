// Keeps the settings on the server too, so that they are the same on every computer. What is put
// last counts: they are few, and of one person.

import {fields} from "../api/fields.ts";
import type {Answer} from "../api/http.ts";
import {readSettings, type Settings} from "./settings.ts";

const PATH = "me/settings/desk";
/** How long changes are gathered before they are put, in ms. */
const GATHER_MS = 1_000;
/** After a try that failed the next one is made after so long, in ms. */
const AGAIN_MS = 10_000;

export interface SettingsSurroundings {
    api: {
        get(path: string): Promise<Answer>;
        put(path: string, body: unknown): Promise<Answer>;
    };
    chosen: Settings;
    after(ms: number, run: () => void): () => void;
}

export class SettingsOnServer {
    readonly #surroundings: SettingsSurroundings;
    /** What the server is known to have, as text. */
    #known = "";
    #cancel = () => {};
    #isPutting = false;
    /** Of requests of this page, which need not read what they wrote. */
    readonly #own = new Set<unknown>();

    constructor(surroundings: SettingsSurroundings) {
        this.#surroundings = surroundings;
    }

    /** Takes what the server has; what it has nothing of stays as it is here, and goes there. */
    async read(): Promise<void> {
        const {api, chosen} = this.#surroundings;
        let kept: Record<string, unknown>;
        try {
            kept = fields((await api.get(PATH))["settings"]);
        } catch {
            // As chosen in this browser, until the next link.
            return;
        }
        if (Object.keys(kept).length > 0) {
            Object.assign(chosen, readSettings(kept));
            this.#known = JSON.stringify(chosen);
        }
        this.changed();
    }

    /** Something may have been chosen here. */
    changed(): void {
        if (JSON.stringify(this.#surroundings.chosen) !== this.#known) {
            this.#later(GATHER_MS);
        }
    }

    /** They changed on the server, by the request of that number. */
    async told(referenceId: number | null): Promise<void> {
        if (!this.#isPutting && !this.#own.has(referenceId)) {
            await this.read();
        }
    }

    stop(): void {
        this.#cancel();
    }

    #later(ms: number): void {
        this.#cancel();
        this.#cancel = this.#surroundings.after(ms, () => void this.#put());
    }

    async #put(): Promise<void> {
        const {api, chosen} = this.#surroundings;
        const text = JSON.stringify(chosen);
        this.#isPutting = true;
        try {
            const answer = await api.put(PATH, JSON.parse(text));
            this.#own.add(answer["referenceId"]);
            this.#known = text;
            this.changed();
        } catch {
            this.#later(AGAIN_MS);
        } finally {
            this.#isPutting = false;
        }
    }
}
