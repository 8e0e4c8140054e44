// The contact center as an admin reads and changes it, one thing at a time.

import {fields, list, numberOrNull, text} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import {Once} from "../api/once.ts";
import {Refused} from "../api/trouble.ts";
import {differing, withTheirs, type Form} from "./form.ts";
import type {Kind, Readable} from "./kinds.ts";
import {said} from "./typed.ts";

/** Something of the contact center as it was read. */
export interface Thing<F extends Form> {
    id: string;
    /** It grows with each change. */
    version: number;
    form: F;
}

export interface Made {
    id: string;
    /** What nobody is shown again; empty where there is nothing of that kind. */
    secret: string;
}

export type Saved<F extends Form> =
    | {kind: "saved"; thing: Thing<F>}
    /** Somebody else has changed it since it was read; nothing was saved. */
    | {kind: "overtaken"; now: Thing<F>};

type Requests = Pick<Api, "get" | "put" | "post" | "delete">;

/** The largest page that the API gives. */
const PAGE = 1_000;
/** The API's code for what is not as it was read. */
const WRONG_STATE = 2;
/** How often it is tried while others change what no form shows. */
const TRIES_MAX = 8;

export class Center {
    readonly #api: Requests;
    readonly #once: Once;

    constructor(api: Requests, once: Once = new Once()) {
        this.#api = api;
        this.#once = once;
    }

    /** Returns all of a kind, in the order of their names. */
    async list<F extends Form>(kind: Readable<F>): Promise<Thing<F>[]> {
        const all: Thing<F>[] = [];
        let cursor = "";
        do {
            const query = `${queryOf(kind)}&limit=${PAGE}${cursor}`;
            const answer = await this.#api.get(`${addressOf(kind)}?${query}`);
            // What the server has for everybody has no version: nobody changes it.
            const listed = list(answer[kind.kept?.list ?? kind.page]).map(fields)
                .filter((one) => kind.kept === undefined || one["version"] !== undefined);
            all.push(...listed.map((one) => thingOf(kind, one)));
            const next = text(answer["nextCursor"]);
            cursor = next === "" ? "" : `&cursor=${encodeURIComponent(next)}`;
        } while (cursor !== "");
        return all;
    }

    async read<F extends Form>(kind: Readable<F>, id: string): Promise<Thing<F>> {
        const answer = await this.#api.get(`${pathOf(kind, id)}?${queryOf(kind)}`);
        return thingOf(kind, answer[kind.one]);
    }

    /** Makes something new. */
    async add<F extends Form>(kind: Kind<F>, form: F): Promise<Made> {
        const body = said(kind.body(form, Object.keys(form)));
        const address = addressOf(kind);
        const answer = await this.#once.send(`${address} ${JSON.stringify(body)}`, (key) =>
            this.#api.post(address, body, {key}));
        return {id: text(answer["id"]), secret: text(answer["secret"])};
    }

    /**
     * Saves what was changed of `base`, on what stands there now: `base`, or what of somebody
     * else's was looked at.
     */
    async save<F extends Form>(
        kind: Kind<F>,
        base: Thing<F>,
        form: F,
        stands: Thing<F> = base,
    ): Promise<Saved<F>> {
        // What is sent as a whole has theirs of what was not changed.
        const whole = withTheirs(form, base.form, stands.form);
        const changed = said(kind.body(whole, differing(form, base.form)));
        let seen = stands;
        if (Object.keys(changed).length === 0) {
            // There is nothing to send: what was sent before is there or not.
            const now = await this.read(kind, base.id);
            const isSame = differing(now.form, seen.form).length === 0;
            return isSame ? {kind: "saved", thing: now} : {kind: "overtaken", now};
        }
        for (let tries = 1; ; tries += 1) {
            try {
                await this.#put(kind, seen, changed);
                break;
            } catch (trouble) {
                if (!(trouble instanceof Refused) || trouble.code !== WRONG_STATE) {
                    throw trouble;
                }
                const now = await this.read(kind, base.id);
                if (now.version === seen.version || tries === TRIES_MAX) {
                    throw trouble;
                }
                // What no form shows has changed, as a user's own password.
                if (differing(now.form, seen.form).length > 0) {
                    return {kind: "overtaken", now};
                }
                seen = now;
            }
        }
        // It is saved, whether it can be read then or not.
        const read = this.read(kind, seen.id);
        return {kind: "saved", thing: await read.catch(() => ({...seen, form: whole}))};
    }

    async #put<F extends Form>(
        kind: Kind<F>,
        {id, version}: Thing<F>,
        changed: Record<string, unknown>,
    ): Promise<void> {
        const body = {version, ...changed};
        const path = pathOf(kind, id);
        await this.#once.send(`${path} ${JSON.stringify(body)}`, (key) =>
            this.#api.put(path, body, {key}));
    }

    /** Removes it; `workTo` are queues for what has none to go back to, at most one a channel. */
    async remove<F extends Form>(kind: Kind<F>, id: string, workTo: string[]): Promise<void> {
        const query = workTo.map((queue) => `workTo=${encodeURIComponent(queue)}`).join("&");
        const path = `${pathOf(kind, id)}${query === "" ? "" : `?${query}`}`;
        await this.#once.send(`DELETE ${path}`, (key) => this.#api.delete(path, {key}));
    }

    /** Gives a user a password, which they have to change before anything else. */
    async givePassword(id: string, password: string): Promise<void> {
        const body = {password, changePasswordOnFirstLogin: true};
        await this.#api.put(`users/${encodeURIComponent(id)}`, body);
    }
}

function thingOf<F extends Form>(kind: Readable<F>, value: unknown): Thing<F> {
    const it = fields(value);
    return {
        id: text(it["id"]),
        version: numberOrNull(it["version"]) ?? 0,
        form: kind.read(it),
    };
}

function queryOf<F extends Form>({query}: Readable<F>): string {
    return `fields=*${query === "" ? "" : `&${query}`}`;
}

function pathOf<F extends Form>(kind: Readable<F>, id: string): string {
    return `${addressOf(kind)}/${encodeURIComponent(id)}`;
}

function addressOf<F extends Form>({page, kept}: Readable<F>): string {
    return kept?.address ?? page;
}
