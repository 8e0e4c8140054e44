// Brings what is pressed to the commands. Only keys that browsers and screen readers leave free
// work everywhere; letters work where lists or the transcript have the focus.

import {matchKeybindingPress, parseKeybinding} from "tinykeys";
import {allCommands, counts} from "./commands.ts";
import type {Settings} from "./settings.ts";

/** Listens until the returned function is called. */
export function listenForKeys(settings: Settings): () => void {
    const pressed = (event: KeyboardEvent): void => {
        if (!event.defaultPrevented && !event.isComposing && run(event, settings)) {
            event.preventDefault();
        }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
}

function run(event: KeyboardEvent, settings: Settings): boolean {
    const target = event.target instanceof Element ? event.target : null;
    // A dialog or menu is on top: what lies below does not hear keys.
    if (target?.closest('[role="dialog"], [role="menu"]') != null) {
        return false;
    }
    return allCommands.value.some((command) => {
        const {key, where} = command;
        if (key === undefined || !counts(where, target)) {
            return false;
        }
        if (where === "lists" && !settings.areLettersKeys) {
            return false;
        }
        return isPressed(event, key) && command.run() !== false;
    });
}

/** Returns whether a key of a command is what was pressed. */
export function isPressed(event: KeyboardEvent, key: string): boolean {
    const [press] = parseKeybinding(key);
    return press !== undefined && matchKeybindingPress(event, press);
}
