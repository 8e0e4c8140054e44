// What the build adds to Vite's: the page once for every depth of an address, everything packed
// ahead, and a check of what a first visit loads.

import {readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {brotliCompressSync, constants, gzipSync} from "node:zlib";
import type {Plugin, Rolldown} from "vite";

/** The most that a first visit may load without the editor of letters, in bytes after gzip. */
const FIRST_LOAD_MAX = 250 * 1024;
/** The most that it is with the editor, in bytes after gzip. */
const WITH_EDITOR_MAX = 400 * 1024;
/**
 * The parts that only admins load, and whoever looks at their sign-ins: what an agent does with a
 * letter never comes to them.
 */
const ELSEWHERE = /\/src\/(admin\/AdminPlace|access\/AccessDialog)\.vue$/;
/** The font file that every page in the four languages needs; the others wait for their letters. */
const FIRST_FONT = /inter-latin-wght-normal/;
/** The most parts that an address of the desk has: `/desk/mine/{interactionId}/`. */
const DEPTH_MAX = 4;
/** What is worth packing; fonts are packed already. */
const PACKED = /\.(js|css|svg|html|md)$/;

export function pages(): Plugin {
    return {
        name: "handoff-pages",
        apply: "build",
        writeBundle(options, bundle) {
            const home = options.dir ?? ".";
            const html = readFileSync(join(home, "index.html"), "utf8");
            for (const [what, files, most] of [
                ["a first visit", loaded(html, bundle, "at once"), FIRST_LOAD_MAX],
                ["one with a letter", loaded(html, bundle, "sooner or later"), WITH_EDITOR_MAX],
            ] as const) {
                const bytes = sizeOfAll(html, bundle, files);
                console.log(`${what} loads ${bytes} bytes after gzip, at most ${most}`);
                if (bytes > most) {
                    this.error(`${what} would load ${bytes} bytes; the most is ${most}`);
                }
            }
            write(home, html);
            pack(home);
        },
    };
}

function write(home: string, html: string): void {
    for (let depth = 1; depth <= DEPTH_MAX; depth += 1) {
        writeFileSync(join(home, `depth-${depth}.html`), atDepth(html, depth));
    }
    rmSync(join(home, "index.html"));
}

/**
 * Returns the page for addresses with so many parts; the root has one, an empty one. A `base`
 * element would do the same, but the policy forbids it.
 */
export function atDepth(html: string, depth: number): string {
    return html.replaceAll('="./', `="${"../".repeat(depth - 1) || "./"}`);
}

function pack(home: string): void {
    for (const name of readdirSync(home, {recursive: true, encoding: "utf8"})) {
        if (!PACKED.test(name)) continue;
        const path = join(home, name);
        const bytes = readFileSync(path);
        const params = {[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length};
        const packed = {gz: gzipped(bytes), br: brotliCompressSync(bytes, {params})};
        for (const [ending, all] of Object.entries(packed)) {
            // A file of a few lines only grows.
            if (all.length < bytes.length) writeFileSync(`${path}.${ending}`, all);
        }
    }
}

function gzipped(bytes: Uint8Array | string): Uint8Array {
    return gzipSync(bytes, {level: 9});
}

/**
 * Returns the page's scripts with all that they import, at once or later an agent as well, its
 * styles and its font.
 */
function loaded(
    html: string,
    bundle: Rolldown.OutputBundle,
    when: "at once" | "sooner or later",
): string[] {
    const names = new Set<string>();
    const follow = (name: string): void => {
        const part = bundle[name];
        if (part === undefined || names.has(name)) return;
        const isChunk = part.type === "chunk";
        if (isChunk && ELSEWHERE.test(part.facadeModuleId ?? "")) return;
        names.add(name);
        if (isChunk) part.imports.forEach(follow);
        if (isChunk && when === "sooner or later") part.dynamicImports.forEach(follow);
    };
    for (const part of Object.values(bundle)) {
        if (html.includes(part.fileName) || FIRST_FONT.test(part.fileName)) follow(part.fileName);
    }
    return [...names];
}

/** Adds up the page and these files, each once. */
function sizeOfAll(html: string, bundle: Rolldown.OutputBundle, names: string[]): number {
    let sum = gzipped(html).length;
    for (const name of new Set(names)) {
        const part = bundle[name];
        if (part?.type === "chunk") sum += gzipped(part.code).length;
        if (part?.type === "asset") sum += sizeOf(part);
    }
    return sum;
}

function sizeOf(asset: Rolldown.OutputAsset): number {
    return PACKED.test(asset.fileName) ? gzipped(asset.source).length : asset.source.length;
}
