// Telling a visitor whose tab is in the background that somebody has answered: a mark in the page's title, and a short sound.

/** Time between two sounds at least, in ms: several messages in a row are one answer. */
const SOUND_MS_MIN = 5_000;
/** The sound: two notes, in Hz, each so long, in s, and not loud. */
const NOTES = [660, 880];
const NOTE_SECONDS = 0.12;
const VOLUME = 0.08;
/** When the sound is over for certain, in ms. */
const CLOSE_MS = 3_000;

/** The mark in the title. The page may change its title meanwhile, so only the mark itself is put in and taken out. */
export class TitleMark {
    #mark = "";

    /** Shows how many messages are unread; none takes the mark away. */
    show(count: number): void {
        const mark = count > 0 ? `(${count}) ` : "";
        const title = document.title;
        const bare = this.#mark !== "" && title.startsWith(this.#mark) ? title.slice(this.#mark.length) : title;
        if (mark !== this.#mark) {
            this.#mark = mark;
            document.title = mark + bare;
        }
    }
}

/** The sound. Browsers let a page make one only after its visitor has done something there; else it stays silent. */
export class Bell {
    #last = 0;

    ring(): void {
        const now = Date.now();
        if (now - this.#last < SOUND_MS_MIN || !("AudioContext" in window) || navigator.userActivation?.hasBeenActive === false) {
            return;
        }
        this.#last = now;
        try {
            const context = new AudioContext();
            // Some browsers begin silently and may stay so; either way it is let go of.
            void context.resume().then(() => play(context));
            setTimeout(() => void context.close(), CLOSE_MS);
        } catch {
            // This browser has no sound to give.
        }
    }
}

function play(context: AudioContext): void {
    const volume = context.createGain();
    volume.gain.value = VOLUME;
    volume.connect(context.destination);
    NOTES.forEach((pitch, at) => {
        const note = context.createOscillator();
        note.frequency.value = pitch;
        note.connect(volume);
        note.start(context.currentTime + at * NOTE_SECONDS);
        note.stop(context.currentTime + (at + 1) * NOTE_SECONDS);
    });
}
