// What the parts of a form have in common.

/** Says what is wrong at a control; `null` when nothing is. */
export type FaultOf = (at: string) => string | null;

/** Returns the id of a control: there is one form on the page at a time. */
export function controlId(at: string): string {
    return `field-${at}`;
}
