// The saver of a draft, for the form that shows it.

import {onScopeDispose, type ShallowRef} from "vue";
import {useDesk} from "../app/context.ts";
import {browserStorage} from "../app/settings-keeper.ts";
import type {Letter} from "../api/interaction.ts";
import {DraftKeeper, type Draft} from "../conversation/drafts.ts";
import type {Desk} from "../state/desk.ts";
import {holdsOf} from "./hold.ts";
import {htmlOf} from "./plain.ts";
import {partsOf} from "./quotation.ts";
import {LetterSaver, LetterSavers, type Saved, type Written} from "./saver.ts";

export interface Saving {
    written: Written;
    saved: Readonly<ShallowRef<Saved>>;
    /** Something was written. */
    touch(): void;
    /** Saves all of it now; fails with the server's refusal. */
    flush(): Promise<void>;
    /** It is sent or discarded. */
    forget(): void;
}

const savers = new WeakMap<Desk, LetterSavers>();

export function useSaving(id: string, letter: Letter): Saving {
    const {desk, state, now} = useDesk();
    const own = savers.get(desk) ?? new LetterSavers();
    savers.set(desk, own);
    const saver = own.open(id, () => {
        const keeper = new DraftKeeper(browserStorage(), state.value.me?.id ?? "");
        const kept = keeper.load(id);
        const written = writtenOf(letter, state.value.work[id]?.subject ?? "", kept);
        // Until it rests, no other tab may save this draft, whether it is shown here or not.
        const holds = holdsOf(desk);
        const hold = holds.open(id);
        const forsake = hold.whenLost(() => own.abandon(id, made));
        const made = new LetterSaver(written, {
            save: (email) => desk.operate(id, "Save", {email}),
            keep: (next) => keep(keeper, id, next),
            now: () => now.value,
            after(ms, run) {
                const timer = setTimeout(run, ms);
                return () => clearTimeout(timer);
            },
            over() {
                forsake();
                holds.close(id, hold);
            },
        });
        if (kept.head !== undefined) {
            made.touch();
        }
        return made;
    });
    onScopeDispose(() => void own.release(saver));
    return {
        written: saver.written,
        saved: saver.saved,
        touch: () => saver.touch(),
        flush: () => saver.flush(),
        forget: () => own.forget(id, saver),
    };
}

/** What only this browser has goes before what the server has. */
function writtenOf(letter: Letter, subject: string, {text, head}: Draft): Written {
    const {to, cc, bcc, body, plain} = letter;
    const parts = partsOf(body, plain);
    if (head !== undefined) {
        const {isQuoting, ...kept} = head;
        return {...kept, text, quotation: isQuoting ? parts.quotation : null};
    }
    const html = body === "" ? htmlOf(plain) : parts.html;
    return {to, cc, bcc, subject, html, text: parts.text, quotation: parts.quotation};
}

function keep(keeper: DraftKeeper, id: string, written: Written | null): void {
    if (written === null) {
        keeper.forget(id);
    } else {
        const {text, quotation, ...head} = written;
        keeper.save(id, {text, visibility: "All", head: {...head, isQuoting: quotation !== null}});
    }
}
