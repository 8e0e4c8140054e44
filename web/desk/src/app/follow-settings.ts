// Follows the settings on the server as long as a desk is open: read with each link, and when they
// were changed elsewhere.

import {onScopeDispose, watch, type ShallowRef} from "vue";
import {fields} from "../api/fields.ts";
import type {Api} from "../api/http.ts";
import type {DeskState} from "../state/model.ts";
import {readSettings, type Settings} from "./settings.ts";
import {browserStorage} from "./settings-keeper.ts";
import {SettingsOnServer, type SettingsSurroundings} from "./settings-on-server.ts";

const KNOWN_AS = "handoff-desk-settings-known";

export function followSettings(
    state: Readonly<ShallowRef<DeskState>>,
    api: Api,
    chosen: Settings,
    who: string | null,
): void {
    const kept = new SettingsOnServer({
        api,
        chosen,
        known: knownOf(who),
        after(ms, run) {
            const timer = setTimeout(run, ms);
            return () => clearTimeout(timer);
        },
    });
    watch(() => state.value.connection.kind, (kind) => {
        if (kind === "live") {
            void kept.read();
        }
    }, {immediate: true});
    watch(chosen, () => kept.changed());
    watch(() => state.value.settingsTold, (told) => {
        if (told !== null) {
            void kept.told(told.referenceId);
        }
    });
    onScopeDispose(() => kept.stop());
}

/** What the server was known to have of whoever sits here; of somebody else nothing is known. */
function knownOf(who: string | null): SettingsSurroundings["known"] {
    return {
        read() {
            try {
                const kept = fields(JSON.parse(browserStorage()?.getItem(KNOWN_AS) ?? "null"));
                if (kept["user"] === who) {
                    return readSettings(kept["settings"]);
                }
                // What is chosen from now on is not theirs.
                browserStorage()?.removeItem(KNOWN_AS);
                return null;
            } catch {
                return null;
            }
        },
        write(settings) {
            try {
                browserStorage()?.setItem(KNOWN_AS, JSON.stringify({user: who, settings}));
            } catch {
                // A browser that keeps nothing: the server's count on the next page.
            }
        },
    };
}
