// Builds the widget into one script that any page can load, beside the demo page.

import {defineConfig} from "vite";

export default defineConfig({
    publicDir: "demo",
    build: {
        // Where the program takes its pages from.
        outDir: "../dist/chat",
        emptyOutDir: true,
        // Classes with private members, which the CometD client is written with.
        target: "es2022",
        lib: {entry: "src/main.ts", name: "HandoffChat", formats: ["iife"], fileName: () => "widget.js"},
    },
});
