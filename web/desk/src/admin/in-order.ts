// Answers that overtake each other.

/** Keeps an answer from being taken for what is newer: what was asked later counts. */
export class InOrder {
    #asked = 0;
    #taken = 0;

    /** Begins to ask; returns what takes its answer, unless that of a later one was taken. */
    ask(): (take: () => void) => void {
        this.#asked += 1;
        const own = this.#asked;
        return (take) => {
            if (own > this.#taken) {
                this.#taken = own;
                take();
            }
        };
    }
}
