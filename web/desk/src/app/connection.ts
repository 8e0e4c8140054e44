// Says in words when the connection is gone, and when it is back.

import {watch, type ComputedRef, type ShallowRef} from "vue";
import type {DeskState} from "../state/model.ts";
import {chatsToRead} from "../state/sync.ts";
import type {Texts} from "../texts/index.ts";
import type {Announcer} from "./announcer.ts";

/** How long a connection may be away without a word, in ms: most are back before. */
export const UNSAID_MS = 2_000;

export function tellOfConnection(
    state: Readonly<ShallowRef<DeskState>>,
    announcer: Announcer,
    texts: ComputedRef<Texts>,
): void {
    let isSaid = false;
    let linesBefore = 0;
    watch(() => state.value.connection.kind, (kind, _, onCleanup) => {
        if (kind === "lost") {
            linesBefore = linesOf(state.value);
            const timer = setTimeout(() => {
                isSaid = true;
                announcer.say("now", {text: texts.value.said.lost});
            }, UNSAID_MS);
            onCleanup(() => clearTimeout(timer));
        }
    });
    // What was missed is read first, so that it can be counted.
    watch(() => isAllRead(state.value), (isBack) => {
        if (isBack && isSaid) {
            isSaid = false;
            const missed = Math.max(0, linesOf(state.value) - linesBefore);
            announcer.say("polite", {text: texts.value.said.back(missed)});
        }
    });
}

function isAllRead(state: DeskState): boolean {
    const {connection, isStale, reading} = state;
    const isRead = !isStale && reading === null && chatsToRead(state).length === 0;
    return connection.kind === "live" && isRead;
}

function linesOf({transcripts}: DeskState): number {
    return Object.values(transcripts).reduce((sum, {lines}) => sum + lines.length, 0);
}
