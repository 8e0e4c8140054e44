import assert from "node:assert/strict";
import {test} from "node:test";
import {atDepth} from "../build/pages.ts";

const PAGE = '<link href="./favicon.svg"><script src="./desk-assets/index.js"></script>';

test("a page finds its files from every depth, below any prefix", () => {
    for (const prefix of ["/", "/center/", "/a/b/"]) {
        for (const path of ["", "sign-in", "desk/mine", "desk/mine/0123"]) {
            const html = atDepth(PAGE, path.split("/").length);
            const found = [...html.matchAll(/="([^"]+)"/g)].map(([, address]) =>
                new URL(address ?? "", `https://center.example${prefix}${path}`).pathname);
            assert.deepEqual(found, [`${prefix}favicon.svg`, `${prefix}desk-assets/index.js`]);
        }
    }
});
