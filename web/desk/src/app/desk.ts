// Opens the desk of whoever is signed in, in this browser, for as long as a component lives.

import {onScopeDispose, shallowRef} from "vue";
import {CometdLink} from "../api/cometd-link.ts";
import type {Api} from "../api/http.ts";
import {IndexedStore} from "../api/outbox/indexed-store.ts";
import {MemoryStore} from "../api/outbox/memory-store.ts";
import {newKey, WebTabs} from "../api/outbox/web-tabs.ts";
import {DraftKeeper} from "../conversation/drafts.ts";
import {browserStorage} from "./settings-keeper.ts";
import {isKnown, toldOf} from "../letters/told.ts";
import {pageClock, ServerClock} from "../state/clock.ts";
import {Desk} from "../state/desk.ts";
import type {Me} from "../state/model.ts";
import type {OpenDesk} from "./context.ts";

/** How often times that are shown move on, in ms. */
const TICK_MS = 1_000;

/** How long it is known of words that the outbox took them, in ms: for the next page. */
const WORDS_MS = 24 * 3_600_000;

export async function openDesk(me: Me, api: Api): Promise<() => OpenDesk> {
    // A browser that keeps nothing (a private window of some) still sends once, from this tab.
    const entries = await IndexedStore.open().catch(() => new MemoryStore());
    const clock = new ServerClock(pageClock);
    const taken = await entries.taken(clock.now() - WORDS_MS).catch(() => new Set<string>());
    new DraftKeeper(browserStorage(), me.id).settle(taken);
    const desk = new Desk(me, {
        api,
        clock,
        entries,
        newKey,
        tabs: new WebTabs(me.id),
        isOffline: () => !navigator.onLine,
        isAsKnown: (draft, known) =>
            draft.letter === null || isKnown(toldOf(draft.letter, draft.subject), known),
        timers: {
            after(ms, run) {
                const timer = setTimeout(run, ms);
                return () => clearTimeout(timer);
            },
        },
        makeLink: (events) =>
            new CometdLink(
                {
                    url: new URL("notifications", api.root).href,
                    token: () => api.token,
                    stamp: () => clock.stamp(),
                },
                events,
            ),
    });
    return () => bind(desk, clock);
}

/** Binds a desk to the component that calls it, and starts it. */
function bind(desk: Desk, clock: ServerClock): OpenDesk {
    const state = shallowRef(desk.store.state);
    const now = shallowRef(clock.now());
    const stopListening = desk.store.listen((next) => {
        state.value = next;
    });
    const tick = setInterval(() => {
        now.value = clock.now();
    }, TICK_MS);
    const network = (): void => desk.sync.networkChanged();
    addEventListener("online", network);
    addEventListener("offline", network);
    desk.start();
    onScopeDispose(() => {
        clearInterval(tick);
        removeEventListener("online", network);
        removeEventListener("offline", network);
        stopListening();
        desk.stop();
    });
    return {desk, state, now, stateRefusal: shallowRef("")};
}
