//! What is shown of why something was found: the pieces of text that have the words, and where.

use handoff_engine::{Highlight, Hit};
use rusqlite::{Connection, params};

use super::find::FindError;
use super::kept::{field_of_piece, pieces_between};
use super::question::{Question, Term};
use super::words::words;

/// Most pieces that are shown of one interaction.
const SHOWN_MAX: usize = 3;
/// Most characters of one: two lines of a list.
const CHARS_MAX: usize = 160;
/// Characters that are shown before the first word.
const CHARS_BEFORE: usize = 40;
/// Bytes of one interaction's text that are looked at.
const TEXT_BYTES_MAX: usize = 256 << 10;

const TEXTS: &str =
    "SELECT piece, text FROM pieces WHERE piece BETWEEN ?1 AND ?2 AND hidden <= ?3 ORDER BY piece";

/// Returns the highlights of what was found, in its order.
pub(super) fn all(
    connection: &Connection,
    typed: &str,
    hits: &[Hit],
    all_lines: bool,
) -> Result<Vec<Vec<Highlight>>, FindError> {
    let question = Question::read(typed)?;
    let terms: Vec<&Term> = question.needed().collect();
    hits.iter().map(|hit| of(connection, &terms, hit.place.number, all_lines)).collect()
}

fn of(
    connection: &Connection,
    terms: &[&Term],
    number: i64,
    all_lines: bool,
) -> Result<Vec<Highlight>, FindError> {
    let (first, last) = pieces_between(number, number);
    let mut statement = connection.prepare_cached(TEXTS)?;
    let mut rows = statement.query(params![first, last, all_lines])?;
    let (mut found, mut bytes, mut left) = (Vec::new(), 0, terms.to_vec());
    while let Some(row) = rows.next()? {
        let (piece, text): (i64, String) = (row.get(0)?, row.get(1)?);
        bytes += text.len();
        let words = words(&text);
        let here = left.len();
        left.retain(|term| !term.is_in(&words));
        // A piece is worth showing for a word that none before it had.
        if left.len() < here {
            let places = terms.iter().flat_map(|term| term.places(&words)).collect();
            found.push(cut_out(field_of_piece(piece), &text, places));
        }
        if left.is_empty() || found.len() == SHOWN_MAX || bytes >= TEXT_BYTES_MAX {
            break;
        }
    }
    Ok(found)
}

/// Cuts out what is shown of a text, around the first of the places.
fn cut_out(field: &'static str, text: &str, mut places: Vec<(usize, usize)>) -> Highlight {
    places.sort_unstable();
    let first = places.first().map_or(0, |place| place.0);
    let before = text[..first].char_indices().rev().take(CHARS_BEFORE).last();
    // A short text is shown whole.
    let is_short = text.chars().nth(CHARS_MAX).is_none();
    let from = if is_short { 0 } else { before.map_or(first, |(at, _)| at) };
    let to = text[from..].char_indices().nth(CHARS_MAX).map_or(text.len(), |(at, _)| from + at);
    let mut ranges: Vec<[usize; 2]> = Vec::new();
    for (begin, end) in places {
        if begin < from || end > to {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if begin <= last[1] => last[1] = last[1].max(end),
            _ => ranges.push([begin, end]),
        }
    }
    let units = |at: usize| text[from..at].encode_utf16().count();
    let ranges = ranges.into_iter().map(|range| range.map(units)).collect();
    Highlight { field, text: text[from..to].to_owned(), ranges }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is shown, with the words in brackets.
    fn shown(typed: &str, text: &str) -> String {
        let question = Question::read(typed).unwrap();
        let words = words(text);
        let places = question.needed().flat_map(|term| term.places(&words)).collect();
        let shown = cut_out("text", text, places);
        let units: Vec<u16> = shown.text.encode_utf16().collect();
        let (mut marked, mut at) = (String::new(), 0);
        for [from, to] in shown.ranges {
            marked += &String::from_utf16(&units[at..from]).unwrap();
            marked += &format!("[{}]", String::from_utf16(&units[from..to]).unwrap());
            at = to;
        }
        marked + &String::from_utf16(&units[at..]).unwrap()
    }

    #[test]
    fn words_are_marked_where_they_are() {
        for (typed, text, expected) in [
            ("order la", "😀 The Order is late.", "😀 The [Order] is [late]."),
            ("\"to be\" be", "to be", "[to be]"),
            ("grosse", "Größe, große", "[Größe], [große]"),
            ("京都", "东京都に", "东[京都]に"),
            ("京", "东京都に", "东[京]都に"),
        ] {
            assert_eq!(shown(typed, text), expected, "{typed}");
        }
    }

    #[test]
    fn of_a_long_text_what_is_around_the_first_word_is_shown() {
        let text = format!("{}needle{}", "before ".repeat(99), " behind".repeat(99));
        let shown = shown("needle", &text);
        assert_eq!(shown.chars().count(), CHARS_MAX + "[]".len());
        assert_eq!(shown.find('['), Some(CHARS_BEFORE), "{shown}");
    }
}
