//! HTML of strangers: what is left of it is harmless, and stays as it is when it is cleaned again.

use handoff_mail::html::{clean, clean_with_remote, from_text, remote_pictures, to_text};

fn no_images(_: &str) -> Option<String> {
    None
}

/// Returns images of the message by their ids.
pub(crate) fn images(id: &str) -> Option<String> {
    (id == "logo@x").then(|| "/api/v2/emails/1/attachments/2?a=1&b=2".to_owned())
}

/// Fails when markup could do more than show text.
pub(crate) fn assert_harmless(html: &str, source: &str) {
    let lower = html.to_ascii_lowercase();
    let tags: String = lower
        .split('<')
        .skip(1)
        .map(|tag| tag.split('>').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    for forbidden in [
        "script", "style", "iframe", "svg", "math", "form", "object", "embed", "base", "meta",
        "template",
    ] {
        let begins = tags
            .lines()
            .any(|tag| tag.trim_start_matches('/').split([' ', '\n']).next() == Some(forbidden));
        assert!(!begins, "{forbidden} of {source:?} in {html:?}");
    }
    for tag in tags.lines().filter(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic())) {
        // What stands outside of quoted values are the names of attributes.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(
            !names.split([' ', '=']).any(|name| name.starts_with("on") || name == "srcset"),
            "{source:?} in {html:?}"
        );
        for address in ["src=\"", "href=\"", "cite=\""] {
            for value in tag.split(address).skip(1) {
                let is_known = ["http:", "https:", "mailto:", "/api/v2/emails/"]
                    .iter()
                    .any(|start| value.starts_with(start));
                assert!(is_known, "{source:?} in {html:?}");
            }
        }
        if tag.starts_with("img") {
            assert!(!tag.contains("src=\"http"), "{source:?} in {html:?}");
        }
    }
}

fn check(html: &str, expect: &str) {
    let cleaned = clean(html, &images);
    assert_eq!(cleaned, expect, "{html}");
    assert_eq!(clean(&cleaned, &images), cleaned, "{html}");
}

#[test]
fn formatting_stays() {
    check(
        "<p>a <b>b</b> <font color=\"red\">c</font><br>d</p>",
        "<p>a <b>b</b> <font color=\"red\">c</font><br>d</p>",
    );
    check(
        "<table width=1><tr><td bgcolor=#fff>x</table>",
        "<table width=\"1\"><tbody><tr><td bgcolor=\"#fff\">x</td></tr></tbody></table>",
    );
    check("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>");
    check("<p>one<p>two", "<p>one</p><p>two</p>");
    check("5 < 6 & 7 > 3", "5 &lt; 6 &amp; 7 &gt; 3");
    check("<b><i>x</b>y</i>", "<b><i>x</i></b>y");
}

#[test]
fn links_go_to_the_web_only() {
    let link = "rel=\"noopener noreferrer nofollow\"";
    check(
        "<a href='https://x.example/?a=1&b=2'>x</a>",
        &format!("<a href=\"https://x.example/?a=1&amp;b=2\" target=\"_blank\" {link}>x</a>"),
    );
    check(
        "<a href='mailto:a@b.example'>x</a>",
        &format!("<a href=\"mailto:a@b.example\" target=\"_blank\" {link}>x</a>"),
    );
    for href in [
        "javascript:x",
        "JaVaScRiPt:x",
        " javascript:x",
        "java\nscript:x",
        "javascript&colon;x",
        "&#106;avascript:x",
        "data:text/html,x",
        "vbscript:x",
        "/relative",
        "//x.example",
        "cid:x",
        "file:///x",
        "\u{1}javascript:x",
    ] {
        check(&format!("<a href=\"{href}\">x</a>"), &format!("<a target=\"_blank\" {link}>x</a>"));
    }
}

#[test]
fn images_are_those_of_the_message() {
    let shown =
        "<img data-cid=\"logo@x\" src=\"/api/v2/emails/1/attachments/2?a=1&amp;b=2\" alt=\"L\">";
    check("<img src=\"cid:logo@x\" alt=L>", shown);
    check("<img src=CID:logo@x alt=L onerror=x>", shown);
    check(
        "<img src=\"https://track.example/p.gif\" alt=\"L\" width=1>",
        "<img alt=\"L\" width=\"1\">",
    );
    check("<img src=\"data:image/png;base64,AA\">", "<img>");
    check("<img src=\"cid:other\">", "<img>");
    check("<img src=\"/api/v2/emails/9/attachments/9\">", "<img>");
    check(
        "<table background=\"http://x\"><tr><td background='http://x'>y</table>",
        "<table><tbody><tr><td>y</td></tr></tbody></table>",
    );
    assert_eq!(clean("<img src=cid:logo@x>", &no_images), "<img>");
}

