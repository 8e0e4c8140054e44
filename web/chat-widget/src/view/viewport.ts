// On a small screen the dialog takes all of it, less the keyboard: phones lay the keyboard over the page without telling its layout.

/** Where the dialog takes the whole screen: phones, upright and on their side. The style sheet has the same. */
const SMALL_SCREEN = "(max-width: 480px), (max-height: 480px)";
/** Less height than this, in pixels, has room for the conversation and the field alone. */
const TIGHT = 300;
/** Whoever has zoomed in looks at a part, which the dialog must not follow. */
const ZOOMED = 1.01;

/** Keeps the dialog within what can be seen. */
export function followViewport(panel: HTMLElement, signal: AbortSignal): void {
    const small = matchMedia(SMALL_SCREEN);
    const seen = window.visualViewport;
    const fit = () => {
        panel.setAttribute("aria-modal", String(small.matches));
        const isFollowing = small.matches && seen !== null && seen.scale < ZOOMED;
        panel.style.blockSize = isFollowing ? `${seen.height}px` : "";
        panel.style.insetBlockStart = isFollowing ? `${seen.offsetTop}px` : "";
        panel.classList.toggle("tight", isFollowing && seen.height < TIGHT);
    };
    small.addEventListener("change", fit, {signal});
    seen?.addEventListener("resize", fit, {signal});
    seen?.addEventListener("scroll", fit, {signal});
    fit();
}
