//! The words by which contacts are found: of their address, names and telephone numbers.
//!
//! A contact is found by the beginning of any of its words, so that what is typed finds it before
//! it is typed out. Which words a contact has follows from its record alone; stores keep them so
//! that a search reads what it finds, and not everybody.

use std::collections::BTreeSet;

use handoff_domain::{CenterId, ContactId};

use crate::record::Contact;

/// Most bytes of a word. What is longer is found by its beginning.
const WORD_BYTES_MAX: usize = 64;
/// Most words of a contact: its address has three or four, a name as many as it has parts. Letters
/// bring the names, so they are a stranger's.
const WORDS_MAX: usize = 24;

/// A page of the words by which contacts are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordQuery {
    pub center: CenterId,
    /// How the words begin.
    pub beginning: String,
    /// Only what comes after this one.
    pub after: Option<FoundWord>,
    /// At most so many.
    pub limit: usize,
}

impl WordQuery {
    /// Returns what it finds among contacts, its limit aside: what the answer is, said plainly.
    pub(crate) fn of_all<'c>(
        &self,
        contacts: impl Iterator<Item = &'c Contact>,
    ) -> BTreeSet<FoundWord> {
        let those = contacts.filter(|contact| contact.center == self.center);
        let found = those.flat_map(|contact| {
            words_of(contact).into_iter().map(|word| FoundWord { word, contact: contact.id })
        });
        found
            .filter(|found| found.word.starts_with(&self.beginning))
            .filter(|found| self.after.as_ref().is_none_or(|after| found > after))
            .collect()
    }
}

/// A word by which a contact is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundWord {
    pub word: String,
    pub contact: ContactId,
}

/// Returns the words of a contact. None of them is the beginning of another, which would find
/// nobody more.
#[must_use]
pub fn words_of(contact: &Contact) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    words.extend(whole(&contact.address));
    if let Some((local, domain)) = contact.address.rsplit_once('@') {
        words.extend(whole(domain));
        words.extend(parts(local));
    }
    let names = contact.profile.iter().flat_map(|it| [&it.first_name, &it.last_name]);
    for name in names.chain([&contact.name]).flatten() {
        words.extend(parts(name));
    }
    let numbers = contact.profile.iter().flat_map(|profile| &profile.phone_numbers);
    words.extend(numbers.filter_map(|number| digits(number)));
    without_beginnings(words).into_iter().take(WORDS_MAX).collect()
}

/// Returns the words that a question has; a contact answers it that has a word for each of them
/// that begins so.
#[must_use]
pub fn words_in(question: &str) -> BTreeSet<String> {
    if question.chars().all(|one| one.is_ascii_digit() || " +()-/.".contains(one)) {
        // A telephone number, however it is set apart.
        return digits(question).into_iter().collect();
    }
    let mut words = BTreeSet::new();
    for token in question.split_whitespace() {
        if token.contains(['@', '.']) {
            words.extend(whole(token));
        } else {
            words.extend(parts(token));
        }
    }
    without_beginnings(words)
}

/// Returns a text as one word; `None` when it is none.
fn whole(text: &str) -> Option<String> {
    let is_word = !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    is_word.then(|| cut(text))
}

/// Returns the letters and digits of a text that stand together.
fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(|one: char| !one.is_alphanumeric()).filter(|part| !part.is_empty()).map(cut)
}

fn digits(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| cut(&digits))
}

/// Returns a word in small letters and no longer than one may be.
fn cut(word: &str) -> String {
    let mut word = word.to_lowercase();
    let mut end = WORD_BYTES_MAX.min(word.len());
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    word.truncate(end);
    word
}

fn without_beginnings(words: BTreeSet<String>) -> BTreeSet<String> {
    // What begins with a word comes right behind it.
    let mut kept: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        if kept.last().is_some_and(|last| word.starts_with(last.as_str())) {
            kept.pop();
        }
        kept.push(word);
    }
    kept.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use handoff_domain::{Time, UserId};

    use super::*;
    use crate::record::ContactProfile;

    fn contact(address: &str, name: Option<&str>) -> Contact {
        Contact {
            id: ContactId(1),
            center: CenterId(1),
            address: address.to_owned(),
            name: name.map(str::to_owned),
            first_seen: Time(0),
            last_seen: Time(0),
            last_answered: None,
            automatic_count: 0,
            automatic_since: Time(0),
            profile: None,
        }
    }

    fn profile(first: &str, last: &str, number: &str) -> ContactProfile {
        ContactProfile {
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            phone_numbers: vec![number.to_owned()],
            language: None,
            time_zone: None,
            version: 1,
            by: UserId(1),
            at: Time(0),
        }
    }

    fn joined(words: &BTreeSet<String>) -> String {
        words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_contact_has_the_words_of_address_names_and_numbers() {
        let mut eve = contact("eve.adams-2@mail.example", Some("Adams, \u{c9}ve"));
        assert_eq!(
            joined(&words_of(&eve)),
            "2 adams eve.adams-2@mail.example mail.example \u{e9}ve"
        );
        eve.profile = Some(profile("Eva", "M\u{fc}ller", "+45 (12) 34-56"));
        assert_eq!(
            joined(&words_of(&eve)),
            "2 45123456 adams eva eve.adams-2@mail.example mail.example m\u{fc}ller \u{e9}ve"
        );
    }

    #[test]
    fn whatever_a_stranger_calls_themselves_words_are_few_short_and_without_gaps() {
        let name: String = (0..1_000).map(|n| format!("\u{df}n{n}\u{a0}\u{1}")).collect();
        let local = "\u{e4}".repeat(1_000);
        for address in [format!("{local}@b"), format!("\"a {local}\"@b"), String::new()] {
            let words = words_of(&contact(&address, Some(&name)));
            assert!((1..=WORDS_MAX).contains(&words.len()), "{words:?}");
            for word in words {
                assert!(!word.is_empty() && word.len() <= WORD_BYTES_MAX, "{word}");
                assert!(!word.contains(|c: char| c.is_whitespace() || c.is_control()), "{word:?}");
            }
        }
    }

    #[test]
    fn a_question_has_the_words_that_are_typed() {
        let table = [
            ("Ann  BERG", "ann berg"),
            ("ann an", "ann"),
            ("ann@cust", "ann@cust"),
            ("cust.ex", "cust.ex"),
            ("O'Neil", "neil o"),
            ("+45 12 34", "451234"),
            ("12-34", "1234"),
            ("order 12", "12 order"),
            (" , ", ""),
            ("", ""),
        ];
        for (question, words) in table {
            assert_eq!(joined(&words_in(question)), words, "{question}");
        }
    }
}
