//! Which mailbox an address means: two texts that mean one mailbox are one contact, one recipient
//! and one proof, and no others are.
//!
//! The name before an address, the quotes of its local part, the case of letters and the form of an
//! international domain tell no mailbox from another. RFC 5321, section 2.3.11, would let a server
//! tell local parts apart by the case of their letters, but no provider does.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use super::breaks_line;

/// Returns an address without the name before it and the angle brackets, as it is written.
#[must_use]
pub fn bare_address(text: &str) -> &str {
    let text = text.trim();
    let Some(inside) = text.strip_suffix('>') else { return text };
    let (mut is_quoted, mut is_escaped, mut open) = (false, false, None);
    for (at, character) in inside.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '<' if !is_quoted => open = Some(at),
            _ => {}
        }
    }
    // A name may have a quotation mark that is never closed.
    let open = open.or_else(|| inside.rfind('<'));
    open.map_or(text, |at| inside[at + 1..].trim())
}

/// Returns what tells a mailbox from every other: equal for two addresses if, and only if, they
/// mean the same one. It is no address itself.
#[must_use]
pub fn mailbox_key(address: &str) -> String {
    let bare = bare_address(address);
    match parts(bare) {
        Some((local, domain)) => format!("{}@{}", local.to_lowercase(), ascii_domain(domain)),
        None => bare.to_lowercase(),
    }
}

/// Returns the key of the mailbox to which `local+tag@domain` is delivered where that is usual; the
/// same as [`mailbox_key`] when there is no tag.
#[must_use]
pub fn untagged_key(address: &str) -> String {
    let key = mailbox_key(address);
    match key.rsplit_once('@') {
        Some((local, domain)) => match local.split_once('+') {
            Some((base, _tag)) if !base.is_empty() => format!("{base}@{domain}"),
            _ => key,
        },
        None => key,
    }
}

/// Returns an address as it stands on the wire: the local part in quotes if, and only if, it needs
/// them (RFC 5321, section 4.1.2), and the domain by its A-labels (RFC 5890), which every relay
/// takes. `None` when it is none. Dots may stand anywhere, as they do in addresses of large
/// providers; whatever else needs quotes must have them.
#[must_use]
pub fn wire_address(address: &str) -> Option<String> {
    let bare = bare_address(address);
    let (local, domain) = parts(bare)?;
    if !is_well_formed(bare.rsplit_once('@')?.0) {
        return None;
    }
    let domain = if domain.is_ascii() { domain.to_string() } else { a_labels(domain)? };
    if is_dot_atom(&local) {
        return Some(format!("{local}@{domain}"));
    }
    let mut quoted = String::with_capacity(local.len() + 2);
    for character in local.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    Some(format!("\"{quoted}\"@{domain}"))
}

/// Splits an address, and takes the quotes off its local part.
fn parts(bare: &str) -> Option<(Cow<'_, str>, &str)> {
    let (local, domain) = bare.rsplit_once('@')?;
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let local = match quoted {
        Some(quoted) if quoted.contains('\\') => Cow::Owned(unescaped(quoted)),
        Some(quoted) => Cow::Borrowed(quoted),
        None => Cow::Borrowed(local),
    };
    (!local.is_empty() && !domain.is_empty()).then_some((local, domain))
}

/// Returns what a quoted string says: without the backslashes that quote a character.
#[must_use]
pub fn unescaped(quoted: &str) -> String {
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

/// Tells whether a local part, as it is written, is a quoted string to its end, or of nothing but
/// atoms and dots.
fn is_well_formed(local: &str) -> bool {
    if local.chars().any(breaks_line) {
        return false;
    }
    let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return local.chars().all(|c| c == '.' || is_atom(c));
    };
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        if character == '"' || character == '\\' && characters.next().is_none() {
            return false;
        }
    }
    true
}

/// Tells whether a local part stands without quotes (RFC 5322, section 3.2.3; beyond ASCII RFC
/// 6532, section 3.2).
fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

fn is_atom(character: char) -> bool {
    match character.is_ascii() {
        true => character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character),
        false => !character.is_whitespace(),
    }
}

fn ascii_domain(domain: &str) -> String {
    if domain.is_ascii() {
        return domain.to_ascii_lowercase();
    }
    a_labels(domain).unwrap_or_else(|| domain.to_lowercase())
}

fn a_labels(domain: &str) -> Option<String> {
    idna::domain_to_ascii(domain).ok().filter(|ascii| !ascii.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_key_however_it_is_written() {
        for (one, other) in [
            ("eve@customer.example", "Eve Adams <EVE@Customer.Example>"),
            ("eve@customer.example", "\"eve\"@customer.example"),
            ("\"e\\ve\"@x.example", "eve@x.example"),
            ("eve@bücher.example", "eve@xn--bcher-kva.example"),
            ("eve@BÜCHER.example", "<eve@bücher.example>"),
            ("\"Adams, <E>\" <eve@x.example>", "eve@x.example"),
            ("5\" pipes <eve@x.example>", "eve@x.example"),
            ("\"a<b\"@x.example", "Eve <\"a<b\"@x.example>"),
        ] {
            assert_eq!(mailbox_key(one), mailbox_key(other), "{one} {other}");
        }
    }

    #[test]
    fn other_mailboxes_have_other_keys() {
        let all = [
            "eve@x.example",
            "eve@y.example",
            "e.ve@x.example",
            "eve+tag@x.example",
            "\"eve.\"@x.example",
            "\"eve..\"@x.example",
            "\"eve adams\"@x.example",
            "\"eveadams\"@x.example",
            "\"a@x.example\"@x.example",
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(mailbox_key(one), mailbox_key(other));
            }
        }
        assert_eq!(mailbox_key("Nobody"), "nobody");
    }

    #[test]
    fn a_tag_leads_to_the_mailbox_without_it() {
        for (address, key) in [
            ("Help+a.b+c@Demo.example", "help@demo.example"),
            ("help@demo.example", "help@demo.example"),
            ("+help@demo.example", "+help@demo.example"),
            ("help", "help"),
        ] {
            assert_eq!(untagged_key(address), key);
        }
    }

    #[test]
    fn on_the_wire_a_local_part_is_quoted_when_it_has_to_be_and_a_domain_is_ascii() {
        for (address, wire) in [
            ("Eve@Customer.example", Some("Eve@Customer.example")),
            ("\"eve\"@x.example", Some("eve@x.example")),
            ("eve..adams.@docomo.example", Some("\"eve..adams.\"@docomo.example")),
            (".@x.example", Some("\".\"@x.example")),
            ("\"a\\\"b\\\\c d\"@x.example", Some("\"a\\\"b\\\\c d\"@x.example")),
            ("eve@bücher.example", Some("eve@xn--bcher-kva.example")),
            ("jürg@bücher.example", Some("jürg@xn--bcher-kva.example")),
            ("eve@[192.0.2.1]", Some("eve@[192.0.2.1]")),
            ("@x.example", None),
            ("eve@", None),
            ("\"\"@x.example", None),
            ("eve", None),
            ("eve adams@x.example", None),
            ("a@b@x.example", None),
            ("a,b@x.example", None),
            ("\"a\"b\"@x.example", None),
            ("\"a\\\"@x.example", None),
            ("\"a\r\nb\"@x.example", None),
            ("eve@x\u{3002}\u{fdfa}", None),
        ] {
            assert_eq!(wire_address(address).as_deref(), wire, "{address}");
        }
    }
}
