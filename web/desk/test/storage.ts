// A storage as browsers have one.

/** A browser's storage, whose names are its own keys, as in browsers. */
export class Kept {
    getItem(name: string): string | null {
        return (this as unknown as Record<string, string>)[name] ?? null;
    }

    setItem(name: string, value: string): void {
        (this as unknown as Record<string, string>)[name] = value;
    }

    removeItem(name: string): void {
        delete (this as unknown as Record<string, string>)[name];
    }
}
