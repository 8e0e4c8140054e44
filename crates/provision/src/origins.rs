//! Where pages may stand that use the API from a browser.

/// Tells whether a text is an origin, or one with a `*.` before the domain.
#[must_use]
pub fn is_origin_pattern(text: &str) -> bool {
    is_origin(&text.replacen("://*.", "://", 1))
}

/// Tells whether a text is a scheme and a host, perhaps with a port, and nothing else. A `*` is
/// none: credentials are only ever allowed for origins that are listed.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let may_stand =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
    host.is_some_and(|host| !host.is_empty() && host.chars().all(may_stand))
}
