// What the desk says from the beginning, by part and language. What a dialog alone says is loaded
// with it.

import type {Language} from "./languages.ts";
import type {Part} from "./part.ts";
import {actions} from "./parts/actions.ts";
import {bar} from "./parts/bar.ts";
import {chat} from "./parts/chat.ts";
import {colleagues} from "./parts/colleagues.ts";
import {common} from "./parts/common.ts";
import {details} from "./parts/details.ts";
import {frame} from "./parts/frame.ts";
import {handing} from "./parts/handing.ts";
import {keys} from "./parts/keys.ts";
import {letters} from "./parts/letters.ts";
import {offers} from "./parts/offers.ts";
import {said} from "./parts/said.ts";
import {search} from "./parts/search.ts";
import {signIn} from "./parts/sign-in.ts";
import {strip} from "./parts/strip.ts";
import {welcome} from "./parts/welcome.ts";
import {work} from "./parts/work.ts";

const PARTS = {
    actions, bar, chat, colleagues, common, details, frame, handing, keys, letters, offers,
    said, search, signIn, strip, welcome, work,
};

export type Texts = {
    [Name in keyof typeof PARTS]: (typeof PARTS)[Name] extends Part<infer T> ? T : never;
};

/** Returns all texts of one language. */
export function textsOf(language: Language): Texts {
    const entries = Object.entries(PARTS).map(([name, part]) => [name, part[language]]);
    return Object.fromEntries(entries) as Texts;
}
