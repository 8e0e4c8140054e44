//! Names of files, as strangers write them: made harmless before anything sees them.
//!
//! A name is for people to read; nothing is ever stored under it. It is cleaned all the same,
//! because somebody will save a file under it.

use super::fields::one_line;

/// The longest name, in bytes: what file systems take.
const NAME_LEN_MAX: usize = 255;
/// How much of a long name's end is kept as its extension, in bytes.
const EXTENSION_LEN_MAX: usize = 16;

/// Makes a name harmless: no directories, no control characters, nothing that changes the direction
/// of writing or cannot be seen, no leading dots, at most 255 bytes. Its words are kept: what
/// separates directories becomes `_`. Only a whole path of Windows, which some programs send, is
/// cut to its last part. `None` when nothing is left.
pub(super) fn harmless(name: &str) -> Option<String> {
    let visible: String =
        one_line(name).chars().filter(|character| !is_hidden(*character)).collect();
    let visible = visible.trim();
    let is_path = visible.starts_with("\\\\")
        || matches!(visible.as_bytes(), [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic());
    let name =
        if is_path { visible.rsplit('\\').find(|part| !part.trim().is_empty())? } else { visible };
    let is_word = |part: &&str| !part.trim_matches(['.', ' ']).is_empty();
    let words: Vec<_> = name.split(['/', '\\']).filter(is_word).collect();
    let joined = words.join("_");
    let trimmed = joined.trim().trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    if trimmed.is_empty() { None } else { Some(shortened(trimmed)) }
}

/// Names a part to which its sender gave no name, so that people see what it is and their programs
/// open it. `title` is what is said in it.
pub(super) fn of_type(media_type: &str, title: Option<&str>) -> Option<String> {
    let (stem, extension) = match media_type {
        "message/rfc822" | "message/global" => ("message", "eml"),
        "text/calendar" => ("invitation", "ics"),
        "text/vcard" | "text/x-vcard" | "text/directory" => ("contact", "vcf"),
        "text/csv" => ("table", "csv"),
        "text/html" => ("text", "html"),
        "text/rtf" | "application/rtf" => ("text", "rtf"),
        "text/xml" | "application/xml" => ("data", "xml"),
        "text/rfc822-headers" | "message/global-headers" => ("headers", "txt"),
        "message/delivery-status"
        | "message/global-delivery-status"
        | "message/disposition-notification"
        | "message/feedback-report" => ("report", "txt"),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => ("smime", "p7m"),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => ("smime", "p7s"),
        "application/pgp-signature" | "application/pgp-keys" => ("openpgp", "asc"),
        "application/pdf" => ("document", "pdf"),
        "image/png" => ("image", "png"),
        "image/jpeg" | "image/jpg" | "image/pjpeg" => ("image", "jpg"),
        "image/gif" => ("image", "gif"),
        "image/webp" => ("image", "webp"),
        "image/svg+xml" => ("image", "svg"),
        "image/bmp" => ("image", "bmp"),
        "image/tiff" => ("image", "tif"),
        media_type if media_type.starts_with("text/") => ("text", "txt"),
        _ => return None,
    };
    let title = title.and_then(harmless);
    Some(shortened(&format!("{}.{extension}", title.as_deref().unwrap_or(stem))))
}

/// Tells whether a text is `type/subtype` (RFC 6838, section 4.2).
pub(super) fn is_media_type(text: &str) -> bool {
    /// The longest type, in bytes: two names of 127.
    const LEN_MAX: usize = 255;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+%*'`|~{}".contains(&byte);
    let halves = text.split_once('/').into_iter().flat_map(|(kind, subtype)| [kind, subtype]);
    text.len() <= LEN_MAX
        && halves.filter(|half| !half.is_empty() && half.bytes().all(is_token)).count() == 2
}

/// Cuts a text to at most `len_max` bytes, between characters.
pub(super) fn cut(text: &str, len_max: usize) -> &str {
    &text[..text.floor_char_boundary(len_max)]
}

/// Cuts a name, but keeps its extension, by which people recognize files.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_LEN_MAX {
        return name.to_owned();
    }
    let extension =
        name.rfind('.').map(|at| &name[at..]).filter(|text| text.len() <= EXTENSION_LEN_MAX);
    let extension = extension.unwrap_or_default();
    format!("{}{extension}", cut(name, NAME_LEN_MAX - extension.len()))
}

/// Controls, marks and overrides of direction (Unicode's `Bidi_Control`), and characters without
/// width, which hide what a name is.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
