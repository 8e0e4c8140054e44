// The script of the page: it registers the element and, when it names a service, puts one into the page.
//
//     <script src="https://chat.example/chat/widget.js" data-service="customer-support" defer></script>

import {HandoffChat, setScriptBase} from "./element.ts";
import {ATTRIBUTES} from "./options.ts";

const NAME = "handoff-chat";

const script = document.currentScript;
if (script instanceof HTMLScriptElement && script.src !== "") {
    setScriptBase(new URL(".", script.src).href.replace(/\/chat\/$/u, ""));
}
if (customElements.get(NAME) === undefined) {
    customElements.define(NAME, HandoffChat);
}
if (script instanceof HTMLScriptElement && script.dataset["service"] !== undefined) {
    const element = document.createElement(NAME);
    for (const name of ATTRIBUTES) {
        const value = script.getAttribute(`data-${name}`);
        if (value !== null) {
            element.setAttribute(name, value);
        }
    }
    const place = () => document.body.append(element);
    document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", place) : place();
}
