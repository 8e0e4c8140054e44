// The one way to the API over HTTP.
//
// It keeps the token against forged requests, knows what an answer means, and puts nothing by: who
// wants something done for certain gives it to the outbox. No request is repeated here but one
// whose token was stale, which the server has not carried out.

import {fields} from "./fields.ts";
import {
    PASSWORD_DEMANDED, Refused, SignedOut, Unanswered, type NewerMessage,
} from "./trouble.ts";
import {sendWithProgress} from "./upload.ts";

/** An answer's body; `statusCode` is 0, or 7 for what was done in part. */
export type Answer = Record<string, unknown>;

export interface Credentials {
    userName: string;
    password: string;
    /** Of a second factor. */
    code?: string | undefined;
}

export interface RequestOptions {
    /** The name under which a repetition is the same request. */
    key?: string;
    /** Ends the waiting; the server may go on. */
    signal?: AbortSignal;
    /** Told how many bytes of the body are out. */
    progress?: (bytes: number) => void;
    /** Basic credentials, with a code of the user's device; without them the session's cookie counts. */
    credentials?: Credentials;
    /** Whether it changes what the session is known by. */
    renews?: boolean;
}

/** What the client stands on. */
export interface Surroundings {
    fetch: typeof fetch;
    /** Told each time that a request shows that the login session is over. */
    signedOut?(sentence: string): void;
    /** Told each time that a request is refused until a password of one's own is chosen. */
    passwordDemanded?(): void;
    /** Whose page it is, by user id; `null` before anybody is in. */
    whose?(): string | null;
}

/** How long a request may take, in ms. The server answers within 10 s or not at all. */
const ANSWER_MS_MAX = 20_000;
/** How fast files are sent at the least, in bytes per ms: 128 kbit/s. */
const UPLOAD_BYTES_PER_MS_MIN = 16;
const TOKEN_HEADER = "X-CSRF-TOKEN";
const CODE_HEADER = "X-Second-Factor";
/** The sentence by which the server refuses a token (docs/compat/conventions.md#logins). */
const TOKEN_SENTENCE = "Missing or invalid Csrf token";
/** Any GET gives the token of the session; this one is small. */
const TOKEN_PATH = "me";
/** What tells whose the session is. */
const ME = /^me(\?|$)/;

export class Api {
    /** The API's root, with a slash at its end. */
    readonly root: string;
    readonly #surroundings: Surroundings;
    #token = "";
    /** The last change of what the session is known by. */
    #renewal: Promise<unknown> = Promise.resolve();

    /** `base` is the address of the desk, with a slash at its end. */
    constructor(base: string, surroundings: Surroundings) {
        this.root = new URL("api/v2/", base).href;
        this.#surroundings = surroundings;
    }

    /** The token against forged requests, which CometD's long polls need as well. */
    get token(): string {
        return this.#token;
    }

    get(path: string, options: RequestOptions = {}): Promise<Answer> {
        return this.#ask("GET", path, undefined, options);
    }

    put(path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> {
        return this.#change("PUT", path, body, options);
    }

    post(path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> {
        return this.#change("POST", path, body, options);
    }

    /**
     * Asks for a change of what the session is known by, such as the password. What is refused
     * meanwhile because the old session is over is asked again under the new one.
     */
    renew(path: string, body: unknown): Promise<Answer> {
        const answered = this.#change("POST", path, body, {renews: true});
        this.#renewal = answered.catch(() => {});
        return answered;
    }

    delete(path: string, options: RequestOptions = {}): Promise<Answer> {
        return this.#change("DELETE", path, undefined, options);
    }

    /** Sends a form, with files as its parts. */
    async upload(path: string, form: FormData, options: RequestOptions = {}): Promise<Answer> {
        return this.#change("POST", path, form, options);
    }

    async #change(
        method: string,
        path: string,
        body: unknown,
        options: RequestOptions,
    ): Promise<Answer> {
        const {credentials, renews = false} = options;
        const needsToken = credentials === undefined;
        if (needsToken && this.#token === "") {
            await this.#ask("GET", TOKEN_PATH, undefined, {renews});
        }
        try {
            return await this.#ask(method, path, body, options);
        } catch (trouble) {
            const isStale = trouble instanceof Refused && trouble.sentence === TOKEN_SENTENCE;
            if (!needsToken || !isStale) {
                throw trouble;
            }
            // Somebody signed in anew, in another tab.
            await this.#ask("GET", TOKEN_PATH, undefined, {renews});
            return this.#ask(method, path, body, options);
        }
    }

    async #ask(
        method: string,
        path: string,
        body: unknown,
        options: RequestOptions,
    ): Promise<Answer> {
        const before = this.#token;
        const response = await this.#fetch(method, path, body, options);
        const answer = await read(response);
        const isByCookie = options.credentials === undefined;
        if (response.status === 401) {
            const sentence = sentenceOf(answer);
            if (!isByCookie) {
                throw new SignedOut(sentence, codeOf(answer));
            }
            if (await this.#isRenewed(before, options)) {
                return this.#ask(method, path, body, options);
            }
            throw this.#signedOut(sentence);
        }
        const code = answer?.["statusCode"];
        if (answer === undefined || (code !== 0 && code !== 7)) {
            if (isByCookie && code === PASSWORD_DEMANDED) {
                if (await this.#isRenewed(before, options)) {
                    return this.#ask(method, path, body, options);
                }
                this.#surroundings.passwordDemanded?.();
            }
            throw troubleOf(response, answer);
        }
        const token = response.headers.get(TOKEN_HEADER);
        const whose = isByCookie ? (this.#surroundings.whose?.() ?? null) : null;
        if (whose !== null) {
            await this.#sameUser(whose, path, token, answer, options);
        }
        this.#token = token ?? this.#token;
        return answer;
    }

    /**
     * The cookie is that of all tabs: in another one somebody else may have signed in since. Fails
     * then, for nothing may be read or done here as somebody else.
     */
    async #sameUser(
        whose: string,
        path: string,
        token: string | null,
        answer: Answer,
        {signal}: RequestOptions,
    ): Promise<void> {
        if (ME.test(path)) {
            const {id} = fields(answer["user"]);
            if (typeof id === "string" && id !== whose) {
                throw this.#signedOut("");
            }
        } else if (token !== null && token !== this.#token) {
            await this.#ask("GET", TOKEN_PATH, undefined, signal === undefined ? {} : {signal});
        }
    }

