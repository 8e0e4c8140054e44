//! Quotes: what of an answer is new, and how an answer quotes what it answers
//! (docs/compat/media.md#e-mail, "Content of a reply").
//!
//! Finding the new text is a guess and is only for showing: nothing is ever cut off what is kept.
//! When a guess could hide something that the customer wrote, such as answers between the quoted
//! lines, everything counts as new.

use core::fmt::Write as _;

use crate::html;

/// The most lines over which a line like `On … wrote:` may be broken.
const INTRODUCTION_LINES_MAX: usize = 3;
/// The longest introduction, in bytes.
const INTRODUCTION_LEN_MAX: usize = 400;
/// The longest indent, in bytes; more is no mark but a text.
const INDENT_LEN_MAX: usize = 16;

/// The ends of the lines that mail programs write before a quote, in the languages of most of them.
const INTRODUCTIONS: &[&str] = &[
    "wrote:",
    "writes:",
    "schrieb:",
    "a écrit :",
    "a écrit:",
    "escribió:",
    "escreveu:",
    "ha scritto:",
    "schreef:",
    "skrev:",
    "kirjoitti:",
    "napisał(a):",
    "napisał:",
    "napsal:",
    "пишет:",
    "написал:",
    "写道：",
    "写道:",
    "wrote :",
    "schreef op:",
];

/// Words that stand between the date and the name in languages that put the name last; such a line
/// ends with a colon.
const VERBS: &[&str] = &[" schrieb ", " skrev ", " schreef ", " wrote "];

/// Lines that mail programs write before a quote that has no marks.
const SEPARATORS: &[&str] = &[
    "original message",
    "ursprüngliche nachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "mensagem original",
    "ursprungligt meddelande",
    "forwarded message",
    "weitergeleitete nachricht",
    "original appointment",
    "reply above this line",
];

/// Names of the fields with which Outlook begins a quote: who wrote, and then when.
const OUTLOOK_FIELDS: &[(&str, &str)] = &[
    ("from:", "sent:"),
    ("from:", "date:"),
    ("von:", "gesendet:"),
    ("de :", "envoyé :"),
    ("de:", "enviado:"),
    ("da:", "inviato:"),
    ("van:", "verzonden:"),
    ("från:", "skickat:"),
];

/// A text in two: put together they are the text again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split<'a> {
    /// What is new.
    pub own: &'a str,
    /// What is quoted, with the line that introduces it.
    pub quoted: &'a str,
}

/// Tells the new text of an answer from what it quotes, in linear time.
#[must_use]
pub fn split(text: &str) -> Split<'_> {
    let lines = lines(text);
    let quoted_tail = quoted_tail(&lines);
    let found = (0..lines.len()).find(|at| {
        *at >= quoted_tail
            || is_separator(lines[*at].1)
            || begins_outlook(&lines[*at..])
            || is_introduction(&lines[*at..], quoted_tail - at)
    });
    // Outlook draws a line before its fields.
    let is_rule =
        |at: &usize| !lines[*at].1.is_empty() && lines[*at].1.bytes().all(|byte| byte == b'_');
    let found = found.map(|at| at.checked_sub(1).filter(is_rule).unwrap_or(at));
    let at = found.map_or(text.len(), |at| lines[at].0);
    let (own, quoted) = text.split_at(at);
    // A message of nothing but a quote has its words below or between the quoted lines.
    if own.trim().is_empty() { Split { own: text, quoted: "" } } else { Split { own, quoted } }
}

/// Returns each line with the place where it begins.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let at = start;
            start += line.len();
            (at, line.trim())
        })
        .collect()
}

/// Returns the first line of the block of marked and empty lines at the end; the number of lines
/// when there is none.
fn quoted_tail(lines: &[(usize, &str)]) -> usize {
    let tail = lines.iter().rposition(|(_, line)| !line.is_empty() && !line.starts_with('>'));
    let begin = tail.map_or(0, |last| last + 1);
    let first = lines[begin..].iter().position(|(_, line)| line.starts_with('>'));
    first.map_or(lines.len(), |offset| begin + offset)
}

