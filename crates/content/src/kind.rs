//! What a file is: its type by what is in it, and its name as it may be shown.

use crate::error::FileError;

/// Names that stand for one type.
const SAME: [(&str, &str); 3] = [("jpeg", "jpg"), ("tiff", "tif"), ("htm", "html")];

/// The type of so many bytes.
pub(crate) const UNKNOWN: &str = "application/octet-stream";
/// Bytes of a file's name at most: what the usual file systems keep.
const NAME_BYTES_MAX: usize = 255;

/// What may be sent.
#[derive(Clone, Copy, Debug)]
pub enum Taken<'a> {
    /// Files of any type; one that is not known is so many bytes.
    Any,
    /// Files of these types, by the ends of their names.
    Only(&'a [String]),
}

/// Returns the type of a file, if it is among those that are taken. What is in it decides: the name
/// only tells one text from another.
pub(crate) fn of(head: &[u8], name: &str, taken: Taken<'_>) -> Result<&'static str, FileError> {
    let ending =
        name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let found = match infer::get(head) {
        Some(found) => Some((found.extension(), found.mime_type())),
        // A text has no signature. One with markup is not taken for plain text, because somebody
        // may open it in a browser.
        None if is_plain_text(head) && ending == "txt" => {
            Some(("txt", "text/plain; charset=utf-8"))
        }
        None => None,
    };
    if head.is_empty() && matches!(taken, Taken::Only(_)) {
        return Err(FileError::Empty);
    }
    let Taken::Only(types) = taken else {
        return Ok(found.map_or(UNKNOWN, |(_, content_type)| content_type));
    };
    let is_taken =
        |extension: &str| types.iter().any(|taken| one_name(taken) == one_name(extension));
    match found {
        Some((extension, content_type)) if is_taken(extension) => Ok(content_type),
        _ => Err(FileError::Type { taken: types.to_vec() }),
    }
}

/// Returns the type that a letter names for a part of it, where that is one of texts for programs
/// and the content begins as it must: such texts have no signature, and under no other type do
/// agents' programs open them.
pub(crate) fn of_letter(named: &str, content: &[u8]) -> Option<&'static str> {
    let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).trim_ascii_start();
    let begins = |wanted: &[u8]| {
        text.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
    };
    match named {
        "text/calendar" if begins(b"BEGIN:VCALENDAR") => Some("text/calendar"),
        "text/vcard" | "text/x-vcard" | "text/directory" if begins(b"BEGIN:VCARD") => {
            Some("text/vcard")
        }
        "message/rfc822" | "message/global" if begins_with_field(text) => Some("message/rfc822"),
        _ => None,
    }
}

/// Tells whether a text begins as a message does: with the name of a field, or with the line that
/// mailboxes put before one.
fn begins_with_field(text: &[u8]) -> bool {
    /// The longest names of fields have some 40 letters.
    const NAME_LEN_MAX: usize = 76;
    let name_len = text.iter().take(NAME_LEN_MAX).position(|byte| *byte == b':');
    name_len.is_some_and(|len| len > 0 && text[..len].iter().all(u8::is_ascii_graphic))
        || text.starts_with(b"From ")
}

fn one_name(extension: &str) -> &str {
    SAME.iter().find(|(other, _)| *other == extension).map_or(extension, |(_, name)| name)
}

fn is_plain_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The beginning may end within a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_control = |character: char| character.is_control() && !"\t\r\n\u{c}".contains(character);
    !text.contains(is_control)
}

/// Refuses a sender's name of a file that no file system would keep.
///
/// # Errors
///
/// [`FileError::NameTooLong`].
pub fn check_name(given: &str) -> Result<(), FileError> {
    if last_part(given).len() > NAME_BYTES_MAX {
        return Err(FileError::NameTooLong { bytes_max: NAME_BYTES_MAX });
    }
    Ok(())
}

/// Returns a name without a path.
fn last_part(given: &str) -> &str {
    given.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Returns a sender's name of a file as it may be shown: without a path, without what is invisible
/// or turns text around, bounded.
#[must_use]
pub fn clean_name(given: &str) -> String {
    let last = last_part(given);
    // `invoice\u{202e}fdp.exe` shows as `invoiceexe.pdf`.
    let shown: String = last
        .chars()
        .filter(|character| {
            !character.is_control() && !handoff_domain::chat::is_invisible(*character)
        })
        .take(handoff_domain::Chat::NAME_CHARS_MAX)
        .collect();
    let trimmed = shown.trim_matches([' ', '.']);
    if trimmed.is_empty() { "file".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn what_is_in_a_file_decides() {
        let types = ["jpeg", "png", "txt"].map(str::to_owned);
        let taken = Taken::Only(&types);
        assert_eq!(of(PNG, "picture.exe", taken).unwrap(), "image/png");
        assert_eq!(of(b"\xff\xd8\xff\xe0", "x.jpg", taken).unwrap(), "image/jpeg");
        assert_eq!(
            of("Grüße".as_bytes(), "letter.TXT", taken).unwrap(),
            "text/plain; charset=utf-8"
        );
        let refused: [(&[u8], &str); 5] = [
            (b"MZ\x90\0", "picture.png"),
            (b"<html><script>", "letter.txt"),
            (b"%PDF-1.7", "x.pdf"),
            (b"plain", "letter.svg"),
            (b"\0\0\0", "letter.txt"),
        ];
        for (head, name) in refused {
            let refused = of(head, name, taken).unwrap_err();
            assert!(matches!(refused, FileError::Type { .. }), "{name}: {refused}");
        }
        let empty = of(b"", "nothing.png", taken).unwrap_err();
        assert!(matches!(empty, FileError::Empty), "{empty}");
        assert_eq!(
            of(b"MZ\x90\0", "tool.txt", Taken::Any).unwrap(),
            "application/vnd.microsoft.portable-executable"
        );
        assert_eq!(of(b"\0\0\0", "letter.txt", Taken::Any).unwrap(), "application/octet-stream");
    }

    #[test]
    fn a_letter_is_believed_about_texts_for_programs() {
        for (named, content, expected) in [
            ("text/calendar", "BEGIN:VCALENDAR\r\n", Some("text/calendar")),
            ("text/calendar", "\u{feff}begin:vcalendar\n", Some("text/calendar")),
            ("text/x-vcard", "BEGIN:VCARD\n", Some("text/vcard")),
            ("message/rfc822", "Received: from a\n", Some("message/rfc822")),
            ("message/rfc822", "From a@b.example Mon\n", Some("message/rfc822")),
            ("text/calendar", "<script>", None),
            ("message/rfc822", "<html x>: y", None),
            ("message/rfc822", "no field\n", None),
            ("text/html", "<script>", None),
        ] {
            assert_eq!(of_letter(named, content.as_bytes()), expected, "{named} {content}");
        }
    }

    #[test]
    fn a_name_is_shown_as_what_it_is() {
        for (given, shown) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\secret\\a.txt", "a.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\r\nSet-Cookie: x\0.png", "aSet-Cookie: x.png"),
            ("...", "file"),
            ("", "file"),
            ("Übersicht.txt", "Übersicht.txt"),
        ] {
            assert_eq!(clean_name(given), shown);
        }
        assert_eq!(clean_name(&"x".repeat(1_000)).len(), 255);
    }
}
