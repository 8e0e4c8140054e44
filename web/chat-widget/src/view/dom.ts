// Making elements. Strings become text nodes here and nowhere else does text get into the page: there is no markup to inject into.

/** What an element can have inside. */
export type Child = Node | string | undefined;

/** Makes an element with attributes; `true` is an attribute without a value, `false` none. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag,
    attributes: Record<string, string | boolean> = {},
    ...children: Child[]
): HTMLElementTagNameMap[Tag] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value !== false) {
            element.setAttribute(name, value === true ? "" : value);
        }
    }
    element.append(...children.filter((child) => child !== undefined));
    return element;
}

/** A button with words. */
export function button(words: string, className: string, pressed: () => void): HTMLButtonElement {
    const made = make("button", {type: "button", class: className}, words);
    made.addEventListener("click", pressed);
    return made;
}

/** A button that shows a drawing and says what it does. */
export function iconButton(icon: Icon, label: string, className: string, pressed: () => void): HTMLButtonElement {
    const made = make("button", {type: "button", class: className, "aria-label": label, title: label}, drawing(icon));
    made.addEventListener("click", pressed);
    return made;
}

/** Shows an element or takes it away, for eyes and for screen readers alike. */
export function show(element: HTMLElement, isShown: boolean): void {
    element.hidden = !isShown;
}

/** Writes text only when it is another: a live region repeats itself otherwise. */
export function write(element: HTMLElement, text: string): void {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

const ICONS = {
    chat: ["M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3 21l2-5.6A8.4 8.4 0 1 1 21 11.5z"],
    minimize: ["M6 9l6 6 6-6"],
    send: ["M4 12l16-8-6 16-3-7z", "M11 13l9-9"],
    attach: ["M20 11.5l-8.3 8.3a5 5 0 0 1-7.1-7.1l8.6-8.6a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8"],
    save: ["M12 3v12", "M7 10.5l5 5 5-5", "M4 20h16"],
    end: ["M10 4H5v16h5", "M14 8l4 4-4 4", "M18 12H9"],
    close: ["M6 6l12 12", "M18 6L6 18"],
    file: ["M14 3H6v18h12V7z", "M14 3v4h4"],
} as const;

/** The drawings that there are. */
export type Icon = keyof typeof ICONS;

/** Draws one; it is decoration, the words are in the label. */
export function drawing(icon: Icon): SVGElement {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", `icon icon-${icon}`);
    for (const line of ICONS[icon]) {
        const path = document.createElementNS(space, "path");
        path.setAttribute("d", line);
        svg.append(path);
    }
    return svg;
}
