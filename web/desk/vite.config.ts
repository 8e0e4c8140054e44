// Builds the desk. Names are hashed, addresses are relative, so that it works below any prefix.

import vue from "@vitejs/plugin-vue";
import {defineConfig} from "vite";
import {pages} from "./build/pages.ts";

/** The program whose API the page has while it is written. */
const program = process.env["HANDOFF_URL"] ?? "http://127.0.0.1:8090";
/** It takes requests and upgrades of its own pages only. */
const proxied = {target: program, ws: true, headers: {origin: program}, changeOrigin: true};

export default defineConfig({
    // Scripts and styles find each other from where they are themselves.
    base: "./",
    // What the desk does not use of Vue is left out.
    plugins: [vue({features: {optionsAPI: false}}), pages()],
    server: {proxy: {"/api": proxied, "/demo": proxied, "/chat": proxied}},
    build: {
        // Where the program takes its pages from.
        outDir: "../dist/desk",
        emptyOutDir: true,
        assetsDir: "desk-assets",
        // The policy of the page lets fonts come from files only.
        assetsInlineLimit: 0,
        target: "es2022",
        // Every browser of that age knows how to load ahead.
        modulePreload: {polyfill: false},
        // All that a first visit loads stands in one file, which packs better than many, whatever of
        // it is shared with what is loaded later.
        rolldownOptions: {
            output: {codeSplitting: {groups: [{name: "first", tags: ["$initial"]}]}},
        },
        // What the packages in it ask of whoever passes them on.
        license: {fileName: "desk-assets/licenses.md"},
    },
});
