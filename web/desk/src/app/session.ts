// Who is signed in, and how one gets in and out.

import {shallowRef, type ShallowRef} from "vue";
import {fields, list, text, texts, textOrNull} from "../api/fields.ts";
import type {Answer, Api} from "../api/http.ts";
import {Refused, SignedOut, Unanswered} from "../api/trouble.ts";
import type {Me} from "../state/model.ts";
import {readMe} from "../state/reads.ts";

/** Whether somebody is in. */
export type Gate =
    | {kind: "asking"}
    /** `trouble` is why nobody knows; it is asked again. */
    | {kind: "unknown"; trouble: Unanswered}
    | {kind: "out"; reason: string | null}
    /** `how` tells a sign-in just now from a page that was loaded again. */
    | {kind: "in"; me: Me; how: "signedIn" | "reloaded"}
    /**
     * Their password is one that an admin gave: they choose one of their own before anything else.
     * `isKnown` says whether they have just typed the given one, `isOver` whether their page is
     * there already, below.
     */
    | {kind: "choosing"; me: Me; isKnown: boolean; isOver: boolean}
    /** The login session is over, but the page is not: whoever was in can go on. */
    | {kind: "ended"; me: Me; reason: string};

/** An account that everybody may use, in the demo. */
export interface DemoAccount {
    userName: string;
    firstName: string;
    roles: string[];
    groups: string[];
    password: string;
}

/** Somebody else who proves who one is. */
export interface Provider {
    name: string;
    label: string;
}

/** What is known before anybody signs in. */
export interface Entrance {
    center: string | null;
    version: string | null;
    demo: DemoAccount[];
    providers: Provider[];
}

/** The two fields of a change of the password. */
export type PasswordField = "present" | "next";

export type PasswordOutcome =
    | {kind: "changed"}
    /** `field` is where it can be put right; `null` is none of them. */
    | {kind: "refused"; field: PasswordField | null; sentence: string}
    | {kind: "busy"; retryAfterMs: number}
    /** Nobody knows whether it was changed. */
    | {kind: "unanswered"};

export type Outcome =
    | {kind: "in"}
    | {kind: "wrong"}
    /** The password is right, and a code of the user's device is missing or wrong. */
    | {kind: "code"; isWrong: boolean}
    | {kind: "unanswered"; trouble: Unanswered}
    | {kind: "refused"; sentence: string};

const ME = "me?subresources=groups";
const UNKNOWN: Entrance = {center: null, version: null, demo: [], providers: []};

export class Session {
    readonly gate: ShallowRef<Gate> = shallowRef({kind: "asking"});
    readonly #api: Api;
    /** The password of an admin's that was typed last; kept until another one is chosen. */
    #given: string | null = null;

    constructor(api: Api) {
        this.#api = api;
    }

    /** Whose page it is, by user id; `null` before anybody is in. */
    get whose(): string | null {
        return meOf(this.gate.value)?.id ?? null;
    }

    /** Finds out whether the browser's cookie still counts. */
    async ask(): Promise<void> {
        try {
            this.#enter(await this.#api.get(ME), "reloaded", null);
        } catch (trouble) {
            this.gate.value = trouble instanceof Unanswered
                ? {kind: "unknown", trouble}
                : {kind: "out", reason: null};
        }
    }

    /** A request showed that the login session is over. */
    lost(reason: string): void {
        const gate = this.gate.value;
        if (gate.kind === "in" || (gate.kind === "choosing" && gate.isOver)) {
            this.gate.value = {kind: "ended", me: gate.me, reason};
        } else if (gate.kind === "choosing") {
            this.#given = null;
            this.gate.value = {kind: "out", reason};
        }
    }

    /** A request showed that an admin has the password changed before anything else is done. */
    demanded(): void {
        const gate = this.gate.value;
        if (gate.kind === "in") {
            this.gate.value = {kind: "choosing", me: gate.me, isKnown: false, isOver: true};
        }
    }

    /** Signs in; `code` is that of the user's device, of whom the server asks for one. */
    async signIn(userName: string, password: string, code?: string): Promise<Outcome> {
        try {
            const credentials = {userName, password, code};
            this.#enter(await this.#api.get(ME, {credentials}), "signedIn", password);
            return {kind: "in"};
        } catch (trouble) {
            return outcomeOf(trouble);
        }
    }

