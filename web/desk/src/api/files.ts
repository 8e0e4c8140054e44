// Sends files, each once.

import {text} from "./fields.ts";
import type {Api, RequestOptions} from "./http.ts";
import {newKey} from "./outbox/web-tabs.ts";
import {Refused} from "./trouble.ts";

/** Keys of files that were sent and not answered, by what makes a try the same one. */
const unanswered = new Map<string, string>();

/**
 * Sends a file with other fields of its form, and returns its id. Who chooses it again after a lost
 * answer sends it under the same key: it does not come twice.
 */
export async function sendFile(
    api: Api,
    interactionId: string,
    file: File,
    fields: Record<string, string> = {},
    options: RequestOptions = {},
): Promise<string> {
    const form = new FormData();
    Object.entries(fields).forEach(([name, value]) => form.append(name, value));
    form.append("attachment", file, file.name);
    const {name, size, lastModified} = file;
    const same = JSON.stringify([api.root, interactionId, fields, name, size, lastModified]);
    const key = unanswered.get(same) ?? newKey();
    unanswered.set(same, key);
    try {
        const path = `me/interactions/${interactionId}/attachments`;
        const answer = await api.upload(path, form, {...options, key});
        unanswered.delete(same);
        return text(answer["id"]);
    } catch (trouble) {
        if (trouble instanceof Refused) {
            unanswered.delete(same);
        }
        throw trouble;
    }
}
