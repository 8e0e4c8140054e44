//! Where in a TOML file something is written: what an error message needs to name the line and the
//! key.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Returns the line (from 1) that a byte of `text` is on.
pub fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count() + 1
}

/// Puts a parser's complaint on one line: the file, the line, the key if it is known, and what is
/// wrong.
pub fn describe(name: &str, text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else {
        return format!("{name}: {}", on_one_line(error.message()));
    };
    let line = line_of(text, span.start);
    let key = key_at(text, &span).map(|key| format!("{key}: ")).unwrap_or_default();
    format!("{name}:{line}: {key}{}", on_one_line(error.message()))
}

/// Returns the line on which `section.key` is written, `None` when it is not.
pub fn line_of_key(text: &str, dotted: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let (section, key) = dotted.split_once('.')?;
    let DeValue::Table(table) = root.get_ref().get(section)?.get_ref() else { return None };
    let (written, _) = table.get_key_value(key)?;
    Some(line_of(text, written.span().start))
}

/// Returns the line on which a top-level table, or the first of several, begins; `None` when there
/// is none.
pub fn line_of_table(text: &str, name: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let (written, _) = root.get_ref().get_key_value(name)?;
    Some(line_of(text, written.span().start))
}

/// Blanks the top-level table out that a byte of `text` is in, its sub-tables with it, so that what
/// is left can be read and every line keeps its number. `None` when the byte is in none, or what
/// would be left is no TOML.
pub fn without_table(text: &str, offset: usize) -> Option<String> {
    let is_header = |line: &&str| {
        let name = line.trim_start().trim_start_matches('[');
        // Those of sub-tables belong to the table before.
        name.len() < line.trim_start().len()
            && !name.split(']').next().unwrap_or_default().contains('.')
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = line_of(text, offset).checked_sub(1)?;
    let begin =
        (0..=at.min(lines.len().checked_sub(1)?)).rev().find(|line| is_header(&lines[*line]))?;
    let end = (begin + 1..lines.len()).find(|line| is_header(&lines[*line])).unwrap_or(lines.len());
    let blanked = lines
        .iter()
        .enumerate()
        .map(|(number, line)| if (begin..end).contains(&number) { "\n" } else { *line });
    let left: String = blanked.collect();
    DeTable::parse(&left).is_ok().then_some(left)
}

/// Joins the lines of a message, so that it stays one line in a log.
fn on_one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}

fn key_at(text: &str, span: &Range<usize>) -> Option<String> {
    let root = DeTable::parse(text).ok()?;
    let path = path_to(root.get_ref(), span)?;
    Some(path.join("."))
}

/// Finds the innermost key whose value covers `span`. A span that covers a whole table belongs to
/// the table.
fn path_to(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref().to_string();
        let deeper = match value.get_ref() {
            DeValue::Table(inner) => path_to(inner, span),
            DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
                DeValue::Table(inner) => path_to(inner, span),
                _ => None,
            }),
            _ => None,
        };
        if let Some(rest) = deeper {
            return Some(std::iter::once(name).chain(rest).collect());
        }
        let covers = |range: Range<usize>| range.start <= span.start && span.end <= range.end;
        (covers(value.span()) || covers(key.span())).then(|| vec![name])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[a]\nx = 1\n[b]\ny = \"two\"\n[[list]]\nz = 3\n";

    #[test]
    fn keys_are_found_by_their_line() {
        assert_eq!(line_of_key(TEXT, "a.x"), Some(2));
        assert_eq!(line_of_key(TEXT, "b.y"), Some(4));
        assert_eq!(line_of_key(TEXT, "b.x"), None);
        assert_eq!((line_of_table(TEXT, "list"), line_of_table(TEXT, "x")), (Some(5), None));
    }

    #[test]
    fn an_error_is_told_with_line_and_key() {
        #[derive(Debug, serde::Deserialize)]
        struct Inner {
            #[serde(rename = "y")]
            _y: u32,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[serde(rename = "b")]
            _b: Inner,
        }
        let error = toml::from_str::<Outer>(TEXT).unwrap_err();
        let told = describe("center.toml", TEXT, &error);
        assert!(told.starts_with("center.toml:4: b.y: "), "{told}");
        assert_eq!(told.lines().count(), 1);
    }

    #[test]
    fn a_table_is_left_out_with_its_sub_tables_and_every_line_keeps_its_number() {
        let text = "[a]\nx = 1\n[[q]]\nn = 1\n[[q.step]]\nm = 2\n[[q]]\nn = 3\n";
        let without = |offset| without_table(text, text.find(offset).unwrap()).unwrap();
        assert_eq!(without("m = 2"), "[a]\nx = 1\n\n\n\n\n[[q]]\nn = 3\n");
        assert_eq!(without("n = 3"), "[a]\nx = 1\n[[q]]\nn = 1\n[[q.step]]\nm = 2\n\n\n");
        assert_eq!(without_table("x = 1\n", 0), None);
        assert_eq!(without_table("[a]\nx = 1\n[b\n", 5), None, "no TOML is left");
    }
}
