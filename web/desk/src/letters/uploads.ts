// Files on their way to a draft: how far they are, and why one was refused.

import {onScopeDispose, shallowRef, type ShallowRef} from "vue";
import {useContext} from "../app/context.ts";
import {sendFile} from "../api/files.ts";
import {Refused} from "../api/trouble.ts";
import {useTexts} from "../texts/in-vue.ts";

export interface Upload {
    key: number;
    file: File;
    /** Whether the letter shows it in its text. */
    place: "beside" | "inText";
    /** From 0 to 1. */
    share: number;
    /** Why it is not with the letter; empty while it may still come. */
    why: string;
}

export interface Uploads {
    all: Readonly<ShallowRef<Upload[]>>;
    /** Sends a file; resolves with its id, or `null` when it did not arrive. */
    add(file: File, place: Upload["place"]): Promise<string | null>;
    again(upload: Upload): Promise<string | null>;
    /** Takes one off the list; one that is on its way ends. */
    remove(upload: Upload): void;
    /** Resolves once none is on its way; `false` when some did not arrive. */
    settled(): Promise<boolean>;
}

export function useUploads(draftId: string): Uploads {
    const {api, announcer} = useContext();
    const t = useTexts();
    const all = shallowRef<Upload[]>([]);
    const ends = new Map<number, AbortController>();
    const underWay = new Set<Promise<unknown>>();
    let keys = 0;
    let isGone = false;

    const change = (key: number, fields: Partial<Upload>): void => {
        all.value = all.value.map((one) => (one.key === key ? {...one, ...fields} : one));
    };
    const remove = ({key}: Upload): void => {
        ends.get(key)?.abort();
        ends.delete(key);
        all.value = all.value.filter((one) => one.key !== key);
    };
    const send = async (upload: Upload): Promise<string | null> => {
        const {key, file, place} = upload;
        const end = new AbortController();
        ends.set(key, end);
        change(key, {share: 0, why: ""});
        const fields: Record<string, string> = place === "inText" ? {inline: "true"} : {};
        try {
            const id = await sendFile(api, draftId, file, fields, {
                signal: end.signal,
                progress: (bytes) => change(key, {share: Math.min(1, bytes / (file.size || 1))}),
            });
            remove(upload);
            return id;
        } catch (trouble) {
            const why = trouble instanceof Refused ? trouble.sentence : t.value.chat.noAnswer;
            change(key, {why});
            if (isGone) {
                const text = t.value.chat.fileFailed(file.name, why);
                announcer.say("now", {text});
            }
            return null;
        }
    };
    const track = (upload: Upload): Promise<string | null> => {
        const sending = send(upload).finally(() => underWay.delete(sending));
        underWay.add(sending);
        return sending;
    };
    // What is on its way arrives, whatever is looked at meanwhile.
    onScopeDispose(() => {
        isGone = true;
    });
    return {
        all,
        add: (file, place) => {
            keys += 1;
            const upload: Upload = {key: keys, file, place, share: 0, why: ""};
            all.value = [...all.value, upload];
            return track(upload);
        },
        again: track,
        remove,
        settled: async () => {
            await Promise.all(underWay);
            return all.value.length === 0;
        },
    };
}
