// Choosing by name from what there is: what is found, what is taken, and which one is ahead.

/** None is ahead until somebody types or moves: Enter takes nothing unasked. */
export const NONE = -1;

/** Returns what has the words that were typed, without what is chosen already. */
export function found(
    options: readonly string[],
    chosen: readonly string[],
    typed: string,
): string[] {
    const words = typed.trim().toLowerCase();
    return options.filter((one) => !chosen.includes(one) && one.toLowerCase().includes(words));
}

/** Returns the one whose name was typed whole; capitals count where two differ in them alone. */
export function named(names: readonly string[], typed: string): string | undefined {
    const name = typed.trim();
    const alike = names.filter((one) => one.toLowerCase() === name.toLowerCase());
    return alike.find((one) => one === name) ?? (alike.length === 1 ? alike[0] : undefined);
}

/** Returns the place after a step up or down, from one end to the other. */
export function moved(place: number, by: number, length: number): number {
    const from = place === NONE && by < 0 ? 0 : place;
    return length === 0 ? NONE : (from + by + length) % length;
}
