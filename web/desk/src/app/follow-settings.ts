// Follows the settings on the server as long as a desk is open: read with each link, and when they
// were changed elsewhere.

import {onScopeDispose, watch, type ShallowRef} from "vue";
import type {Api} from "../api/http.ts";
import type {DeskState} from "../state/model.ts";
import type {Settings} from "./settings.ts";
import {SettingsOnServer} from "./settings-on-server.ts";

export function followSettings(
    state: Readonly<ShallowRef<DeskState>>,
    api: Api,
    chosen: Settings,
): void {
    const kept = new SettingsOnServer({
        api,
        chosen,
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
