// Parts of the desk are loaded when they are wanted, with their styles beside them. Vite asks for a
// part's styles once, also when that failed: whatever was wanted for the first time while there was
// no connection came without them from then on.

import {defineAsyncComponent, type Component} from "vue";

/** Styles that could not be loaded, by address, with the load that is under way. */
const missing = new Map<string, Promise<void> | null>();
/** How Vite names them. */
const FAILED = /^Unable to preload CSS for (\S+)$/;

globalThis.addEventListener?.("vite:preloadError", (event) => {
    const {payload} = event as Event & {payload?: Error};
    const address = FAILED.exec(payload?.message ?? "")?.[1];
    if (address !== undefined) {
        missing.set(address, null);
    }
});

/** Loads a part as `load` does, after whatever styles are missing. Fails as long as they are. */
export async function whole<T>(load: () => Promise<T>): Promise<T> {
    await Promise.all([...missing.keys()].map(styled));
    return load();
}

/** How long it is waited before what could not be loaded is tried again, in ms. */
const AGAIN_MS = 2_000;
/** How often: then the server has another desk, or none. */
const TRIES_MAX = 60;

/** Returns a component that is loaded when it is shown first, sooner or later. */
export function part<T extends Component>(load: () => Promise<{default: T}>): T {
    return defineAsyncComponent<T>({
        loader: () => whole(load),
        onError(_, retry, fail, attempts) {
            if (attempts < TRIES_MAX) {
                setTimeout(retry, AGAIN_MS);
            } else {
                fail();
            }
        },
    });
}

function styled(address: string): Promise<void> {
    const loading = missing.get(address) ?? newLink(address)
        .then(() => void missing.delete(address))
        .catch((trouble: unknown) => {
            missing.set(address, null);
            throw trouble;
        });
    if (missing.has(address)) {
        missing.set(address, loading);
    }
    return loading;
}

function newLink(address: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const link = document.createElement("link");
        link.rel = "stylesheet";
        link.href = address;
        link.onload = () => resolve();
        link.onerror = () => {
            link.remove();
            reject(new Error(`no styles at ${address}`));
        };
        document.head.append(link);
    });
}
