// What becomes of letters that were let go, on every place of the desk: it is said, and what this
// browser kept of one that is out is forgotten.

import {watch, type ComputedRef, type ShallowRef} from "vue";
import type {Announcer} from "../app/announcer.ts";
import {browserStorage} from "../app/settings-keeper.ts";
import type {Api} from "../api/http.ts";
import {DraftKeeper} from "../conversation/drafts.ts";
import type {Desk} from "../state/desk.ts";
import {isLetterSend} from "../state/leaving.ts";
import type {DeskState, Pending} from "../state/model.ts";
import type {Texts} from "../texts/index.ts";
import {outboundOf} from "./outbound.ts";
import {whyKeptBack} from "./why.ts";

export interface Telling {
    api: Api;
    announcer: Announcer;
    desk: Desk;
    state: Readonly<ShallowRef<DeskState>>;
    texts: ComputedRef<Texts>;
}

export function tellOfLetters({api, announcer, desk, state, texts}: Telling): void {
    const sentenceOf = ({stage}: Pending): string =>
        stage.kind === "refused" ? whyKeptBack(stage, texts.value) : "";

    async function isOut(id: string): Promise<void> {
        const {me} = state.value;
        new DraftKeeper(browserStorage(), me?.id ?? "").forget(id);
        const review = (await outboundOf(api, me).catch(() => null))?.review ?? null;
        // What waits is told of where it can be taken back.
        if ((state.value.work[id]?.sendsAt ?? null) !== null) {
            return;
        }
        const {chat, letters} = texts.value;
        const text = review === null ? `${chat.sent}.` : letters.reviewed(review);
        announcer.say("polite", {text});
    }

    watch(() => state.value.wentOut, (now, before) => {
        Object.entries(now)
            .filter(([id, key]) => before[id] !== key)
            .forEach(([id]) => void isOut(id));
    });
    watch(() => state.value.pending.filter(isKeptBack), (now, before) => {
        const known = new Set(before.map(({key}) => key));
        for (const one of now.filter(({key}) => !known.has(key))) {
            announcer.say("now", {text: sentenceOf(one)});
        }
        // Its words lie among those that were left, where no draft is any more.
        now.filter(({interactionId}) => isGone(state.value, interactionId))
            .forEach(({key}) => void desk.outbox.remove(key));
    });
}

function isKeptBack(one: Pending): boolean {
    return isLetterSend(one) && one.stage.kind === "refused";
}

function isGone({lastRead, work}: DeskState, id: string): boolean {
    return lastRead > 0 && !(id in work);
}
