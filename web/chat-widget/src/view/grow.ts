// Fields that are as high as what is in them, up to what the style sheet allows; beyond that they scroll.

/** Makes a field as high as its text. A field that is not shown has no height to go by: it is measured when it is. */
export function fit(field: HTMLTextAreaElement): void {
    if (field.clientWidth === 0) {
        return;
    }
    field.style.blockSize = "auto";
    // The borders are not part of what scrolls.
    field.style.blockSize = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}

/** Keeps a field fitting: as it is typed in, and as the window, a turned phone or a larger text gives it another width. */
export function keepFitting(field: HTMLTextAreaElement): void {
    let width = -1;
    field.addEventListener("input", () => fit(field));
    new ResizeObserver(() => {
        if (field.clientWidth !== width) {
            width = field.clientWidth;
            // Not at once: a change of size in here is an error that the page would be told of.
            requestAnimationFrame(() => fit(field));
        }
    }).observe(field);
}
