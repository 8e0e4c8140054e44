// Both parts of a letter say the same, and quote once.

import assert from "node:assert/strict";
import {test} from "node:test";
import {saysAttached} from "../src/letters/attached.ts";
import {cleaned} from "../src/letters/pasted.ts";
import {htmlOf, plainOf, type Written} from "../src/letters/plain.ts";
import {partsOf, shownOf, together} from "../src/letters/quotation.ts";

function text(words: string, ...marks: Written["marks"] & object): Written {
    return {type: "text", text: words, marks};
}

function block(type: string, ...content: Written[]): Written {
    return {type, content};
}

test("a letter as text has its paragraphs, lines, lists, links and pictures", () => {
    const href = "https://x.example/a";
    const letter = block(
        "doc",
        block("paragraph", text("Hello"), {type: "hardBreak"}, text("Ann,")),
        block("bulletList",
            block("listItem", block("paragraph", text("one"))),
            block("listItem",
                block("paragraph", text("two")),
                block("orderedList", block("listItem", block("paragraph", text("in two")))))),
        block("paragraph"),
        block("paragraph",
            text("see ", {type: "bold"}),
            text("here", {type: "link", attrs: {href}}),
            text(" or "),
            text(href, {type: "link", attrs: {href}}),
            {type: "image", attrs: {alt: "plan.png"}}),
    );
    const expected = [
        "Hello", "Ann,", "", "- one", "- two", "  1. in two", "", "", "",
        `see here <${href}> or ${href}[plan.png]`,
    ];
    assert.equal(plainOf(letter), expected.join("\n"));
    assert.equal(plainOf(block("doc", block("paragraph"))), "");
});

test("a text as HTML shows every character as it is", () => {
    assert.equal(htmlOf("1 < 2\n&\n\nYours"), "<p>1 &lt; 2<br>&amp;</p><p>Yours</p>");
});

const START = "Jonas Falk wrote on 2 November 2026 at 13:41:";
const QUOTE = `<p>${START}</p><blockquote>One<blockquote>Two</blockquote></blockquote>`;
const QUOTED = `${START}\n> One\n> > Two`;

test("what a new answer quotes is kept apart, and put below what is written, once", () => {
    const parts = partsOf(QUOTE, `\n${QUOTED}`);
    assert.deepEqual(parts, {html: "", text: "", quotation: {html: QUOTE, text: QUOTED}});
    const saved = together("<p>Yes</p>", "Yes", parts.quotation);
    assert.equal(saved.body, `<p>Yes</p>${QUOTE}`);
    assert.equal(saved.bodyAsPlainText, `Yes\n\n${QUOTED}`);
    const again = partsOf(saved.body, saved.bodyAsPlainText);
    assert.deepEqual(again, {html: "<p>Yes</p>", text: "Yes", quotation: parts.quotation});
    assert.deepEqual(shownOf({html: QUOTE, text: QUOTED}), {
        startLine: START, lines: ["One", "> Two"],
    });
});

test("one's own words are never taken for a quotation", () => {
    for (const [html, plain] of [
        ["<p>Yes</p>", "Yes"],
        ["", ""],
        ["<blockquote>x</blockquote><p>Yes</p>", "> x\n\nYes"],
        ["<blockquote>x", "> x"],
        ["</blockquote><p>x</p>", "x"],
    ] as const) {
        assert.deepEqual(partsOf(html, plain), {html, text: plain, quotation: null}, html);
    }
    const other = partsOf("<p>Yes</p><blockquote>x</blockquote>", "No\n> x");
    assert.equal(other.html, "<p>Yes</p>", "a line that the HTML does not have is no start");
});

test("a start line of hostile words is found again", () => {
    const name = `<b>&"'`;
    const html = "<p>&lt;b&gt;&amp;\"' wrote:</p><blockquote>x</blockquote>";
    const {html: own, quotation} = partsOf(html, `\n${name} wrote:\n> x`);
    assert.equal(own, "");
    assert.equal(quotation?.text, `${name} wrote:\n> x`);
});

test("whoever says that something is attached is understood in four languages", () => {
    for (const [words, word] of [
        ["The invoice is attached.", "attached"],
        ["Anbei die Rechnung", "Anbei"],
        ["Vous trouverez ci-joint", "ci-joint"],
        ["Le adjunto la factura", "adjunto"],
        ["Hello", null],
        ["> I attached it", null],
    ] as const) {
        assert.equal(saysAttached(words), word, words);
    }
});

test("what is pasted keeps its words and what is bold, and nothing that would run", () => {
    for (const [html, expected] of [
        [`<p style="color:red" onclick='x("")' class=y>a</p>`, "<p class=y>a</p>"],
        ["<b style='font-weight:normal'>a</b>", "<span>a</b>"],
        ["<span style=\"font-weight: 700\">a</span>", "<b>a</span>"],
        ["a<script>x</script>b<style>y</style>c<!-- d -->e<iframe src=x>f", "abce"],
        ["style=x onclick=y 1 < 2", "style=x onclick=y 1 < 2"],
    ] as const) {
        assert.equal(cleaned(html), expected, html);
    }
});
