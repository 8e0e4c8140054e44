// Makes offers heard and seen wherever one looks: sound, system notification, title. Of several
// tabs one sounds; all of them show.

import {onScopeDispose, watch, type ComputedRef, type ShallowRef} from "vue";
import type {Announcer} from "../app/announcer.ts";
import type {SettingsKeeper} from "../app/settings-keeper.ts";
import {isHeardHere} from "../app/quiet.ts";
import {play, type Sound} from "../app/sound.ts";
import type {Interaction} from "../api/interaction.ts";
import {nameOf} from "../state/lists.ts";
import type {DeskState} from "../state/model.ts";
import type {Texts} from "../texts/index.ts";
import {secondsLeft} from "../texts/times.ts";
import {leftOf, shownOffers} from "./shown.ts";

/** How often an offer is heard until it is answered, in ms. */
const AGAIN_MS = 5_000;
/** Messages are heard at most so often, in ms. */
const MESSAGE_APART_MS = 10_000;
const LOCK = "handoff-desk-alarm";

export interface Alarming {
    state: Readonly<ShallowRef<DeskState>>;
    now: Readonly<ShallowRef<number>>;
    announcer: Announcer;
    settings: SettingsKeeper;
    texts: ComputedRef<Texts>;
    /** Brings to the oldest offer. */
    toOffers(): void;
    /** Brings to an interaction. */
    open(id: string): void;
}

export interface Alarm {
    /** A customer wrote while one did not look at that; `isQuiet` lets it pass unheard. */
    message(interaction: Interaction, text: string, isQuiet: boolean): void;
    /** Something went wrong that one must know of; it is shown while one looks at other windows. */
    trouble(about: string, title: string, body: string): void;
}

export function useAlarm(alarming: Alarming): Alarm {
    const {state, now, announcer, settings, texts, toOffers, open} = alarming;
    const leads = leadership();
    const notices = new Map<string, Notification>();
    let messageAt = 0;

    const sound = (which: Sound): void => {
        if (leads() && settings.chosen.isSoundOn) {
            void play(which, settings.chosen.volume);
        }
    };
    const notify = (id: string, title: string, body: string, come: () => void): void => {
        if (leads() && "Notification" in window && Notification.permission === "granted") {
            const notice = new Notification(title, {body, tag: id});
            notice.onclick = () => {
                window.focus();
                come();
                notice.close();
            };
            notices.set(id, notice);
        }
    };
    const begun = (interaction: Interaction): void => {
        const name = nameOf(interaction);
        const channel = channelName(texts.value, interaction.channel);
        const seconds = secondsLeft(leftOf(interaction, now.value));
        const {offers} = texts.value;
        announcer.say("now", {text: offers.said(channel, name, interaction.subject, seconds)});
        notify(
            interaction.id,
            offers.notified(channel, name),
            offers.notifiedBody(interaction.subject, seconds),
            toOffers,
        );
    };

    const standing = (): Interaction[] => shownOffers(state.value, now.value);
    const keyOf = ({id, offer}: Interaction): string => `${id} ${offer?.at}`;
    let known = new Set<string>();
    watch(() => standing().map(keyOf).join(), () => {
        const all = standing();
        const isNew = all.filter((one) => !known.has(keyOf(one)));
        known = new Set(all.map(keyOf));
        for (const [id, notice] of notices) {
            if (!all.some((one) => one.id === id)) {
                notice.close();
                notices.delete(id);
            }
        }
        isNew.forEach(begun);
        if (isNew.length > 0) {
            sound("offer");
        }
    }, {immediate: true});
    const again = setInterval(() => standing().length > 0 && sound("offer"), AGAIN_MS);
    onScopeDispose(() => {
        clearInterval(again);
        notices.forEach((notice) => notice.close());
    });
    return {
        message(interaction, text, isQuiet) {
            if (!isQuiet && Date.now() - messageAt >= MESSAGE_APART_MS) {
                messageAt = Date.now();
                sound("message");
            }
            const {id} = interaction;
            const words = settings.chosen.areWordsNotified ? text.slice(0, 80) : "";
            notify(id, nameOf(interaction), words, () => open(id));
        },
        trouble(about, title, body) {
            sound("trouble");
            // A window that is in sight beside another has no focus, and is not looked at.
            if (!document.hasFocus()) {
                notify(about, title, body, () => {});
            }
        },
    };
}

function channelName(texts: Texts, channel: string): string {
    const names: Record<string, string> = {chat: texts.common.chat, email: texts.common.email};
    return names[channel] ?? texts.common.workitem;
}

/** Returns whether this tab is the one that is heard. */
function leadership(): () => boolean {
    // A page that did not come over TLS has no locks: each tab is heard then.
    isHeardHere.value = navigator.locks === undefined;
    const end = new AbortController();
    const work = (): Promise<void> => {
        isHeardHere.value = true;
        return new Promise((resolve) => end.signal.addEventListener("abort", () => resolve()));
    };
    void navigator.locks?.request(LOCK, {signal: end.signal}, work).catch(() => {});
    onScopeDispose(() => end.abort());
    return () => isHeardHere.value;
}
