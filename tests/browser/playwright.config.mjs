// One browser: the system's Chromium, or the one that HANDOFF_CHROMIUM names. The program is the built one, or the one at HANDOFF_BIN; pictures
// and traces go to HANDOFF_BROWSER_OUT.

import {execFileSync} from "node:child_process";
import {defineConfig} from "@playwright/test";

// The program is on this machine: nothing may ask a proxy for it.
for (const name of ["http_proxy", "https_proxy", "all_proxy"]) {
    delete process.env[name];
    delete process.env[name.toUpperCase()];
}

const chromium = process.env.HANDOFF_CHROMIUM ?? execFileSync("which", ["chromium"], {encoding: "utf8"}).trim();

export default defineConfig({
    testDir: "specs",
    outputDir: process.env.HANDOFF_BROWSER_OUT ?? "node_modules/.results",
    fullyParallel: true,
    // Each has a program, an agent and a browser.
    workers: 2,
    // What fails once in some hundred runs is to be found and mended, and keeps no change of anybody's out: it is tried once more, and told.
    retries: process.env.CI ? 1 : 0,
    // Long enough for a machine that does other things as well: no test is about time.
    timeout: 120_000,
    expect: {timeout: 20_000},
    reporter: "list",
    use: {
        locale: "en-GB",
        screenshot: "only-on-failure",
        launchOptions: {executablePath: chromium, args: ["--no-sandbox"]},
    },
});
