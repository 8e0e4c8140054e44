// What went wrong with a row's letter, in words.

import {UNCERTAIN} from "../api/outbox.ts";
import {whyKeptBack} from "../letters/why.ts";
import type {Row} from "../state/lists.ts";
import type {Texts} from "../texts/index.ts";

type Trouble = Pick<Row, "undelivered" | "keptBack" | "notCompleted">;

/** Returns the sentence to show; empty when nothing went wrong. */
export function troubleOf({undelivered, keptBack, notCompleted}: Trouble, texts: Texts): string {
    if (undelivered !== "") {
        return texts.work.undelivered(undelivered);
    }
    if (keptBack !== null) {
        const why = whyKeptBack(keptBack, texts);
        return keptBack.code === UNCERTAIN ? why : texts.work.undelivered(why);
    }
    return notCompleted === "" ? "" : `${texts.letters.sentElsewhere} ${notCompleted}`;
}
