//! What somebody typed, as terms: words that all have to be there, `"phrases in quotes"`, and what
//! must not be there after a `-`. The last word finds what begins so.

use handoff_engine::SearchError;

use super::words::{Kind, Word, words};

/// Most terms of one question.
pub(super) const TERMS_MAX: usize = 12;
/// Fewest letters of a word by whose beginning others are found.
const BEGINNING_MIN: usize = 2;

/// One thing that is looked for: words that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    words: Vec<String>,
    /// Whether the last word may go on.
    is_beginning: bool,
    pub(super) is_excluded: bool,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question(Vec<Term>);

impl Question {
    /// Reads what somebody typed.
    ///
    /// # Errors
    ///
    /// When no word has to be there, or there are too many.
    pub(super) fn read(typed: &str) -> Result<Self, SearchError> {
        let is_typing = typed.chars().last().is_some_and(|last| !last.is_whitespace());
        let (mut terms, mut rest) = (Vec::new(), typed.trim_start());
        while !rest.is_empty() {
            let (part, after) = Part::next(rest);
            rest = after.trim_start();
            let goes_on = rest.is_empty() && is_typing && !part.is_quoted && !part.is_excluded;
            terms.extend(Term::of(&part, goes_on));
        }
        if terms.len() > TERMS_MAX {
            return Err(SearchError::TooMany(TERMS_MAX));
        }
        let question = Self(terms);
        let has_words = question.needed().next().is_some();
        has_words.then_some(question).ok_or(SearchError::NoWords)
    }

    /// Returns the terms that have to be there.
    pub(super) fn needed(&self) -> impl Iterator<Item = &Term> {
        self.0.iter().filter(|term| !term.is_excluded)
    }

    /// Returns the terms that must not be there.
    pub(super) fn excluded(&self) -> impl Iterator<Item = &Term> {
        self.0.iter().filter(|term| term.is_excluded)
    }
}

/// A part of what was typed, up to a space or a quote.
struct Part<'t> {
    text: &'t str,
    is_quoted: bool,
    is_excluded: bool,
}

impl<'t> Part<'t> {
    /// Returns the first part of a text that does not begin with a space, and what comes after it.
    fn next(text: &'t str) -> (Self, &'t str) {
        let is_quote = |character: char| matches!(character, '"' | '“' | '”' | '„');
        let (is_excluded, text) = match text.strip_prefix('-') {
            Some(rest) if rest.starts_with(|next: char| !next.is_whitespace()) => (true, rest),
            _ => (false, text),
        };
        if let Some(quoted) = text.strip_prefix(is_quote) {
            let (text, after) = quoted.split_once(is_quote).unwrap_or((quoted, ""));
            return (Self { text, is_quoted: true, is_excluded }, after);
        }
        let end = text.find(|one: char| one.is_whitespace() || is_quote(one));
        let (text, after) = text.split_at(end.unwrap_or(text.len()));
        (Self { text, is_quoted: false, is_excluded }, after)
    }
}

impl Term {
    /// Returns the term of a part; `None` when it has no word.
    fn of(part: &Part<'_>, goes_on: bool) -> Option<Self> {
        let mut found = words(part.text);
        let is_pair = |word: &Word| word.kind == Kind::Pair;
        // A run's last character stands alone where the run ends, which it need not in a text.
        if found.len() > 1 && found.last().is_some_and(|last| last.kind == Kind::Last) {
            let before = found.len() - 2;
            if is_pair(&found[before]) {
                found.pop();
            }
        }
        let last = found.last()?;
        let is_beginning = match last.kind {
            Kind::Last => true,
            Kind::Pair => false,
            Kind::Whole => goes_on && last.text.chars().count() >= BEGINNING_MIN,
        };
        let is_excluded = part.is_excluded;
        let words = found.into_iter().map(|word| word.text).collect();
        Some(Self { words, is_beginning, is_excluded })
    }

    /// Returns it as the index is asked, for words that are kept behind a mark.
    pub(super) fn asked(&self, mark: char) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!("{mark}{word}")).collect();
        let star = if self.is_beginning { " *" } else { "" };
        format!("\"{}\"{star}", words.join(" "))
    }

    /// Returns where the words of a text are the term's, in bytes.
    pub(super) fn places(&self, text: &[Word]) -> Vec<(usize, usize)> {
        let length = self.words.len();
        text.windows(length)
            .filter(|window| self.is(window))
            .map(|window| self.place(window))
            .collect()
    }

    /// Tells whether the words of a text have it.
    pub(super) fn is_in(&self, text: &[Word]) -> bool {
        text.windows(self.words.len()).any(|window| self.is(window))
    }

    fn is(&self, window: &[Word]) -> bool {
        let (Some((last, before)), Some((wanted, others))) =
            (window.split_last(), self.words.split_last())
        else {
            return false;
        };
        let ends = if self.is_beginning {
            last.text.starts_with(wanted.as_str())
        } else {
            last.text == *wanted
        };
        ends && before.iter().zip(others).all(|(word, wanted)| word.text == *wanted)
    }

    fn place(&self, window: &[Word]) -> (usize, usize) {
        let (first, last) = (&window[0], &window[window.len() - 1]);
        let is_one = self.is_beginning && last.kind == Kind::Pair;
        (first.from, if is_one { last.first_to } else { last.to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: &str) -> Vec<String> {
        let Question(terms) = Question::read(typed).unwrap();
        let sign = |term: &Term| if term.is_excluded { "-" } else { "" };
        terms.iter().map(|term| format!("{}{}", sign(term), term.asked('.'))).collect()
    }

    #[test]
    fn what_is_typed_becomes_terms() {
        for (typed, expected) in [
            ("order late", vec!["\".order\"", "\".late\" *"]),
            ("order late ", vec!["\".order\"", "\".late\""]),
            ("\"late order\" -Paid", vec!["\".late .order\"", "-\".paid\""]),
            ("„late order“ x", vec!["\".late .order\"", "\".x\""]),
            ("\"never closed", vec!["\".never .closed\""]),
            ("kate@example.com", vec!["\".kate .example .com\" *"]),
            ("a - b", vec!["\".a\"", "\".b\""]),
            ("AND OR NOT(", vec!["\".and\"", "\".or\"", "\".not\" *"]),
            ("东京", vec!["\".东京\""]),
            ("东京都", vec!["\".东京 .京都\""]),
            ("京 x", vec!["\".京\" *", "\".x\""]),
        ] {
            assert_eq!(asked(typed), expected, "{typed}");
        }
    }

    #[test]
    fn what_has_no_word_to_look_for_is_refused() {
        for typed in ["", "  ", "!!!", "-gone", "\"\"", "- -x", "\"*\""] {
            assert!(matches!(Question::read(typed), Err(SearchError::NoWords)), "{typed}");
        }
        let many = "word ".repeat(TERMS_MAX + 1);
        assert!(matches!(Question::read(&many), Err(SearchError::TooMany(TERMS_MAX))));
        Question::read(&"word ".repeat(TERMS_MAX)).unwrap();
    }
}
