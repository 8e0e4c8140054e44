// Builds the desk. Names are hashed, addresses are relative, so that it works below any prefix.

import vue from "@vitejs/plugin-vue";
import {defineConfig} from "vite";
import {pages} from "./build/pages.ts";

export default defineConfig({
    // Scripts and styles find each other from where they are themselves.
    base: "./",
    plugins: [vue(), pages()],
    build: {
        // Where the program takes its pages from.
        outDir: "../dist/desk",
        emptyOutDir: true,
        assetsDir: "desk-assets",
        // The policy of the page lets fonts come from files only.
        assetsInlineLimit: 0,
        target: "es2022",
        // What the packages in it ask of whoever passes them on.
        license: {fileName: "desk-assets/licenses.md"},
    },
});
