// Says in words when the connection is gone, and when it is back.

import {watch, type ComputedRef, type ShallowRef} from "vue";
import type {DeskState} from "../state/model.ts";
import {chatsToRead} from "../state/sync.ts";
import type {Texts} from "../texts/index.ts";
import type {Announcer} from "./announcer.ts";

/** How long a connection may be away without a word, in ms: most are back before. */
export const UNSAID_MS = 2_000;
/** After so long without a message, in ms, what the link brings anew has come. */
export const QUIET_MS = 1_000;

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
    // What was missed is read, or told anew, first, so that it can be counted.
    watch([() => isAllRead(state.value), () => state.value.numbers], ([isBack], _, onCleanup) => {
        if (isBack && isSaid) {
            const timer = setTimeout(() => {
                isSaid = false;
                const missed = Math.max(0, linesOf(state.value) - linesBefore);
                announcer.say("polite", {text: texts.value.said.back(missed)});
            }, QUIET_MS);
            onCleanup(() => clearTimeout(timer));
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