#[test]
fn pictures_from_elsewhere_are_shown_when_they_are_asked_for() {
    let check = |html: &str, count: usize, expect: &str| {
        assert_eq!(remote_pictures(html), count, "{html}");
        let shown = clean_with_remote(html, &images);
        assert_eq!(shown, expect, "{html}");
        assert_eq!(clean_with_remote(&shown, &images), shown, "{html}");
        assert!(!clean(html, &images).contains("src=\"http"), "{html}");
    };
    check(
        "<img src=' HTTPS://x.example/p.gif?a=1&amp;b=2' alt=\"L\" onload=x srcset=y>",
        1,
        "<img src=\"HTTPS://x.example/p.gif?a=1&amp;b=2\" alt=\"L\">",
    );
    check(
        "<img src=cid:logo@x>",
        0,
        "<img data-cid=\"logo@x\" src=\"/api/v2/emails/1/attachments/2?a=1&amp;b=2\">",
    );
    for source in [
        "http://x.example/p",
        "//x.example/p",
        "/api/v2/me",
        "javascript:x",
        "data:image/svg+xml,x",
        "https:/x.example",
        "https://x.example/\nonload=x",
        "https://x.example/&quot;onload=x",
        "blob:https://x.example/p",
    ] {
        check(&format!("<img src=\"{source}\">"), 0, "<img>");
    }
    for html in MISLEADING {
        let shown = clean_with_remote(html, &images);
        assert_harmless(&shown.replace("src=\"https:", "alt=\"https:"), html);
        assert_eq!(clean_with_remote(&shown, &images), shown, "{html:?}");
    }
}

#[test]
fn what_is_no_text_goes() {
    for html in [
        "<script>x</script>",
        "<style>x</style>",
        "<title>x</title>",
        "<!-- x -->",
        "<!--[if mso]>x<![endif]-->",
        "<iframe>x</iframe>",
        "<textarea>x</textarea>",
        "<script>x",
        "<!-- x",
        "<a href=\"x",
        "<noembed>x</noembed>",
        "<xmp>x</xmp>",
    ] {
        check(html, "");
    }
    check("<form action=x><input value=y>z</form>", "z");
    check(
        "<svg><a href=x>y</a></svg>",
        "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">y</a>",
    );
    check("<math><mi>x</mi></math>", "x");
    check("<p style=\"position:fixed\" class=x id=y onclick=z>w</p>", "<p>w</p>");
}

