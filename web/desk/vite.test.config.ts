// Builds the unit tests for Node, so that its own test runner runs them: no test framework to
// install.

import {readdirSync} from "node:fs";
import vue from "@vitejs/plugin-vue";
import {defineConfig} from "vite";

const tests = readdirSync("test", {recursive: true, encoding: "utf8"})
    .filter((name) => name.endsWith(".test.ts"));

export default defineConfig({
    publicDir: false,
    plugins: [vue()],
    build: {
        ssr: true,
        outDir: "node_modules/.unit-tests",
        emptyOutDir: true,
        target: "node20",
        rolldownOptions: {
            input: tests.map((name) => `test/${name}`),
            output: {entryFileNames: "[name].mjs", chunkFileNames: "parts/[name].mjs"},
        },
    },
});
