// Builds the widget into one script that any page can load, beside the demo page.

import {defineConfig} from "vite";

export default defineConfig({
    publicDir: "demo",
    build: {
        // The build of the Rust crate puts it below its own output directory.
        outDir: process.env["HANDOFF_WIDGET_OUT"] ?? "dist",
        emptyOutDir: true,
        // Classes with private members, which the CometD client is written with.
        target: "es2022",
        lib: {entry: "src/main.ts", name: "HandoffChat", formats: ["iife"], fileName: () => "widget.js"},
    },
});
