// What the browser shows of the page when one looks elsewhere.

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
