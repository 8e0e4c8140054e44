//! HTML to text and back.

use mail_parser::decoders::html::add_html_token;

use super::lists;
use super::tokens::{Token, Tokens};

/// How deep quotes are marked.
const QUOTES_MAX: usize = 10;
/// The longest entity, in bytes: the longest name of the standard has 33.
const ENTITY_LEN_MAX: usize = 40;

/// Makes text of HTML: blocks become lines, quoted blocks lines that begin with `>`, cells are
/// apart by blanks, images leave their alternative text. Takes time linear in the input, of which
/// at most 1 MiB is read; the result has at most three times its size.
#[must_use]
pub fn to_text(html: &str) -> String {
    let html = &html[..html.floor_char_boundary(super::HTML_LEN_MAX)];
    let mut writer = Writer::default();
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => writer.text(text),
            Token::Start(name, attributes) => match name.as_str() {
                "br" => writer.end_line(),
                "pre" => {
                    writer.block();
                    writer.preformatted += 1;
                }
                "blockquote" => {
                    writer.block();
                    writer.quotes += 1;
                }
                "li" => {
                    writer.block();
                    writer.word("-");
                    writer.is_apart = true;
                }
                "td" | "th" => writer.is_apart = true,
                "img" => {
                    let alternative = attributes.iter().find(|(name, _)| name == "alt");
                    writer.text(alternative.map(|(_, text)| *text).unwrap_or_default());
                }
                "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => writer.paragraph(),
                name if lists::BLOCKS.contains(&name) => writer.block(),
                _ => {}
            },
            Token::End(name) => writer.end(&name),
        }
    }
    writer.finish()
}

/// Makes HTML of text: the characters of markup escaped, lines kept. [`clean`](super::clean) does
/// not change the result.
#[must_use]
pub fn from_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 16);
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>"),
            '\u{a0}' => html.push_str("&nbsp;"),
            '\t' => html.push(' '),
            // A byte order mark at the beginning would not survive a parser.
            '\u{feff}' => {}
            _ if character.is_control() => {}
            _ => html.push(character),
        }
    }
    html
}

/// Writes lines.
#[derive(Default)]
struct Writer {
    out: String,
    line: String,
    quotes: usize,
    preformatted: usize,
    /// A blank is due before the next word.
    is_apart: bool,
    /// An empty line is due before the next line.
    is_paragraph: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        let text = unescaped(text);
        if self.preformatted > 0 {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.end_line();
                }
                self.line.extend(
                    line.chars().filter(|character| *character == '\t' || !character.is_control()),
                );
            }
            return;
        }
        let is_blank = |character: char| character.is_ascii_whitespace();
        self.is_apart |= text.starts_with(is_blank);
        for word in text.split(is_blank).filter(|word| !word.is_empty()) {
            self.word(word);
            self.is_apart = true;
        }
        self.is_apart = text.ends_with(is_blank) || (text.is_empty() && self.is_apart);
    }

    fn word(&mut self, word: &str) {
        if self.is_apart && !self.line.is_empty() {
            self.line.push(' ');
        }
        self.is_apart = false;
        self.line.extend(
            word.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }).filter(|c| !c.is_control()),
        );
    }

    fn end(&mut self, name: &str) {
        match name {
            "pre" => {
                self.block();
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "blockquote" => {
                self.block();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.paragraph(),
            name if lists::BLOCKS.contains(&name) => self.block(),
            _ => {}
        }
    }

    fn paragraph(&mut self) {
        self.block();
        self.is_paragraph = true;
    }

    fn block(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.is_apart = false;
    }

    fn end_line(&mut self) {
        let mark: String = core::iter::repeat_n('>', self.quotes.min(QUOTES_MAX)).collect();
        if core::mem::take(&mut self.is_paragraph)
            && !self.out.is_empty()
            && !self.out.ends_with("\n\n")
        {
            self.out.push_str(&mark);
            self.out.push('\n');
        }
        self.out.push_str(&mark);
        if !mark.is_empty() && !self.line.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(self.line.trim_end());
        self.out.push('\n');
        self.line.clear();
        self.is_apart = false;
    }

    fn finish(mut self) -> String {
        self.block();
        self.out.truncate(self.out.trim_end().len());
        self.out
    }
}

/// Replaces entities by their characters.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
        let len = 1 + rest.bytes().skip(1).take(ENTITY_LEN_MAX).take_while(is_name).count();
        if len > 1 && rest.as_bytes().get(len) == Some(&b';') {
            add_html_token(&mut out, &rest.as_bytes()[..=len], false);
            rest = &rest[len + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}