    /**
     * Whether the session is known by something else since a request, which may have begun while
     * nobody was in and be answered after somebody is.
     */
    async #isRenewed(before: string, {renews = false}: RequestOptions): Promise<boolean> {
        if (!renews) {
            await this.#renewal;
        }
        return this.#token !== "" && this.#token !== before;
    }

    #signedOut(sentence: string): SignedOut {
        this.#token = "";
        this.#surroundings.signedOut?.(sentence);
        return new SignedOut(sentence);
    }

    async #fetch(
        method: string,
        path: string,
        body: unknown,
        options: RequestOptions,
    ): Promise<Response> {
        const waits = AbortSignal.timeout(ANSWER_MS_MAX + sendingMsMax(body));
        const {progress} = options;
        const carry = progress === undefined
            ? this.#surroundings.fetch
            : (address: string, init: RequestInit) => sendWithProgress(address, init, progress);
        try {
            return await carry(new URL(path, this.root).href, {
                method,
                headers: this.#headers(method, body, options),
                credentials: "same-origin",
                cache: "no-store",
                signal: options.signal ? AbortSignal.any([waits, options.signal]) : waits,
                ...(body === undefined ? {} : {body: bodyOf(body)}),
            });
        } catch {
            throw new Unanswered("unreachable", 0);
        }
    }

    #headers(method: string, body: unknown, options: RequestOptions): Record<string, string> {
        const {key, credentials} = options;
        return {
            Accept: "application/json",
            // Without it a browser would open its own login window over the page.
            "X-Requested-With": "XMLHttpRequest",
            ...(body === undefined || body instanceof FormData
                ? {}
                : {"Content-Type": "application/json"}),
            ...(method === "GET" || this.#token === "" ? {} : {[TOKEN_HEADER]: this.#token}),
            ...(key === undefined ? {} : {"Idempotency-Key": key}),
            ...(credentials === undefined ? {} : {Authorization: basic(credentials)}),
            ...(credentials?.code === undefined ? {} : {[CODE_HEADER]: credentials.code}),
        };
    }
}

function bodyOf(body: unknown): BodyInit {
    return body instanceof FormData ? body : JSON.stringify(body);
}

/** Returns how long files may be on their way, in ms; anything else is sent at once. */
function sendingMsMax(body: unknown): number {
    const parts = body instanceof FormData ? [...body.values()] : [];
    const bytes = parts.reduce((sum, part) => sum + (part instanceof Blob ? part.size : 0), 0);
    return Math.ceil(bytes / UPLOAD_BYTES_PER_MS_MIN);
}

/** Returns what a refused sign-in says of a code. */
function codeOf(answer: Answer | undefined): "required" | "wrong" | null {
    const code = answer?.["secondFactor"];
    return code === "required" || code === "wrong" ? code : null;
}

/** Returns Basic credentials, whose bytes are UTF-8. */
function basic({userName, password}: Credentials): string {
    const bytes = new TextEncoder().encode(`${userName}:${password}`);
    return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** The type of a center file, which is given as it is. */
const FILE_TYPE = "application/toml";

async function read(response: Response): Promise<Answer | undefined> {
    try {
        if (response.ok && response.headers.get("Content-Type")?.startsWith(FILE_TYPE) === true) {
            return {statusCode: 0, file: await response.text()};
        }
        const answer: unknown = await response.json();
        return typeof answer === "object" && answer !== null ? (answer as Answer) : undefined;
    } catch {
        return undefined;
    }
}

function sentenceOf(answer: Answer | undefined): string {
    const sentence = answer?.["statusMessage"];
    return typeof sentence === "string" ? sentence : "";
}

function troubleOf(response: Response, answer: Answer | undefined): Refused | Unanswered {
    const code = answer?.["statusCode"];
    // Whatever a proxy says for the server is no word of the server's.
    const sentence = typeof code === "number" ? sentenceOf(answer) : "";
    if (response.status === 429) {
        return new Unanswered("busy", retryAfterMs(response), sentence);
    }
    if (response.status >= 500 || typeof code !== "number") {
        return new Unanswered("unavailable", retryAfterMs(response), sentence);
    }
    return new Refused(code, sentenceOf(answer), newerOf(answer));
}

function newerOf(answer: Answer | undefined): NewerMessage | undefined {
    const newer = answer?.["newerMessage"] as Partial<NewerMessage> | undefined;
    return typeof newer?.id === "string"
        ? {
              id: newer.id,
              subject: String(newer.subject ?? ""),
              receivedDate: String(newer.receivedDate ?? ""),
          }
        : undefined;
}

function retryAfterMs(response: Response): number {
    const seconds = Number(response.headers.get("Retry-After"));
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