/// Markup that is known to mislead cleaners, in our own words: what is text for one reader and
/// markup for the next.
pub(crate) const MISLEADING: &[&str] = &[
    "<noscript><p title=\"</noscript><img src=x onerror=x>\">",
    "<svg></p><style><a id=\"</style><img src=1 onerror=x>\">",
    "<math><mtext><table><mglyph><style><img src=x onerror=x>",
    "<math><mtext><mglyph><svg><mtext><style><a title=\"</style><img src onerror=x>\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=x>",
    "<table><a href=x><tr><td><a href=y>z",
    "<a><table><a>x</a></table></a>",
    "<b><p><b><p><b><p>x",
    "<p><b><div><i>x</b>y</div>z</i>",
    "<table>x<b>y<tr>z</b><td>w</table>v",
    "<img alt=\"<x>\" title='\"><script>x</script>'>",
    "<img alt=`><script>x</script>`>",
    "<a title=\"&quot;><img src=x onerror=x>\">x</a>",
    "<a title='&lt;script&gt;'>x</a>",
    "&lt;script&gt;x&lt;/script&gt;",
    "&amp;lt;script&amp;gt;",
    "<<b>script>x</<b>script>",
    "<scr<script>ipt>x",
    "</p><p></br><br/><p/>x",
    "<p title=a title=b>x",
    "<p/title=a/title=b>x",
    "<p =x title=y>z",
    "<a href=\"https://x\"onclick=\"y\">z</a>",
    "<plaintext>x<b>y",
    "<xmp><b></xmp><script>x",
    "<listing>&lt;b&gt;</listing>",
    "<textarea></textarea><script>x</script>",
    "<template><script>x</script></template>",
    "<select><option><script>x</script></select>",
    "<select><style></select><img src=x onerror=x></style>",
    "<frameset><frame src=x>",
    "<isindex prompt=x>",
    "<image src=x onerror=y>",
    "<body onload=x><html onload=y>",
    "<pre>\n\nx</pre>",
    "<pre>\r\rx</pre>",
    "<li><ul><li><ol><li>x",
    "<dl><dt>a<dd>b<dt>c",
    "<table><table><table>x",
    "<table><caption><table>x",
    "<h1><h2><h3>x",
    "<font><p></font><p>x",
    "<u><a><u><a><u><a>x",
    "<bdo dir=rtl>x",
    "<p dir=\"rtl\" lang=\"x\">y",
    "\u{0}<\u{0}script>x",
    "<scr\u{0}ipt>x",
    "<a href=\"https://a&#x0a;b\">x</a>",
    "<a href=\"https://&#x202e;x\">y</a>",
    "<a href=\"http\u{0}s://x\">y</a>",
    "<p title=\"\u{a0}&nbsp;\">&nbsp;",
    "<col><tr><td>x",
    "<td>x<tr>y<table>z",
    "<colgroup>x<col>y",
    "<hr>x</hr>",
    "<img></img>",
    "<wbr>x</wbr>",
    "<q cite=\"javascript:x\">y</q>",
    "<blockquote cite=\"javascript:x\">y</blockquote>",
    "<ol start=\"x\" reversed>y",
    "<tt><table><tt><tr><tt><td><tt>x",
    "<nobr>a<nobr>b",
    "<button>x<button>y",
    "<marquee onstart=x>y",
    "<audio src=x onerror=y>",
    "<video><source onerror=x>",
    "<details ontoggle=x open>y",
    "<input onfocus=x autofocus>",
    "<keygen autofocus onfocus=x>",
    "<object data=x>y</object>",
    "<embed src=x>",
    "<link rel=stylesheet href=x>",
    "<base href=x>",
    "<meta http-equiv=refresh content=\"0;url=x\">",
    "<portal src=x>",
    "<slot name=x>y</slot>",
    "<handoff-chat>x</handoff-chat>",
    "<style><!--</style><script>x</script>-->",
    "<!--><script>x</script>-->",
    "<!---><img src=x onerror=y>-->",
    "<!--x--!><img src=x onerror=y>",
    "<![CDATA[<img src=x onerror=y>]]>",
    "<?x <img src=x onerror=y>?>",
    "<!x \"><img src=x onerror=y>\">",
    "</ script><b>x",
    "<a\u{c}href=javascript:x>y",
];

#[test]
fn misleading_markup_is_harmless_and_settles() {
    for html in MISLEADING {
        for wrapped in [
            (*html).to_owned(),
            format!("\">{html}"),
            format!("</p><table><tr>{html}"),
            html.repeat(7),
        ] {
            let cleaned = clean(&wrapped, &images);
            assert_harmless(&cleaned, &wrapped);
            assert_eq!(clean(&cleaned, &images), cleaned, "{wrapped:?}");
        }
    }
}

#[test]
fn html_becomes_text() {
    let check = |html: &str, expect: &str| assert_eq!(to_text(html), expect, "{html}");
    check("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree");
    check("a\n  b <b>c</b>d", "a b cd");
    check("<ul><li>a</li><li>b</li></ul>", "- a\n- b");
    check("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc");
    check(
        "yes<blockquote>no<br>maybe<blockquote>deep</blockquote></blockquote>",
        "yes\n> no\n> maybe\n>> deep",
    );
    check("<pre>a\n  b</pre>c", "a\n  b\nc");
    check("&lt;&amp;&#65;&#x42;&euro;&nbsp;&unknown; & &;", "<&AB€ &unknown; & &;");
    check("<img alt='a picture'>", "a picture");
    check("<style>x</style><title>y</title>z", "z");
    check("", "");
}

#[test]
fn text_becomes_html() {
    let html = from_text("a <b>\n&\t\u{7}c");
    assert_eq!(html, "a &lt;b&gt;<br>&amp; c");
    for text in ["a <b>\n& \u{a0}c", "\n\nx\n", "\"'<!--", "\u{feff}mark", ""] {
        let html = from_text(text);
        assert_eq!(clean(&html, &images), html, "{text:?}");
    }
}