/// Tells whether a quote is introduced here: by a line, or a few, that end like `wrote:`, with only
/// empty lines before the marked block. `until_tail` says in how many lines that block begins.
fn is_introduction(lines: &[(usize, &str)], until_tail: usize) -> bool {
    let mut len = 0;
    for (number, (_, line)) in lines.iter().take(INTRODUCTION_LINES_MAX).enumerate() {
        len += line.len();
        if line.is_empty() || line.starts_with('>') || len > INTRODUCTION_LEN_MAX {
            return false;
        }
        let has_verb = line.ends_with(':') && VERBS.iter().any(|verb| line.contains(verb));
        if has_verb || INTRODUCTIONS.iter().any(|end| ends_with(line, end)) {
            let between = lines.get(number + 1..until_tail);
            return between.is_some_and(|between| {
                between.len() <= INTRODUCTION_LINES_MAX
                    && between.iter().all(|(_, line)| line.is_empty())
            });
        }
    }
    false
}

fn is_separator(line: &str) -> bool {
    let is_rule = |character| matches!(character, '-' | '_' | '*' | '#' | ' ');
    let words = line.trim_matches(is_rule);
    line.starts_with(['-', '_', '*', '#'])
        && line.len() <= INTRODUCTION_LEN_MAX
        && SEPARATORS.iter().any(|known| words.eq_ignore_ascii_case(known))
}

/// Tells whether Outlook's block of fields begins here: the sender, and the date in the next line.
fn begins_outlook(lines: &[(usize, &str)]) -> bool {
    let [(_, first), (_, second), ..] = lines else { return false };
    let strip = |line: &'_ str, name: &str| starts_with(line.trim_start_matches('*'), name);
    OUTLOOK_FIELDS.iter().any(|(from, sent)| strip(first, from) && strip(second, sent))
}

fn starts_with(line: &str, start: &str) -> bool {
    line.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start))
}

fn ends_with(line: &str, end: &str) -> bool {
    let at = line.len().checked_sub(end.len());
    at.and_then(|at| line.get(at..)).is_some_and(|text| text.eq_ignore_ascii_case(end))
}

/// How an answer quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoting<'a> {
    /// The line before the quote (`replyToStartLine`).
    pub start_line: Option<&'a str>,
    /// What stands before each quoted line (`indentCharacter`).
    pub indent: &'a str,
}

impl Default for Quoting<'_> {
    fn default() -> Self {
        Self { start_line: None, indent: "> " }
    }
}

/// Quotes a text: an empty line for the answer, the start line, and each line with the indent
/// before it. Lines that are quotes themselves get the indent without its blank, so that `> ` makes
/// `>> `.
#[must_use]
pub fn quote_text(text: &str, quoting: &Quoting<'_>) -> String {
    let indent = &quoting.indent[..quoting.indent.floor_char_boundary(INDENT_LEN_MAX)];
    let close = indent.trim_end();
    let mut quoted = String::from("\n");
    if let Some(line) = quoting.start_line {
        quoted.push_str(line.lines().next().unwrap_or_default());
        quoted.push('\n');
    }
    for line in text.trim_end().lines() {
        let is_quote = !close.is_empty() && line.starts_with(close);
        let mark = if is_quote || line.is_empty() { close } else { indent };
        quoted.push_str(mark);
        quoted.push_str(line);
        quoted.push('\n');
    }
    quoted
}

/// Quotes HTML that [`html::clean`] has cleaned: an empty line for the answer, the start line, and
/// a block.
#[must_use]
pub fn quote_html(clean: &str, quoting: &Quoting<'_>) -> String {
    let mut quoted = String::from("<p><br></p>");
    if let Some(line) = quoting.start_line {
        let line = html::from_text(line.lines().next().unwrap_or_default());
        // Writing to a String cannot fail.
        let _ = write!(quoted, "<p>{line}</p>");
    }
    let _ = write!(quoted, "<blockquote>{clean}</blockquote>");
    quoted
}

/// Puts the prefix (`subjectPrefix`) before a subject, unless it begins with it.
#[must_use]
pub fn subject(prefix: &str, subject: &str) -> String {
    let mark = prefix.trim();
    if starts_with(subject.trim_start(), mark) {
        subject.trim_start().to_owned()
    } else {
        format!("{prefix}{subject}")
    }
}
