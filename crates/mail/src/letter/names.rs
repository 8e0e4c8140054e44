//! Names of files, as strangers write them: made harmless before anything sees them.
//!
//! A name is for people to read; nothing is ever stored under it. It is cleaned all the same, because somebody will save a file under it.

/// The longest name, in bytes: what file systems take.
const NAME_LEN_MAX: usize = 255;
/// How much of a long name's end is kept as its extension, in bytes.
const EXTENSION_LEN_MAX: usize = 16;

/// Makes a name harmless: no directories, no control characters, nothing that changes the direction of writing or cannot be seen, no
/// leading dots, at most 255 bytes. `None` when nothing is left.
pub(super) fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty())?;
    let visible: String = last.chars().filter(|character| !is_hidden(*character)).collect();
    let trimmed = visible.trim().trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    if trimmed.is_empty() { None } else { Some(shortened(trimmed)) }
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
    let extension = name.rfind('.').map(|at| &name[at..]).filter(|text| text.len() <= EXTENSION_LEN_MAX);
    let extension = extension.unwrap_or_default();
    format!("{}{extension}", cut(name, NAME_LEN_MAX - extension.len()))
}

/// Controls, marks and overrides of direction (Unicode's `Bidi_Control`), and characters without width, which hide what a name is.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
