// Files of a chat: what may be sent, sending it, and saving what was received.
//
// File operations are requests of their own also while CometD carries the chat. A received file is only ever saved, never shown.

import {readAnswer, type Answer, type Credentials, type Entry} from "./wire.ts";

/** How long asking for limits may take, and a download may take, in ms. */
const LIMITS_MS_MAX = 15_000;
const DOWNLOAD_MS_MAX = 300_000;
/** How long an upload may stand still, in ms, until it counts as failed: the server may be scanning what it has got. */
const STILL_MS_MAX = 60_000;

/** What the server lets a customer send in one chat; bytes. */
export interface FileLimits {
    files: number;
    fileBytes: number;
    totalBytes: number;
    /** Endings in lower case; empty means any. */
    types: string[];
    needsAgent: boolean;
    usedFiles: number;
    usedBytes: number;
}

/** Why a file cannot be sent. */
export type FileRefusal = "filesOff" | "fileEmpty" | "fileTooLarge" | "filesTooLarge" | "filesTooMany" | "fileType" | "fileNeedsAgent" | "fileInfected" | "fileName";

/** The server's codes for the same (docs/api/customers.md). */
export const FILE_REFUSALS: Readonly<Record<number, FileRefusal>> = {
    5001: "fileTooLarge",
    5002: "fileType",
    5003: "filesTooMany",
    5004: "filesTooLarge",
    5005: "fileNeedsAgent",
    5006: "fileInfected",
    5009: "fileEmpty",
    5010: "fileName",
};

/** A file in the transcript. */
export interface SharedFile {
    id: string;
    name: string;
    bytes: number;
}

/** Checks a file before a byte of it is sent. The server checks again. */
export function refusal(file: {name: string; size: number}, limits: FileLimits, hasAgent: boolean): FileRefusal | undefined {
    const ending = /\.([^.]+)$/u.exec(file.name)?.[1]?.toLowerCase() ?? "";
    if (limits.needsAgent && !hasAgent) {
        return "fileNeedsAgent";
    }
    if (limits.usedFiles >= limits.files) {
        return "filesTooMany";
    }
    if (file.size === 0) {
        return "fileEmpty";
    }
    if (file.size > limits.fileBytes) {
        return "fileTooLarge";
    }
    if (limits.usedBytes + file.size > limits.totalBytes) {
        return "filesTooLarge";
    }
    return limits.types.length > 0 && !limits.types.includes(ending) ? "fileType" : undefined;
}

/** The file that an entry is about. Servers name it in the text, in the data, or in both. */
export function sharedFile(entry: Entry): SharedFile {
    return {
        id: entry.userData["file-id"] ?? "",
        name: entry.userData["file-name"] ?? entry.text,
        bytes: Number(entry.userData["file-size"]) || 0,
    };
}

/** File operations of one chat. */
export class Files {
    readonly #address: string;
    readonly #credentials: () => Credentials | undefined;

    constructor(base: string, credentials: () => Credentials | undefined) {
        this.#address = `${base}/genesys/2/chat-ntf`;
        this.#credentials = credentials;
    }

    /** Asks what may be sent; nothing when files are not to be sent at all. */
    async limits(): Promise<FileLimits | undefined> {
        const response = await fetch(this.#address, {
            method: "POST",
            body: new URLSearchParams({operation: "fileGetLimits", ...this.#proof()}),
            credentials: "same-origin",
            signal: AbortSignal.timeout(LIMITS_MS_MAX),
        });
        const answer = readAnswer(await response.json());
        const notice = answer?.messages.find((entry) => entry.text === "file-client-cfg-get");
        return answer?.statusCode === 0 && notice !== undefined ? readLimits(notice.userData) : undefined;
    }

    /** Sends a file; the line in the transcript comes by itself. Reports how much has gone out, 0 to 1. With the same name a file that is
     * sent again is said once. */
    upload(file: File, messageId: string, progress: (share: number) => void, signal: AbortSignal): Promise<Answer> {
        const form = new FormData();
        const fields = {operation: "fileUpload", messageId, ...this.#proof()};
        Object.entries(fields).forEach(([name, value]) => form.set(name, value));
        form.set("file", file);
        return new Promise((resolve, reject) => {
            // Not fetch: it cannot tell how much has been sent.
            const request = new XMLHttpRequest();
            let still: ReturnType<typeof setTimeout> | undefined;
            const moves = () => {
                clearTimeout(still);
                still = setTimeout(() => request.abort(), STILL_MS_MAX);
            };
            request.open("POST", this.#address);
            request.responseType = "json";
            request.upload.onprogress = (event) => {
                moves();
                progress(event.total > 0 ? event.loaded / event.total : 0);
            };
            request.onload = () => {
                const answer = readAnswer(request.response);
                answer === undefined ? reject(new Error(`status ${request.status}`)) : resolve(answer);
            };
            request.onerror = request.onabort = () => reject(new Error("the upload broke off"));
            request.onloadend = () => clearTimeout(still);
            signal.addEventListener("abort", () => request.abort());
            moves();
            request.send(form);
        });
    }

    /** Fetches a file as bytes without a kind, whatever the server calls it: no browser opens that in place. */
    async download(id: string): Promise<Blob> {
        const response = await fetch(this.#address, {
            method: "POST",
            body: new URLSearchParams({operation: "fileDownload", fileId: id, ...this.#proof()}),
            credentials: "same-origin",
            signal: AbortSignal.timeout(DOWNLOAD_MS_MAX),
        });
        const kind = response.headers.get("Content-Type") ?? "";
        const disposition = response.headers.get("Content-Disposition");
        if (!response.ok || (kind.startsWith("application/json") && disposition === null)) {
            throw new Error(`the server answered with status ${response.status}`);
        }
        return new Blob([await response.arrayBuffer()], {type: "application/octet-stream"});
    }

    #proof(): Record<string, string> {
        const credentials = this.#credentials();
        return credentials === undefined ? {} : {secureKey: credentials.secureKey, userId: credentials.userId};
    }
}

/** Limits travel as text. What is missing does not limit, except that no files at all can be sent without their number. */
function readLimits(data: Record<string, string>): FileLimits {
    const number = (name: string, otherwise: number) => {
        const value = Number(data[name] ?? Number.NaN);
        return Number.isFinite(value) && value >= 0 ? value : otherwise;
    };
    return {
        files: number("upload-max-files", 0),
        fileBytes: number("upload-max-file-size", Number.MAX_SAFE_INTEGER),
        totalBytes: number("upload-max-total-size", Number.MAX_SAFE_INTEGER),
        types: (data["upload-file-types"] ?? "").toLowerCase().split(":").filter((type) => type !== ""),
        needsAgent: data["upload-need-agent"] === "true",
        usedFiles: number("used-upload-max-files", 0),
        usedBytes: number("used-upload-max-total-size", 0),
    };
}

/** Has the browser save something under a name. */
export function save(blob: Blob, name: string): void {
    const address = URL.createObjectURL(blob);
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    // The browser has taken the blob once the click has been handled.
    setTimeout(() => URL.revokeObjectURL(address), 1_000);
}
