//! Channel names and patterns.
//!
//! The accepted characters are those of the reference server, which is more liberal than the
//! specification (bayeux.md 1.2). A trailing slash makes a name of its own (contract, section 2):
//! `/a/` is another literal than `/a`, but what covers the one covers the other.

/// What a channel name says about how its messages are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/meta/handshake`.
    Handshake,
    /// `/meta/connect`.
    Connect,
    /// `/meta/subscribe`.
    Subscribe,
    /// `/meta/unsubscribe`.
    Unsubscribe,
    /// `/meta/disconnect`.
    Disconnect,
    /// Any other meta channel.
    UnknownMeta,
    /// A channel between one client and the application.
    Service,
    /// A channel whose messages go to its subscribers.
    Broadcast,
}

/// Tells what kind of channel a name stands for; the name need not be valid.
pub fn kind(name: &str) -> Kind {
    match name {
        "/meta/handshake" => Kind::Handshake,
        "/meta/connect" => Kind::Connect,
        "/meta/subscribe" => Kind::Subscribe,
        "/meta/unsubscribe" => Kind::Unsubscribe,
        "/meta/disconnect" => Kind::Disconnect,
        _ if name == "/meta" || name.starts_with("/meta/") => Kind::UnknownMeta,
        _ if name == "/service" || name.starts_with("/service/") => Kind::Service,
        _ => Kind::Broadcast,
    }
}

/// Tells whether the text is a channel name that can be published to.
pub fn is_name(text: &str, max_bytes: usize) -> bool {
    is_well_formed(text, max_bytes) && !text.contains('*')
}

/// Tells whether the text is a name or a pattern: a wildcard stands only as the whole last segment.
pub fn is_subscription(text: &str, max_bytes: usize) -> bool {
    let stem = text.strip_suffix("/**").or_else(|| text.strip_suffix("/*"));
    is_well_formed(text, max_bytes) && !stem.unwrap_or(text).contains('*')
}

fn is_well_formed(text: &str, max_bytes: usize) -> bool {
    let fits = (2..=max_bytes).contains(&text.len());
    fits && text.starts_with('/') && !text.contains("//") && text.bytes().all(is_channel_byte)
}

fn is_channel_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-_!~()$@ #*+.{}".contains(&byte)
}

/// Lists the name itself and every pattern that covers it, from the narrowest to `/**`.
///
/// `/a/*` covers exactly one more segment, `/a/**` one or more; neither covers `/a`.
pub fn covering(name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    let path = name.strip_suffix('/').unwrap_or(name);
    let mut parent = path.rfind('/').map(|end| &path[..end]);
    if let Some(parent) = parent {
        names.push(format!("{parent}/*"));
    }
    while let Some(path) = parent {
        names.push(format!("{path}/**"));
        parent = path.rfind('/').map(|end| &path[..end]);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns_are_told_apart() {
        // (text, is a name, is a subscription)
        let table = [
            ("/a", true, true),
            ("/v2/me/interactions/", true, true),
            ("/a b/{x}", true, true),
            ("/a/*", false, true),
            ("/a/**", false, true),
            ("/**", false, true),
            ("/*", false, true),
            ("/a/*/b", false, false),
            ("/a/b*", false, false),
            ("/a/***", false, false),
            ("/a**", false, false),
            ("/", false, false),
            ("", false, false),
            ("a", false, false),
            ("//a", false, false),
            ("/a//b", false, false),
            ("/a\"b", false, false),
            ("/a%20b", false, false),
            ("/ä", false, false),
        ];
        for (text, name, subscription) in table {
            assert_eq!(is_name(text, 64), name, "{text}");
            assert_eq!(is_subscription(text, 64), subscription, "{text}");
        }
    }

    #[test]
    fn a_name_is_bounded() {
        assert!(is_name("/abc", 4));
        assert!(!is_name("/abcd", 4));
    }

    #[test]
    fn every_covering_pattern_is_listed() {
        assert_eq!(covering("/a"), ["/a", "/*", "/**"]);
        assert_eq!(covering("/a/b/c"), ["/a/b/c", "/a/b/*", "/a/b/**", "/a/**", "/**"]);
        assert_eq!(covering("/a/b/"), ["/a/b/", "/a/*", "/a/**", "/**"]);
    }
}
