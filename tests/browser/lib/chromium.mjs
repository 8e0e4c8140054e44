// The browser: Debian's headless Chromium, or the one that HANDOFF_CHROMIUM names.

import {execFileSync} from "node:child_process";

const NAME = process.env.HANDOFF_CHROMIUM ?? "chromium-headless-shell";

/** What it is started with. */
export const LAUNCH = {executablePath: execFileSync("which", [NAME], {encoding: "utf8"}).trim(), args: ["--no-sandbox"]};
