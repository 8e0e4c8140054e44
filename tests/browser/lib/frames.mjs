// How long the frames of a page take, and how much it keeps.

/** Keeps how long each frame took, in ms; runs in the page. */
export function watchFrames() {
    const FRAMES_MAX = 20_000;
    const isWatching = window.handoffFrames !== undefined;
    window.handoffFrames = [];
    let last = performance.now();
    const next = (now) => {
        if (window.handoffFrames.length < FRAMES_MAX) {
            window.handoffFrames.push(Math.round(now - last));
        }
        last = now;
        requestAnimationFrame(next);
    };
    if (!isWatching) {
        requestAnimationFrame(next);
    }
}

/** Takes the frames since they were taken before, or since the page watches. */
export async function takeFrames(page) {
    return page.evaluate(() => window.handoffFrames?.splice(0) ?? []).catch(() => []);
}

/** Returns how long each frame took while something was done, in ms. */
export async function framesWhile(page, run) {
    await page.evaluate(watchFrames);
    await run();
    return takeFrames(page);
}

/** Returns what the page's scripts keep, in KiB, once nothing is left that nobody needs. */
export async function heapOf(page) {
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const {usedSize} = await session.send("Runtime.getHeapUsage");
    await session.detach();
    return Math.round(usedSize / 1024);
}
