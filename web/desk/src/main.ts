// Where the desk begins.

import {createApp, shallowRef} from "vue";
import "@fontsource-variable/inter";
import {Api} from "./api/http.ts";
import App from "./app/App.vue";
import {Announcer, type Urgency} from "./app/announcer.ts";
import {contextKey, type Context} from "./app/context.ts";
import {makeRouter} from "./app/place.ts";
import {Session, type Entrance} from "./app/session.ts";
import {browserStorage, keepDrafts, SettingsKeeper} from "./app/settings-keeper.ts";
import {keepDocumentLanguage, useTexts} from "./texts/in-vue.ts";
import "./ui/tokens.css";
import "./ui/base.css";

/** Where the desk is: one above this script, wherever a proxy has put both. */
const base = new URL(/* @vite-ignore */ "..", import.meta.url).href;

function regions(): Announcer {
    const ids: Record<Urgency, string> = {polite: "say", now: "say-now"};
    const texts = useTexts();
    return new Announcer({
        show(urgency, text) {
            const region = document.getElementById(ids[urgency]);
            if (region !== null) {
                region.textContent = text;
            }
        },
        later: (run, ms) => setTimeout(run, ms),
        messages: (n, customers) => texts.value.said.messages(n, customers),
    });
}

/** The page names its script, whose name changes with what is in it. */
async function newer(): Promise<boolean> {
    const own = new URL(import.meta.url).pathname.split("/").at(-1) ?? "";
    try {
        const answer = await fetch(base, {cache: "no-store"});
        return answer.ok && !(await answer.text()).includes(own);
    } catch {
        return false;
    }
}

function context(): Context {
    const api = new Api(base, {
        fetch: (...asked) => fetch(...asked),
        signedOut: (sentence) => session.lost(sentence),
        passwordDemanded: () => session.demanded(),
        whose: () => session.whose,
    });
    const session: Session = new Session(api);
    const entrance = shallowRef<Entrance>({center: null, version: null, demo: [], providers: []});
    const settings = new SettingsKeeper(browserStorage());
    return {base, api, session, entrance, settings, announcer: regions(), newer};
}

/**
 * A relative address is read anew whenever the page's own changes, and is another one at another
 * depth. Scripts and styles are loaded by then; the icon is looked for again.
 */
function fixIcon(): void {
    document.querySelector('link[rel="icon"]')?.setAttribute("href", `${base}favicon.svg`);
}

fixIcon();
keepDocumentLanguage();
const given = context();
void given.session.ask();
void given.session.entrance().then((entrance) => {
    given.entrance.value = entrance;
});
await keepDrafts();
createApp(App).provide(contextKey, given).use(makeRouter(base)).mount("#app");
