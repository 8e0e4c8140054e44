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
    /**
     * What the server was known to have, for the next page of the same person in this browser. It is
     * of all their tabs: what one of them chose another has not chosen otherwise.
     */
    known: {read(): Settings | null; write(settings: Settings): void};
    after(ms: number, run: () => void): () => void;
}

export class SettingsOnServer {
    readonly #surroundings: SettingsSurroundings;
    /** What the server is known to have, as text. */
    #known = "";
    /** What it was known to have when this page came; `null` when that was of somebody else. */
    #before: Settings | null = null;
    #cancel = () => {};
    #isPutting = false;
    /** Of requests of this page, which need not read what they wrote. */
    readonly #own = new Set<unknown>();

    constructor(surroundings: SettingsSurroundings) {
        this.#surroundings = surroundings;
        this.#before = surroundings.known.read();
    }

    /**
     * Takes what the server has; what it has nothing of stays as it is here, and goes there. So
     * does what was chosen here since the server was known, also on the page before this one, or
     * while it is asked.
     */
    async read(): Promise<void> {
        const {api, chosen} = this.#surroundings;
        const before = this.#known === ""
            ? this.#before ?? {...chosen}
            : JSON.parse(this.#known) as Settings;
        let kept: Record<string, unknown>;
        try {
            kept = fields((await api.get(PATH))["settings"]);
        } catch {
            // As chosen in this browser, until the next link.
            return;
        }
        if (Object.keys(kept).length > 0) {
            const onServer = readSettings(kept);
            this.#isKnown(onServer);
            Object.assign(chosen, {...onServer, ...changedIn(chosen, before)});
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

    #isKnown(settings: Settings): void {
        this.#known = JSON.stringify(settings);
        this.#surroundings.known.write(settings);
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
            this.#isKnown(JSON.parse(text) as Settings);
            this.changed();
        } catch {
            this.#later(AGAIN_MS);
        } finally {
            this.#isPutting = false;
        }
    }
}

/** Returns what is other in the settings than it was. */
function changedIn(chosen: Settings, before: Settings): Partial<Settings> {
    const was: Record<string, unknown> = {...before};
    return Object.fromEntries(
        Object.entries(chosen).filter(([key, value]) => value !== was[key]),
    );
}
