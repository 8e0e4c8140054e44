// One browser, see lib/chromium.mjs. The program is the built one, or the one at HANDOFF_BIN; pictures
// and traces go to HANDOFF_BROWSER_OUT.

import {defineConfig} from "@playwright/test";

import {LAUNCH} from "./lib/chromium.mjs";

// The program is on this machine: nothing may ask a proxy for it.
for (const name of ["http_proxy", "https_proxy", "all_proxy"]) {
    delete process.env[name];
    delete process.env[name.toUpperCase()];
}

export default defineConfig({
    testDir: "specs",
    outputDir: process.env.HANDOFF_BROWSER_OUT ?? "node_modules/.results",
    fullyParallel: true,
    // Each has a program, an agent and a browser. A test waits most of its time: for timers, answers and what is drawn.
    workers: 4,
    // What fails once in some hundred runs is to be found and mended, and keeps no change of anybody's out: it is tried once more, and told.
    retries: process.env.CI ? 1 : 0,
    // Long enough for a machine that does other things as well: no test is about time.
    timeout: 120_000,
    expect: {timeout: 20_000},
    reporter: "list",
    use: {
        locale: "en-GB",
        screenshot: "only-on-failure",
        launchOptions: LAUNCH,
    },
});
