// What axe finds wrong with a page. Its rules are handed to a page once and stay there: handing them over for each look took most of the time that
// a look took.

import axe from "axe-core";

/** WCAG 2.2 A and AA, and what whoever made the rules recommends. */
export const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Returns what is wrong by the rules of some tags, or by all of them, without what is in frames. */
export async function violations(page, {tags, exclude = []} = {}) {
    if (!await page.evaluate(() => "axe" in window)) {
        await page.evaluate(axe.source);
    }
    return page.evaluate(async ({tags, exclude}) => {
        const runOnly = tags && {type: "tag", values: tags};
        const context = {exclude: exclude.map((selector) => [selector])};
        const found = await window.axe.run(context, {runOnly, resultTypes: ["violations"], iframes: false});
        return found.violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
    }, {tags, exclude});
}
