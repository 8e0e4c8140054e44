//! Names of folders as they are said to the server: modified UTF-7 (RFC 3501, section 5.1.3) in
//! quotes.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// Base64 with `,` for `/` and without padding.
const MODIFIED: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// Puts text in quotes; `None` when it holds what no quoted string may (RFC 3501, section 9,
/// `quoted`).
pub(super) fn quoted(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Returns a folder's name in quotes; `None` when it holds control characters.
pub(super) fn name(folder: &str) -> Option<String> {
    if folder.chars().any(char::is_control) {
        return None;
    }
    quoted(&modified_utf7(folder))
}

fn modified_utf7(folder: &str) -> String {
    let mut out = String::new();
    let mut shifted = Vec::new();
    for character in folder.chars() {
        if matches!(character, ' '..='~') {
            unshift(&mut out, &mut shifted);
            out.push(character);
            if character == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(
                character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()),
            );
        }
    }
    unshift(&mut out, &mut shifted);
    out
}

fn unshift(out: &mut String, shifted: &mut Vec<u8>) {
    if !shifted.is_empty() {
        out.push('&');
        out.push_str(&MODIFIED.encode(&*shifted));
        out.push('-');
        shifted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_said_as_the_rfc_shows() {
        for (folder, said) in [
            ("INBOX", "\"INBOX\""),
            ("Tom & Jerry", "\"Tom &- Jerry\""),
            ("Erledigt/Fälle", "\"Erledigt/F&AOQ-lle\""),
            // The example of RFC 3501, section 5.1.3.
            ("~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("📥", "\"&2D3c5Q-\""),
        ] {
            assert_eq!(name(folder).as_deref(), Some(said));
        }
    }

    #[test]
    fn nothing_that_ends_a_command_gets_into_a_name() {
        for folder in ["a\r\nA2 DELETE INBOX", "a\0", "\u{7f}", "a\nb"] {
            assert_eq!(name(folder), None, "{folder:?}");
        }
        assert_eq!(quoted("pass\r\nword"), None);
    }
}
