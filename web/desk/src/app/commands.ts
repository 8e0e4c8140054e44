// What can be done now, by name and by key. Whoever can do something says so while they can; the
// command box, the table of keys and the keyboard know nothing else.

import {computed, onScopeDispose, shallowReactive, type ComputedRef} from "vue";

/** Where a key works: the letters only while a list or the transcript has the focus. */
export type Where = "everywhere" | "lists" | "composer";

export interface Command {
    /** Its name, in the reader's language. */
    title(): string;
    /** As tinykeys writes it, such as `Shift+F8`; a command may have none. */
    key?: string;
    where: Where;
    /** Whether the command box offers it; not what only brings there. */
    isInBox: boolean;
    /** Whether it can be done now; the box leaves out what cannot. */
    isOffered?(): boolean;
    /** Returns `false` when there was nothing to do, and the browser may have the key. */
    run(): boolean | void;
}

const commands = shallowReactive(new Set<Command>());

/** Offers a command until the component that does so is gone. */
export function useCommand(command: Command): void {
    commands.add(command);
    onScopeDispose(() => commands.delete(command));
}

export const allCommands: ComputedRef<Command[]> = computed(() => [...commands]);

/** Returns the commands that have all words of what was typed. */
export function matching(typed: string): Command[] {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    return [...commands]
        .filter((command) => command.isInBox && command.isOffered?.() !== false)
        .filter((command) => words.every((word) => command.title().toLowerCase().includes(word)))
        .sort((a, b) => a.title().localeCompare(b.title()));
}

/** The sign, wherever a keyboard has it: on some it needs Shift, on others not. */
export const QUESTION_MARK = "[Shift]+?";

/** Returns a key as it is shown. */
export function keyText(key: string, isMac: boolean): string {
    return key
        .replaceAll("$mod", isMac ? "⌘" : "Ctrl")
        .replace(QUESTION_MARK, "?")
        .replace(/^\(.*\)$/, "?")
        .split("+")
        .map((part) => (part.length === 1 ? part.toUpperCase() : part))
        .join("+");
}

/** Whether a key of a command counts at an element. */
export function counts(where: Where, target: Element | null): boolean {
    switch (where) {
        case "everywhere":
            return true;
        case "composer":
            return target?.closest('[data-part="composer"]') != null;
        case "lists":
            return target?.closest("[data-letter-keys]") != null
                && target.closest("input, textarea, select, [contenteditable]") === null;
    }
}
