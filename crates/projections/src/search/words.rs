//! Text as words, the same for what is kept and for what is looked for.
//!
//! A word is what stands together of letters, digits and marks, in small letters and without
//! accents. Scripts that put no spaces between words (Chinese, Japanese, Thai and their like, and
//! Korean, whose words carry endings) become pairs of characters that overlap, so that any part of
//! them is found; the last of a run stands alone.

use handoff_domain::chat::is_invisible;
use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// Most characters of a word. What is longer, which nobody types, is cut off.
const CHARS_MAX: usize = 40;

/// How a word came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It stood apart.
    Whole,
    /// Two characters of a run.
    Pair,
    /// The last character of a run; a run of one is that alone.
    Last,
}

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As it is compared.
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Where it is in the text, in bytes.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Where its first character ends: of a pair that is before its end.
    pub(super) first_to: usize,
}

/// A character of a script without spaces, and where it is.
struct Unit {
    character: char,
    from: usize,
    to: usize,
}

/// What a run of characters is until it ends.
enum Run {
    None,
    Whole { text: String, chars: usize, from: usize, to: usize },
    Dense(Vec<Unit>),
}

/// Returns the words of a text in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let (mut found, mut run) = (Vec::new(), Run::None);
    for (from, character) in text.char_indices() {
        if is_invisible(character) || is_dropped(character) {
            continue;
        }
        let to = from + character.len_utf8();
        let is_of_words = character.is_alphanumeric() || is_combining_mark(character);
        if !is_of_words {
            end(&mut run, &mut found);
            continue;
        }
        fold(character, &mut |folded| {
            if is_dense(folded) {
                if !matches!(run, Run::Dense(_)) {
                    end(&mut run, &mut found);
                    run = Run::Dense(Vec::new());
                }
                let Run::Dense(units) = &mut run else { return };
                let joined = units.last().and_then(|last| compose(last.character, folded));
                match (joined, units.last_mut()) {
                    (Some(joined), Some(last)) => (last.character, last.to) = (joined, to),
                    _ => units.push(Unit { character: folded, from, to }),
                }
            } else {
                if !matches!(run, Run::Whole { .. }) {
                    end(&mut run, &mut found);
                    run = Run::Whole { text: String::new(), chars: 0, from, to };
                }
                let Run::Whole { text, chars, to: end, .. } = &mut run else { return };
                *end = to;
                *chars += 1;
                if *chars <= CHARS_MAX {
                    text.push(folded);
                }
            }
        });
    }
    end(&mut run, &mut found);
    found
}

/// Ends a run, and adds its words.
fn end(run: &mut Run, found: &mut Vec<Word>) {
    match std::mem::replace(run, Run::None) {
        Run::None => {}
        Run::Whole { text, from, to, .. } => {
            found.push(Word { text, kind: Kind::Whole, from, to, first_to: to });
        }
        Run::Dense(units) => {
            for (at, unit) in units.iter().enumerate() {
                let next = units.get(at + 1);
                let text = [Some(unit), next].into_iter().flatten().map(|unit| unit.character);
                found.push(Word {
                    text: text.collect(),
                    kind: if next.is_some() { Kind::Pair } else { Kind::Last },
                    from: unit.from,
                    to: next.unwrap_or(unit).to,
                    first_to: unit.to,
                });
            }
        }
    }
}

/// Returns the characters that stand for one when texts are compared.
fn fold(character: char, give: &mut impl FnMut(char)) {
    // A syllable of Hangul would fall apart into its letters.
    if matches!(character, '\u{ac00}'..='\u{d7a3}') {
        return give(character);
    }
    decompose_compatible(character, |part| {
        for small in part.to_lowercase() {
            match small {
                'ß' => ['s', 's'].into_iter().for_each(&mut *give),
                'æ' => ['a', 'e'].into_iter().for_each(&mut *give),
                'œ' => ['o', 'e'].into_iter().for_each(&mut *give),
                'ø' => give('o'),
                'ł' => give('l'),
                'đ' => give('d'),
                'ı' => give('i'),
                'ς' => give('σ'),
                other if is_dropped(other) => {}
                other if other.is_alphanumeric() || is_combining_mark(other) => give(other),
                // What stands beside letters in a form of its own, as the full stop of "⒈".
                _ => {}
            }
        }
    });
}

/// Tells whether a mark counts for nothing: accents, points of vowels, the line that lengthens
/// words. The marks of other scripts are part of their words.
const fn is_dropped(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{487}'
            | '\u{591}'..='\u{5bd}'
            | '\u{5bf}'..='\u{5c7}'
            | '\u{610}'..='\u{61a}'
            | '\u{640}'
            | '\u{64b}'..='\u{65f}'
            | '\u{670}'
            | '\u{6d6}'..='\u{6ed}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{3099}'..='\u{309a}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Tells whether a character is of a script that puts no spaces between words, or of Hangul.
const fn is_dense(character: char) -> bool {
    matches!(
        character,
        '\u{e00}'..='\u{eff}' // Thai, Lao
            | '\u{1000}'..='\u{109f}' // Myanmar
            | '\u{1100}'..='\u{11ff}' // the letters of Hangul
            | '\u{1780}'..='\u{17ff}' // Khmer
            | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30ff}' // Hiragana, Katakana
            | '\u{3100}'..='\u{312f}' // Bopomofo
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{9fff}' // Han
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_the_same_however_they_are_written() {
        for (text, expected) in [
            ("Größe, STRASSE & Straße!", vec!["grosse", "strasse", "strasse"]),
            ("u\u{308}ber Über café", vec!["uber", "uber", "cafe"]),
            ("soft\u{ad}hyphen", vec!["softhyphen"]),
            ("kate@example.com A-12", vec!["kate", "example", "com", "a", "12"]),
            ("Заказ № 5, ёлка", vec!["заказ", "5", "елка"]),
            ("كِتَاب كـــتاب", vec!["كتاب", "كتاب"]),
            ("हिन्दी भाषा", vec!["हिन्दी", "भाषा"]),
            ("ＡＢＣ１２", vec!["abc12"]),
            ("Σίσυφος", vec!["σισυφοσ"]),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_become_pairs() {
        for (text, expected) in [
            ("东京都", vec!["东京", "京都", "都"]),
            ("iPhoneの箱", vec!["iphone", "の箱", "箱"]),
            ("ｶﾞｷﾞ", vec!["カキ", "キ"]),
            ("ガギ", vec!["カキ", "キ"]),
            ("한국어", vec!["한국", "국어", "어"]),
            ("\u{1112}\u{1161}\u{11ab}국", vec!["한국", "국"]),
            ("น้ำ", vec!["น้", "้ํ", "ํา", "า"]),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_says_where_it_was() {
        let text = "An Ärger 东京";
        let places: Vec<&str> = words(text).iter().map(|word| &text[word.from..word.to]).collect();
        assert_eq!(places, ["An", "Ärger", "东京", "京"]);
    }

    proptest! {
        #[test]
        fn whatever_the_text_words_are_letters_at_their_places(text in any::<String>()) {
            for word in words(&text) {
                let is_syntax = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric();
                prop_assert!(!word.text.contains(is_syntax));
                prop_assert!(text.get(word.from..word.to).is_some());
                prop_assert!(word.from < word.first_to && word.first_to <= word.to);
            }
        }
    }
}
