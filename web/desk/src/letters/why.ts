// Why a letter did not go out, in words.

import {CHANGED, UNCERTAIN} from "../api/outbox.ts";
import type {Refusal} from "../api/outbox/entry.ts";
import type {Texts} from "../texts/index.ts";

export function whyKeptBack({code, sentence}: Refusal, {letters}: Texts): string {
    switch (code) {
        case UNCERTAIN: return letters.uncertain;
        case CHANGED: return letters.otherWords;
        default: return sentence;
    }
}
