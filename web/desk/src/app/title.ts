// What the browser shows of the page when one looks elsewhere.

import {onScopeDispose, shallowRef, watchEffect} from "vue";

const PLAIN = "favicon.svg";
const MARKED = "favicon-offer.svg";

/** Puts a dot on the page's icon while something is offered. */
export function showOfferMark(isOffered: boolean): void {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (link === null) {
        return;
    }
    const wanted = link.href.replace(/[^/]*$/, isOffered ? MARKED : PLAIN);
    if (link.href !== wanted) {
        link.href = wanted;
    }
}

/** What the place that is shown is about; empty where that is the whole desk. */
const subject = shallowRef("");

/** Says what the place is about, as long as the component lives. */
export function useSubject(about: () => string): void {
    watchEffect(() => {
        subject.value = about();
    });
    onScopeDispose(() => {
        subject.value = "";
    });
}

/** Shows the title of the page: how many offers stand, what it is about, whose page it is. */
export function useTitle(offers: () => number, connecting: () => string | null): void {
    watchEffect(() => {
        const about = connecting() ?? subject.value;
        const whole = about === "" ? "Handoff" : `${about} · Handoff`;
        document.title = offers() > 0 ? `(${offers()}) ${whole}` : whole;
    });
}
