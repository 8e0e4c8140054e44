// The saver of a draft, for the form that shows it.

import {onScopeDispose, type ShallowRef} from "vue";
import {useDesk} from "../app/context.ts";
import {browserStorage} from "../app/settings-keeper.ts";
import type {Letter} from "../api/interaction.ts";
import {DraftKeeper, type Draft} from "../conversation/drafts.ts";
import type {Desk} from "../state/desk.ts";
import {holdsOf} from "./hold.ts";
import {LetterSaver, LetterSavers, type Recipients, type Saved, type Written} from "./saver.ts";
import {toldOf, type Known} from "./told.ts";

export interface Saving {
    written: Written;
    saved: Readonly<ShallowRef<Saved>>;
    /** Something was written. */
    touch(): void;
    /** Somebody types in a field with addresses. */
    typing(field: Recipients, text: string): void;
    /** What was written at another computer, until somebody chooses. */
    other: Readonly<ShallowRef<Written | null>>;
    choose(which: "own" | "other"): void;
    /** Returns the letter as it goes out now; until it stays nothing is saved. */
    leave(): Record<string, unknown>;
    /** Returns what is known of what the server has. */
    known(): Known;
    /** It did not go out: it is written on. */
    stay(): void;
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
        const told = toldOf(letter, state.value.work[id]?.subject ?? "");
        // Until it rests, no other tab may save this draft, whether it is shown here or not.
        const holds = holdsOf(desk);
        const hold = holds.open(id);
        const forsake = hold.whenLost(() => own.abandon(id, made));
        let last = state.value.work[id];
        const deafen = desk.store.listen(({work}) => {
            const next = work[id];
            if (next !== last && next?.letter != null) {
                made.hear(toldOf(next.letter, next.subject));
            }
            last = next;
        });
        const made = new LetterSaver(told, keptOf(keeper.load(id), told), {
            save: (email) => desk.operate(id, "Save", {email}),
            async read() {
                const draft = await desk.read(id);
                const isDraft = draft !== null && draft.state === "Composing";
                return isDraft && draft.letter !== null
                    ? toldOf(draft.letter, draft.subject)
                    : null;
            },
            keep: (next, known) => keep(keeper, id, next, known),
            now: () => now.value,
            after(ms, run) {
                const timer = setTimeout(run, ms);
                return () => clearTimeout(timer);
            },
            over() {
                deafen();
                forsake();
                holds.close(id, hold);
            },
        });
        return made;
    });
    onScopeDispose(() => void own.release(saver));
    return {
        written: saver.written,
        saved: saver.saved,
        touch: () => saver.touch(),
        typing: (field, text) => saver.typing(field, text),
        other: saver.other,
        choose: (which) => saver.choose(which),
        leave: () => saver.leave(),
        known: () => saver.known,
        stay: () => saver.stay(),
        forget: () => own.forget(id, saver),
    };
}

/** Returns what only this browser has; `null` when that is nothing. */
function keptOf({text, head}: Draft, told: Written) {
    if (head === undefined) {
        return null;
    }
    const {isQuoting, known = null, ...rest} = head;
    return {written: {...rest, text, quotation: isQuoting ? told.quotation : null}, known};
}

function keep(keeper: DraftKeeper, id: string, written: Written | null, known: Known): void {
    if (written === null) {
        keeper.forget(id);
    } else {
        const {text, quotation, ...rest} = written;
        const head = {...rest, isQuoting: quotation !== null, known};
        keeper.save(id, {text, visibility: "All", head});
    }
}
