//! Addresses that somebody writes into a request. What cannot be sent to is refused at once, not
//! when the mail goes out.

use handoff_domain::mail::{bare_address, breaks_line, wire_address};

/// Bytes of an address (RFC 5321, section 4.5.3.1.3).
pub(crate) const ADDRESS_BYTES_MAX: usize = 254;

/// Tells whether somebody can be written to there: one address without a name, as it stands on the
/// wire or to be brought into that form.
pub(crate) fn is_address(text: &str) -> bool {
    if bare_address(text) != text {
        return false;
    }
    let Some(wire) = wire_address(text) else { return false };
    let domain = wire.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
    let is_plain = domain.chars().all(|it| it.is_ascii_alphanumeric() || ".-".contains(it))
        && !domain.split('.').any(str::is_empty);
    wire.len().max(text.len()) <= ADDRESS_BYTES_MAX && is_plain
}

/// Tells whether a text is one address with or without a name before it: `Eve <eve@example.com>`.
pub(crate) fn is_named_address(text: &str) -> bool {
    let bare = bare_address(text);
    let bracketed =
        text.strip_suffix('>').and_then(|text| text.strip_suffix(bare)?.strip_suffix('<'));
    match bracketed {
        // A name's own address in its quotes is no second one.
        Some(name) => is_name(name.trim()) && is_address(bare),
        None => is_address(text),
    }
}

fn is_name(name: &str) -> bool {
    let is_quoted = name.len() > 1 && name.starts_with('"') && name.ends_with('"');
    !name.chars().any(breaks_line) && (is_quoted || !name.contains(['<', '>', '"', ',', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_somebody_could_be_written_to_at() {
        for good in [
            "eve@example.com",
            "e.v+e@mail.example",
            "o'neil@x.example",
            "eve..adams.@docomo.example",
            ".eve@x",
            "\"eve adams\"@x",
            "jürg@bücher.example",
        ] {
            assert!(is_address(good), "{good}");
            assert!(is_named_address(good), "{good}");
        }
        let long = format!("{}@x.example", "a".repeat(250));
        let bad = [
            "",
            "eve",
            "@x",
            "eve@",
            "eve@x,adam@x",
            "eve@x\r\nBcc: all@x",
            "eve @x",
            "a@b@c",
            "eve@x;",
            "eve adams@x",
            "\"a\"b\"@x",
            "\"a\nb\"@x",
            "eve@x..y",
            "eve@x>",
            "eve@\u{fdfa}",
            long.as_str(),
        ];
        for bad in bad {
            assert!(!is_address(bad), "{bad}");
            assert!(!is_named_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_may_stand_before_an_address() {
        for good in [
            "Eve <eve@x.example>",
            "<eve@x.example>",
            "\"Adams, Eve\" <eve@x.example>",
            "Jürg<j@x>",
        ] {
            assert!(is_named_address(good), "{good}");
            assert!(!is_address(good), "{good}");
        }
        for bad in [
            "Adams, Eve <eve@x>",
            "a@x, Eve <eve@x>",
            "<a@x> <b@x>",
            "Eve <>",
            "Eve <eve>",
            "Eve <a@x",
            "E\u{2028}ve <a@x>",
            "\"E\nve\" <a@x>",
            "\" <a@x>",
        ] {
            assert!(!is_named_address(bad), "{bad}");
        }
    }
}
