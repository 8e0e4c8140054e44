//! `text/enriched` (RFC 1896) and `text/richtext` (RFC 1341) as plain text.

/// Takes the formatting out: commands, their parameters, and the single line ends that only fold.
pub(super) fn to_text(enriched: &str) -> String {
    let mut out = String::with_capacity(enriched.len());
    let mut unfilled = 0_usize;
    let mut parameters = 0_usize;
    let mut rest = enriched;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("<<") {
            out.push('<');
            rest = &rest[2..];
        } else if let Some((name, len)) = command(rest) {
            rest = &rest[len..];
            match name.to_ascii_lowercase().as_str() {
                "nofill" => unfilled += 1,
                "/nofill" => unfilled = unfilled.saturating_sub(1),
                "param" | "comment" => parameters += 1,
                "/param" | "/comment" => parameters = parameters.saturating_sub(1),
                "nl" | "np" | "paragraph" | "/paragraph" => out.push('\n'),
                "lt" => out.push('<'),
                _ => {}
            }
        } else if parameters > 0 {
            rest = &rest[first.len_utf8()..];
        } else if first == '\n' && unfilled == 0 {
            let len = rest.bytes().take_while(|byte| *byte == b'\n').count();
            // One line end folds; of several, one does.
            if len == 1 {
                out.push(' ');
            }
            out.extend(core::iter::repeat_n('\n', len - 1));
            rest = &rest[len..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// Returns the command with which a text begins, and its length. A name has at most 60 letters (RFC
/// 1896).
fn command(text: &str) -> Option<(&str, usize)> {
    const NAME_LEN_MAX: usize = 61;
    let inside = text.strip_prefix('<')?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/');
    let len = inside.bytes().take(NAME_LEN_MAX).take_while(is_name).count();
    (len > 0 && inside.as_bytes().get(len) == Some(&b'>')).then(|| (&inside[..len], len + 2))
}
