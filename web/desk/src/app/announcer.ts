// What screen readers are told. One region is polite, the other interrupts; each says at most one
// thing in 2 s, and what came meanwhile is joined, so that nobody is talked over.

export type Urgency = "polite" | "now";

export interface Saying {
    text: string;
    /** Whose message it tells of: several messages are told as their number. */
    message?: {from: string};
    /** What it is about: of several that wait only the last of the same is said. */
    about?: string;
}

export interface Surroundings {
    show(urgency: Urgency, text: string): void;
    /** Runs something after so many ms. */
    later(run: () => void, ms: number): void;
    /** The sentence for several messages of several customers. */
    messages(n: number, customers: number): string;
}

/** How long one saying is left alone, in ms: about what a screen reader needs for it. */
const APART_MS = 2_000;

export class Announcer {
    readonly #surroundings: Surroundings;
    readonly #waiting: Record<Urgency, Saying[]> = {polite: [], now: []};
    readonly #isBusy: Record<Urgency, boolean> = {polite: false, now: false};

    constructor(surroundings: Surroundings) {
        this.#surroundings = surroundings;
    }

    say(urgency: Urgency, saying: Saying): void {
        const others = ({about}: Saying): boolean => about === undefined || about !== saying.about;
        this.#waiting[urgency] = [...this.#waiting[urgency].filter(others), saying];
        if (!this.#isBusy[urgency]) {
            this.#next(urgency);
        }
    }

    #next(urgency: Urgency): void {
        const sayings = this.#waiting[urgency].splice(0);
        this.#isBusy[urgency] = sayings.length > 0;
        // Emptied after a while, so that the same sentence is said again when it comes again.
        this.#surroundings.show(urgency, this.#joined(sayings));
        if (sayings.length > 0) {
            this.#surroundings.later(() => this.#next(urgency), APART_MS);
        }
    }

    #joined(sayings: Saying[]): string {
        const messages = sayings.filter((saying) => saying.message !== undefined);
        if (messages.length < 2) {
            return sayings.map(({text}) => text).join(" ");
        }
        const customers = new Set(messages.map(({message}) => message?.from)).size;
        const others = sayings.filter((saying) => saying.message === undefined);
        const together = this.#surroundings.messages(messages.length, customers);
        return [...others.map(({text}) => text), together].join(" ");
    }
}
