// Builds the unit tests for Node, so that its own test runner runs them: no test framework to install.

import {readdirSync} from "node:fs";
import {defineConfig} from "vite";

export default defineConfig({
    publicDir: false,
    build: {
        ssr: true,
        outDir: "node_modules/.unit-tests",
        emptyOutDir: true,
        target: "node20",
        rolldownOptions: {
            input: readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`),
            output: {entryFileNames: "[name].mjs", chunkFileNames: "parts/[name].mjs"},
        },
    },
});
