// What can go wrong with a request, by what whoever asked does next.

/** The letter that came after the one that a draft answers (docs/api, "Double answers"). */
export interface NewerMessage {
    id: string;
    subject: string;
    receivedDate: string;
}

/** The API's code for whoever must choose a password of their own before anything else. */
export const PASSWORD_DEMANDED = 8;

/** The server said no, and changed nothing. Its sentence is shown word for word. */
export class Refused extends Error {
    override name = "Refused";

    constructor(
        /** The API's code, not that of HTTP. */
        readonly code: number,
        readonly sentence: string,
        readonly newer?: NewerMessage,
    ) {
        super(sentence);
    }
}

/** The login session is over: sign in again, then ask again. */
export class SignedOut extends Error {
    override name = "SignedOut";

    constructor(
        /** The server's; empty when somebody else signed in, in another tab. */
        readonly sentence: string,
        /** Whether the password was right, and a code of the user's device is needed or wrong. */
        readonly code: "required" | "wrong" | null = null,
    ) {
        super(sentence);
    }
}

/**
 * No answer that says anything: ask again with the same key. Whether the server did it is unknown,
 * and it does not matter.
 */
export class Unanswered extends Error {
    override name = "Unanswered";

    constructor(
        readonly why: "unreachable" | "busy" | "unavailable",
        /** How long the server asked to be left alone, in ms; 0 when it did not say. */
        readonly retryAfterMs: number,
        /** What the server said; empty where it said nothing. */
        readonly sentence = "",
    ) {
        super(why);
    }
}

/** Returns what the server said of a trouble; nothing where it said nothing. */
export function saidOf(trouble: unknown): string {
    const isSaid = trouble instanceof Refused || trouble instanceof Unanswered;
    return isSaid ? trouble.sentence : "";
}

/** Whatever a request can end with but an answer. */
export type Trouble = Refused | SignedOut | Unanswered;
