// A message left for later: the web form's door, with what is known of the chat.

/** How long the server may take, in ms. */
const REQUEST_MS_MAX = 30_000;
/** How long a subject gets, in characters. */
const SUBJECT_CHARS_MAX = 80;

/** What the customer fills in. */
export interface LeftMessage {
    firstName: string;
    lastName: string;
    emailAddress: string;
    text: string;
}

/** What goes with it without being asked. */
export interface MessageContext {
    /** The e-mail service that the server named. */
    service: string;
    /** The name of this message: sent again under it, it is the same e-mail. */
    messageId: string;
    chatId: string | undefined;
    userData: Record<string, string>;
}

/** The form's door. */
export class MessageDoor {
    readonly #base: string;

    constructor(base: string) {
        this.#base = base;
    }

    /** Sends a message; gives the server's advice when it does not take it, and fails when the server cannot be reached. */
    async send(message: LeftMessage, context: MessageContext): Promise<{isTaken: boolean; advice: string}> {
        const form = new URLSearchParams({
            firstName: oneLine(message.firstName),
            lastName: oneLine(message.lastName),
            fromAddress: message.emailAddress,
            subject: subjectOf(message.text),
            text: message.text,
            messageId: context.messageId,
        });
        const data = context.chatId === undefined ? context.userData : {...context.userData, ChatId: context.chatId};
        Object.entries(data).forEach(([key, value]) => form.set(`userData[${key}]`, value));
        const response = await fetch(`${this.#base}/genesys/2/email/${encodeURIComponent(context.service)}`, {
            method: "POST",
            body: form,
            credentials: "same-origin",
            signal: AbortSignal.timeout(REQUEST_MS_MAX),
        });
        const answer = (await response.json()) as {statusCode?: unknown; errors?: {advice?: unknown}[]} | null;
        const advice = Array.isArray(answer?.errors) ? answer.errors[0]?.advice : undefined;
        return {isTaken: answer?.statusCode === 0, advice: typeof advice === "string" ? advice : ""};
    }
}

/** The first line, as far as a subject goes: what an agent sees in a list. */
export function subjectOf(text: string): string {
    const first = [...oneLine(text.trim().split("\n")[0] ?? "")];
    return first.length > SUBJECT_CHARS_MAX ? `${first.slice(0, SUBJECT_CHARS_MAX - 1).join("").trimEnd()}…` : first.join("");
}

/** A header's line has no controls. */
function oneLine(text: string): string {
    return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/gu, " ").trim();
}
