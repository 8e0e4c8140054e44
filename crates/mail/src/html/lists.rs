//! What may stay in HTML: only what formats text. Everything that is not here goes.

/// Elements that may stay.
pub(super) const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that have no content and no end.
pub(super) const VOID: &[&str] = &["br", "col", "hr", "img", "wbr"];

/// Elements that a parser opens again in every block after the one in which they were not closed,
/// so that few may be open at a time.
pub(super) const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"];

/// Elements that end a paragraph and begin a line.
pub(super) const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];

/// Elements whose content is no text of the message.
pub(super) const WITHOUT_CONTENT: &[&str] =
    &["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "template"];

/// Elements whose content a parser reads without markup, up to their end.
pub(super) const RAW: &[&str] =
    &["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"];

pub(super) const COMMON_ATTRIBUTES: &[&str] = &["align", "dir", "lang", "title"];

/// Attributes that some elements may have, beside the common ones.
pub(super) const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("blockquote", &["cite"]),
    ("col", &["span", "width"]),
    ("colgroup", &["span", "width"]),
    ("font", &["color", "face", "size"]),
    ("hr", &["size", "width"]),
    ("img", &["alt", "height", "src", "width", "data-cid"]),
    ("li", &["value"]),
    ("ol", &["start", "type", "reversed"]),
    ("table", &["bgcolor", "border", "cellpadding", "cellspacing", "height", "width"]),
    ("td", &["bgcolor", "colspan", "height", "rowspan", "valign", "width"]),
    ("th", &["bgcolor", "colspan", "height", "rowspan", "valign", "width"]),
    ("tr", &["bgcolor", "height", "valign"]),
    ("ul", &["type"]),
];

/// Schemes that links may have.
pub(super) const SCHEMES: &[&str] = &["http", "https", "mailto"];

pub(super) fn may_have(element: &str, attribute: &str) -> bool {
    let is_own =
        |(name, attributes): &&(&str, &[&str])| *name == element && attributes.contains(&attribute);
    COMMON_ATTRIBUTES.contains(&attribute) || ATTRIBUTES.iter().any(|entry| is_own(&entry))
}

/// Tells whether a text begins with one of the schemes as it stands, without any of the tricks that
/// browsers see through.
pub(super) fn is_web_address(value: &str) -> bool {
    let Some((scheme, _)) = value.split_once(':') else { return false };
    SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}
