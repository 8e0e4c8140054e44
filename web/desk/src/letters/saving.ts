// Brings what is written in a draft to the server soon after the last key, and keeps it in this
// browser at once.

import {onScopeDispose, reactive, shallowRef, type ShallowRef} from "vue";
import {useDesk} from "../app/context.ts";
import {browserStorage} from "../app/settings-keeper.ts";
import type {Letter} from "../api/interaction.ts";
import {DraftKeeper} from "../conversation/drafts.ts";
import {addressesIn} from "../state/letters.ts";

/** What stands in the fields of a draft. */
export interface Written {
    to: string;
    cc: string;
    subject: string;
    text: string;
}

export type Saved = {kind: "nothing"} | {kind: "saved"; at: number} | {kind: "failed"};

export interface Saving {
    written: Written;
    saved: Readonly<ShallowRef<Saved>>;
    /** Something was written. */
    touch(): void;
    /** Saves now; fails with the server's refusal. */
    flush(): Promise<void>;
    /** It is sent or discarded. */
    forget(): void;
}

/** How long after the last key it is saved, in ms; at the latest after so long. */
const REST_MS = 800;
const AGAIN_MS = 3_000;

export function useSaving(id: () => string, letter: Letter): Saving {
    const {desk, state, now} = useDesk();
    const keeper = new DraftKeeper(browserStorage(), state.value.me?.id ?? "");
    const kept = keeper.load(id());
    const written = reactive<Written>({
        to: letter.to.join(", "),
        cc: letter.cc.join(", "),
        subject: "",
        // A line to write on, and one that keeps it apart from what is quoted.
        text: kept.text === "" ? letter.plain.replace(/^\n(?=>)/, "\n\n") : kept.text,
    });
    written.subject = state.value.work[id()]?.subject ?? "";
    const saved = shallowRef<Saved>({kind: "nothing"});
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isDirty = kept.text !== "" && kept.text !== letter.plain;
    let isOver = false;
    /** One save after another: an older one must not come last. */
    let last: Promise<void> = Promise.resolve();

    const save = async (): Promise<void> => {
        if (!isDirty || isOver) {
            return;
        }
        isDirty = false;
        const email = {
            to: addressesIn(written.to),
            cc: addressesIn(written.cc),
            subject: written.subject,
            bodyAsPlainText: written.text,
        };
        try {
            await desk.operate(id(), "Save", {email});
            saved.value = {kind: "saved", at: now.value};
            keeper.save(id(), {text: isDirty ? written.text : "", visibility: "All"});
        } catch (trouble) {
            isDirty = true;
            saved.value = {kind: "failed"};
            timer = setTimeout(() => void flush().catch(() => {}), AGAIN_MS);
            throw trouble;
        }
    };
    const flush = (): Promise<void> => {
        clearTimeout(timer);
        const next = last.catch(() => {}).then(save);
        last = next;
        return next;
    };
    const touch = (): void => {
        isDirty = true;
        keeper.save(id(), {text: written.text, visibility: "All"});
        clearTimeout(timer);
        timer = setTimeout(() => void flush().catch(() => {}), REST_MS);
    };
    if (isDirty) {
        touch();
    }
    onScopeDispose(() => {
        void flush().catch(() => {});
    });
    return {
        written,
        saved,
        touch,
        flush,
        forget() {
            isOver = true;
            clearTimeout(timer);
            keeper.save(id(), {text: "", visibility: "All"});
        },
    };
}
