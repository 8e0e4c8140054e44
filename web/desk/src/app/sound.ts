// The sounds, made on the spot: no file is loaded.

/** What a sound tells: an offer, a message, or that something is wrong. */
export type Sound = "offer" | "message" | "trouble";

interface Note {
    /** In Hz. */
    pitch: number;
    /** When it begins and how long it lasts, in s. */
    at: number;
    length: number;
}

const NOTES: Record<Sound, readonly Note[]> = {
    offer: [
        {pitch: 659.25, at: 0, length: 0.18},
        {pitch: 880, at: 0.2, length: 0.2},
    ],
    message: [{pitch: 587.33, at: 0, length: 0.16}],
    trouble: [{pitch: 196, at: 0, length: 0.3}],
};
/** How loud each is beside the others. */
const WEIGHT: Record<Sound, number> = {offer: 1, message: 0.35, trouble: 0.7};
/** How long a note takes to come up, in s: without it, it would click. */
const ATTACK = 0.012;
/** What an exponential slope ends in; it cannot end in nothing. */
const SILENCE = 0.0001;

/** How long the browser is given to let a sound through, in ms; without a press it never does. */
const WAKING_MS_MAX = 300;

let context: AudioContext | undefined;

/** Returns whether the browser keeps the page silent: until one has pressed something in it. */
export function isSilenced(): boolean {
    return context?.state !== "running" && !navigator.userActivation.hasBeenActive;
}

/** Asks the browser to let the page be heard. Counts only during a press. */
export async function wakeSound(): Promise<void> {
    context ??= new AudioContext();
    if (context.state !== "running") {
        await context.resume();
    }
}

/** Plays a sound at a volume of 0…100; returns whether it could be heard. */
export async function play(sound: Sound, volume: number): Promise<boolean> {
    // Not waited for longer: what was not heard now is not to be heard all at once later.
    await Promise.race([wakeSound(), new Promise((gone) => setTimeout(gone, WAKING_MS_MAX))]);
    if (context === undefined || context.state !== "running") {
        return false;
    }
    for (const note of NOTES[sound]) {
        strike(context, note, (volume / 100) * WEIGHT[sound]);
    }
    return true;
}

function strike(on: AudioContext, {pitch, at, length}: Note, loudness: number): void {
    const begin = on.currentTime + at;
    const voice = on.createOscillator();
    const gain = on.createGain();
    voice.type = "sine";
    voice.frequency.value = pitch;
    gain.gain.setValueAtTime(SILENCE, begin);
    gain.gain.exponentialRampToValueAtTime(Math.max(loudness * 0.5, SILENCE), begin + ATTACK);
    gain.gain.exponentialRampToValueAtTime(SILENCE, begin + length);
    voice.connect(gain).connect(on.destination);
    voice.start(begin);
    voice.stop(begin + length);
}
