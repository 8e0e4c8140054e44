// Keeps the settings of whoever sits here: in this browser at once, so that the next page looks as
// the last one did from its first moment.

import {reactive, watch} from "vue";
import {chooseLanguage} from "../texts/in-vue.ts";
import {restored} from "./kept-storage.ts";
import {DEFAULTS, readSettings, type Settings} from "./settings.ts";

const KEPT_AS = "handoff-desk-settings";

export class SettingsKeeper {
    readonly chosen: Settings = reactive({...DEFAULTS});
    readonly #storage: Storage | null;

    constructor(storage: Storage | null) {
        this.#storage = storage;
        Object.assign(this.chosen, readSettings(this.#read()));
        watch(this.chosen, () => this.#write(), {flush: "sync"});
        watch(this.chosen, show, {immediate: true, flush: "sync"});
    }

    #read(): unknown {
        try {
            return JSON.parse(this.#storage?.getItem(KEPT_AS) ?? "null");
        } catch {
            return null;
        }
    }

    #write(): void {
        try {
            this.#storage?.setItem(KEPT_AS, JSON.stringify(this.chosen));
        } catch {
            // A browser that keeps nothing: the settings are those of this page.
        }
    }
}

/** Makes the page look as chosen. */
function show({theme, density, language}: Settings): void {
    const {dataset} = document.documentElement;
    if (theme === "system") {
        delete dataset["theme"];
    } else {
        dataset["theme"] = theme;
    }
    dataset["density"] = density;
    chooseLanguage(language);
}

let kept: Storage | null = null;

/** Makes what is half written outlive a kill of the browser; before that it is some seconds old. */
export async function keepDrafts(): Promise<void> {
    const storage = browserStorage();
    kept = storage === null ? null : await restored(storage);
}

/** Returns the browser's storage; `null` where it may not be used. */
export function browserStorage(): Storage | null {
    try {
        return kept ?? localStorage;
    } catch {
        return null;
    }
}