    #enter(answer: Answer, how: "signedIn" | "reloaded", given: string | null): void {
        const user = fields(answer["user"]);
        const me = readMe(user);
        const isOver = this.gate.value.kind === "ended";
        const isDemanded = user["changePasswordOnFirstLogin"] === true;
        this.#given = isDemanded ? given : null;
        this.gate.value = isDemanded
            ? {kind: "choosing", me, isKnown: given !== null, isOver}
            : {kind: "in", me, how};
    }

    /**
     * Leaves this computer, where work stands until the agent counts as away, or work as well: it
     * goes back at once.
     */
    async leave(what: "computer" | "work"): Promise<void> {
        try {
            await (what === "work"
                ? this.#api.post("me", {operationName: "EndContactCenterSession"})
                : this.#api.delete("me/session"));
        } catch (trouble) {
            // Whoever is out already is out.
            if (!(trouble instanceof SignedOut)) {
                throw trouble;
            }
        }
        this.#given = null;
        this.gate.value = {kind: "out", reason: null};
    }

    /** Changes the password of whoever is in; their other logins end. */
    async changePassword(present: string, next: string): Promise<PasswordOutcome> {
        const operationName = "ChangePassword";
        try {
            await this.#api.renew("me", {operationName, password: present, newPassword: next});
            return {kind: "changed"};
        } catch (trouble) {
            return passwordOutcomeOf(trouble);
        }
    }

    /**
     * Chooses a password of one's own in place of the given one, and lets in. `present` counts where
     * the given one is not known.
     */
    async choosePassword(present: string, next: string): Promise<PasswordOutcome> {
        const outcome = await this.changePassword(this.#given ?? present, next);
        const gate = this.gate.value;
        if (gate.kind === "choosing" && outcome.kind === "changed") {
            this.#given = null;
            this.gate.value = {kind: "in", me: gate.me, how: "signedIn"};
        } else if (gate.kind === "choosing" && isAbout(outcome, "present")) {
            // The admin has given another one since.
            this.#given = null;
            this.gate.value = {...gate, isKnown: false};
        }
        return outcome;
    }

    /** Tells what is known before anybody signs in; what cannot be read is left out. */
    async entrance(): Promise<Entrance> {
        try {
            return readEntrance(await this.#api.get("session"));
        } catch {
            return UNKNOWN;
        }
    }
}

/** Returns whose page it is; `null` before anybody is in. */
export function meOf(gate: Gate): Me | null {
    return "me" in gate ? gate.me : null;
}

function isAbout(outcome: PasswordOutcome, field: PasswordField): boolean {
    return outcome.kind === "refused" && outcome.field === field;
}

/** Returns what `GET /session` tells. */
export function readEntrance(answer: unknown): Entrance {
    const it = fields(answer);
    return {
        center: textOrNull(it["center"]),
        version: textOrNull(it["version"]),
        demo: list(it["demo"]).map(readDemoAccount).filter(({userName}) => userName !== ""),
        providers: list(it["providers"]).map(readProvider).filter(({name}) => name !== ""),
    };
}

function readProvider(value: unknown): Provider {
    const it = fields(value);
    return {name: text(it["name"]), label: text(it["label"])};
}

function readDemoAccount(value: unknown): DemoAccount {
    const it = fields(value);
    return {
        userName: text(it["userName"]),
        firstName: text(it["firstName"]),
        roles: texts(it["roles"]),
        groups: texts(it["groups"]),
        password: text(it["password"]),
    };
}

function outcomeOf(trouble: unknown): Outcome {
    if (trouble instanceof SignedOut) {
        const {code} = trouble;
        return code === null ? {kind: "wrong"} : {kind: "code", isWrong: code === "wrong"};
    }
    if (trouble instanceof Unanswered) {
        return {kind: "unanswered", trouble};
    }
    if (trouble instanceof Refused) {
        return {kind: "refused", sentence: trouble.sentence};
    }
    throw trouble;
}

function passwordOutcomeOf(trouble: unknown): PasswordOutcome {
    if (trouble instanceof Refused) {
        const {sentence} = trouble;
        return {kind: "refused", field: passwordFieldOf(sentence), sentence};
    }
    if (trouble instanceof Unanswered) {
        return trouble.why === "busy"
            ? {kind: "busy", retryAfterMs: trouble.retryAfterMs}
            : {kind: "unanswered"};
    }
    if (trouble instanceof SignedOut) {
        // The page asks to sign in, over this dialog.
        return {kind: "unanswered"};
    }
    throw trouble;
}

/** A refusal names the field that it is about. */
function passwordFieldOf(sentence: string): PasswordField | null {
    if (/\bnewPassword\b/.test(sentence)) {
        return "next";
    }
    return /\bfield password\b/.test(sentence) ? "present" : null;
}
