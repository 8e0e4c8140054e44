// A password that an admin gives: said over a telephone as well as copied.

/** Without what is taken for something else when it is read out or copied by hand. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
const PART_LEN = 5;
/** 20 letters of 31: 99 bits, far beyond any guesser. */
const PARTS = 4;

/** Returns a password that nobody else has; `random` returns a whole number below its bound. */
export function newPassword(random: (bound: number) => number = randomBelow): string {
    const part = (): string =>
        Array.from({length: PART_LEN}, () => LETTERS[random(LETTERS.length)]).join("");
    return Array.from({length: PARTS}, part).join("-");
}

/** Each number is as likely as the others: what would make the first ones likelier is left out. */
function randomBelow(bound: number): number {
    const most = 256 - (256 % bound);
    for (;;) {
        const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
        if (byte < most) {
            return byte % bound;
        }
    }
}
