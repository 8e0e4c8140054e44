// A code of one's device beside the password: how it begins, is used up and ends.

import {numberOrNull, text, texts} from "../api/fields.ts";
import type {Api} from "../api/http.ts";

export interface FactorState {
    isEnabled: boolean;
    /** Recovery codes that were not used yet. */
    codesLeft: number;
}

/** What a device needs to make codes; nothing counts before one of them is confirmed. */
export interface Enrolment {
    secret: string;
    /** The same as programs for codes take it, by a picture or as a link. */
    uri: string;
}

type Requests = Pick<Api, "get" | "post" | "delete" | "renew">;

export class SecondFactor {
    readonly #api: Requests;
    readonly #path: string;

    /** `user` is the id of whose it is, for admins; without it it is one's own. */
    constructor(api: Requests, user: string | null) {
        this.#api = api;
        const whose = user === null ? "me" : `users/${encodeURIComponent(user)}`;
        this.#path = `${whose}/second-factor`;
    }

    async state(): Promise<FactorState> {
        const answer = await this.#api.get(this.#path);
        return {
            isEnabled: answer["enabled"] === true,
            codesLeft: numberOrNull(answer["recoveryCodesLeft"]) ?? 0,
        };
    }

    async enrol(password: string): Promise<Enrolment> {
        const answer = await this.#api.post(this.#path, {operationName: "Enrol", password});
        return {secret: text(answer["secret"]), uri: text(answer["uri"])};
    }

    /** Returns the recovery codes, which nobody is shown again; all other logins end. */
    async confirm(code: string): Promise<string[]> {
        const body = {operationName: "Confirm", code: code.trim()};
        return texts((await this.#api.renew(this.#path, body))["recoveryCodes"]);
    }

    async remove(password: string, code: string): Promise<void> {
        await this.#api.renew(this.#path, {operationName: "Remove", password, code: code.trim()});
    }

    /** Ends that of somebody else, who lost device and recovery codes. */
    async end(): Promise<void> {
        await this.#api.delete(this.#path);
    }
}

/** The light modules that a picture is wide beyond its code on each side, as the standard asks. */
const QUIET = 4;

export interface Picture {
    /** In modules, the light ones around it included. */
    size: number;
    /** The dark ones, as an SVG's path. */
    path: string;
}

/** Returns a code for cameras (ISO/IEC 18004) of some text. */
export async function pictureOf(words: string): Promise<Picture> {
    const {encodeQR} = await import("qr");
    const rows = encodeQR(words, "raw", {border: QUIET});
    const path = rows.flatMap((row, y) =>
        row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
    return {size: rows.length, path};
}
