//! What clients were told, and whether they should have been told it.
//!
//! The rule (docs/compat/notifications.md#replay): a client names the last number that it was told
//! of a topic and is told the next one, then the one after it, and so on, live or replayed. No
//! number is left out, none comes twice, and none comes before a lower one. That holds with the
//! `ack` extension too: our clients take an answer whole or not at all and acknowledge what they
//! took, so what is sent again is always what they have not seen. A `Resync` is right only for who
//! named a number above the head or below what is kept, and none of these clients does.
//!
//! Further, a number stands for one content, whoever is told it and whenever: a program that tells
//! of a change and then loses it gives the number to another change. Such a program also answers a
//! client that was told the lost change with a `Resync`, because the number that it names was never
//! given.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::campaign::{DOUBLED, Findings, MISSING, lock};

/// How much of two contents is shown before and after the place where they begin to differ.
const CONTEXT_BYTES: usize = 30;

/// A number that came before the one that should have come next.
const DISORDER: &str = "out of order";
pub(crate) const CHANGED: &str = "with two contents";
/// A number that was told, and that the program later says it never gave.
pub(crate) const TAKEN_BACK: &str = "taken back";
/// A `Resync` that nobody had given reason for, or none where one was due.
pub(crate) const RESYNC: &str = "wrongly resynchronized";
/// A message that nobody subscribed to, or without a number.
const STRANGE: &str = "strange";
const KINDS: [&str; 7] = [MISSING, DISORDER, DOUBLED, CHANGED, TAKEN_BACK, RESYNC, STRANGE];

/// Everything that was told to anybody.
#[derive(Debug)]
pub(crate) struct Book(Mutex<Pages>);

#[derive(Debug)]
struct Pages {
    /// The content of each number, by user and topic, as it was told first.
    contents: HashMap<(usize, String, u64), String>,
    findings: Findings,
    told: u64,
    /// How often the store was put back to an earlier state: after each everybody is told to look
    /// at everything again, once for each topic.
    restores: u64,
    resyncs: u64,
}

impl Default for Book {
    fn default() -> Self {
        let (contents, findings) = (HashMap::new(), Findings::of(&KINDS));
        Self(Mutex::new(Pages { contents, findings, told: 0, restores: 0, resyncs: 0 }))
    }
}

impl Book {
    pub(crate) fn find(&self, kind: &'static str, what: String) {
        lock(&self.0).findings.find(kind, what);
    }

    /// Notes that the store is put back to an earlier state, and that its log gets another
    /// generation.
    pub(crate) fn restore(&self) {
        lock(&self.0).restores += 1;
    }

    /// Counts how often somebody was told to look at everything again, as they had to be.
    pub(crate) fn resyncs(&self) -> u64 {
        lock(&self.0).resyncs
    }

    fn restores(&self) -> u64 {
        lock(&self.0).restores
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        lock(&self.0).findings.count(kind)
    }

    pub(crate) fn total(&self) -> usize {
        lock(&self.0).findings.total()
    }

    pub(crate) fn summary(&self) -> String {
        lock(&self.0).findings.summary()
    }

    pub(crate) fn print(&self) {
        lock(&self.0).findings.print();
    }

    /// Counts what was told, and the numbers that it was about.
    pub(crate) fn told(&self) -> (u64, usize) {
        let pages = lock(&self.0);
        (pages.told, pages.contents.len())
    }

    /// Writes down what a client was told, and compares it with what others were told of that
    /// number.
    fn enter(&self, who: &str, user: usize, topic: &str, number: u64, data: &Value) {
        let content = data.to_string();
        let mut pages = lock(&self.0);
        pages.told += 1;
        let key = (user, topic.to_owned(), number);
        let first = pages.contents.entry(key).or_insert_with(|| content.clone());
        if *first != content {
            let (first, content) = difference(first, &content);
            let what = format!("{who}: {number} of {topic}: …{first}… and …{content}…");
            pages.findings.find(CHANGED, what);
        }
    }
}

/// Returns of two texts a little from where they differ.
fn difference<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let part = |text: &'a str| {
        let begin = text.floor_char_boundary(same.saturating_sub(CONTEXT_BYTES));
        let end = text.ceil_char_boundary((same + CONTEXT_BYTES).min(text.len()));
        &text[begin..end]
    };
    (part(one), part(other))
}

/// How far one client has come on each topic that it listens to.
#[derive(Debug)]
pub(crate) struct Place {
    book: Arc<Book>,
    who: String,
    user: usize,
    /// The last number told, by topic.
    last: BTreeMap<&'static str, u64>,
    /// By topic, the number of the restore after which they were told to look at everything again.
    restored: BTreeMap<String, u64>,
}

impl Place {
    /// Makes the place of a client that has been told nothing of these topics.
    pub(crate) fn new(book: Arc<Book>, who: String, user: usize, topics: &[&'static str]) -> Self {
        let last = topics.iter().map(|topic| (*topic, 0)).collect();
        Self { book, who, user, last, restored: BTreeMap::new() }
    }

    /// Returns the last number told of each topic.
    pub(crate) const fn last(&self) -> &BTreeMap<&'static str, u64> {
        &self.last
    }

    /// Goes on after a number, without having been told what lies before.
    pub(crate) fn skip_to(&mut self, topic: &str, number: u64) {
        if let Some(last) = self.last.get_mut(topic) {
            *last = number;
        }
    }

    pub(crate) fn take(&mut self, channel: &str, data: &Value) {
        let Self { book, who, user, last, restored } = self;
        let Some(last) = last.get_mut(channel) else {
            return book
                .find(STRANGE, format!("{who}: on {channel}, without a subscription: {data}"));
        };
        if let Some(resync) = Resync::read(data) {
            let what = format!("{who}: {resync:?} on {channel} after {last}");
            let restores = book.restores();
            if restored.get(channel).copied().unwrap_or(0) < restores {
                restored.insert(channel.to_owned(), restores);
                *last = resync.resumes_after(*last);
                lock(&book.0).resyncs += 1;
                return;
            }
            let finding = if *last > resync.head { TAKEN_BACK } else { RESYNC };
            *last = resync.resumes_after(*last);
            return book.find(finding, what);
        }
        let Some(number) = data["sequence"].as_u64() else {
            return book.find(STRANGE, format!("{who}: without a number on {channel}: {data}"));
        };
        if number != *last + 1 {
            let finding = if number <= *last { DOUBLED } else { DISORDER };
            book.find(finding, format!("{who}: {number} after {last} on {channel}"));
        }
        *last = number;
        book.enter(who, *user, channel, number, data);
    }

    /// Writes down what is missing up to the heads of the topics.
    pub(crate) fn miss(&self, heads: &BTreeMap<&'static str, u64>) {
        for (topic, last) in &self.last {
            let head = heads.get(topic).copied().unwrap_or(0);
            for number in last + 1..=head {
                self.book.find(MISSING, format!("{}: {number} of {topic}, head {head}", self.who));
            }
        }
    }

    /// Tells whether everything up to the heads was told.
    pub(crate) fn has_all(&self, heads: &BTreeMap<&'static str, u64>) -> bool {
        self.last.iter().all(|(topic, last)| heads.get(topic).is_none_or(|head| last >= head))
    }
}

/// The message that a replay cannot begin where it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resync {
    /// The first number that is kept, one past the head when none is.
    pub(crate) oldest: u64,
    /// The last number that was given.
    pub(crate) head: u64,
}

impl Resync {
    /// Reads it; `None` for any other message.
    pub(crate) fn read(data: &Value) -> Option<Self> {
        if data["messageType"] != "Resync" {
            return None;
        }
        Some(Self { oldest: data["oldest"].as_u64()?, head: data["head"].as_u64()? })
    }

    /// Returns the number after which a client is told on that had named this one.
    pub(crate) const fn resumes_after(self, named: u64) -> u64 {
        if named > self.head { self.head } else { self.oldest.saturating_sub(1) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOPIC: &str = "/v2/me/interactions";

    fn place(book: &Arc<Book>, who: &str) -> Place {
        Place::new(Arc::clone(book), who.to_owned(), 0, &[TOPIC])
    }

    fn told(place: &mut Place, numbers: &[u64]) {
        for number in numbers {
            place.take(TOPIC, &json!({"sequence": number, "state": format!("state {number}")}));
        }
    }

    /// Tells one client these numbers and gives what is found, with a head of 4.
    fn found(numbers: &[u64]) -> Vec<&str> {
        let book = Arc::new(Book::default());
        let mut place = place(&book, "one");
        told(&mut place, numbers);
        place.miss(&BTreeMap::from([(TOPIC, 4)]));
        KINDS.into_iter().filter(|kind| book.count(kind) > 0).collect()
    }

    #[test]
    fn each_number_once_and_in_order_is_right() {
        assert_eq!(found(&[1, 2, 3, 4]), [""; 0]);
        assert_eq!(
            found(&[1, 2, 3, 4, 5]),
            [""; 0],
            "what comes after the head was read is no fault"
        );
    }

    #[test]
    fn gaps_repetitions_and_disorder_are_found() {
        assert_eq!(found(&[1, 2, 3]), [MISSING]);
        assert_eq!(found(&[1, 2, 4]), [DISORDER]);
        assert_eq!(found(&[1, 2, 2, 3, 4]), [DOUBLED]);
        assert_eq!(found(&[1, 3, 2, 3, 4]), [DISORDER, DOUBLED]);
    }

    #[test]
    fn a_number_has_one_content_for_all() {
        let book = Arc::new(Book::default());
        let (mut one, mut other) = (place(&book, "one"), place(&book, "other"));
        told(&mut one, &[1, 2]);
        told(&mut other, &[1]);
        assert_eq!((book.total(), book.told()), (0, (3, 2)));
        other.take(TOPIC, &json!({"sequence": 2, "state": "another"}));
        assert_eq!(book.count(CHANGED), 1);
    }

    #[test]
    fn a_resync_tells_of_a_loss_or_is_wrong() {
        let resync = |oldest: u64, head: u64| json!({"messageType": "Resync", "oldest": oldest, "head": head});
        let book = Arc::new(Book::default());
        let mut one = place(&book, "one");
        told(&mut one, &[1, 2, 3]);
        one.take(TOPIC, &resync(1, 2));
        assert_eq!((book.count(TAKEN_BACK), book.total()), (1, 1));
        told(&mut one, &[3]);
        one.take(TOPIC, &resync(8, 9));
        assert_eq!((book.count(RESYNC), book.total()), (1, 2));
        told(&mut one, &[8, 9]);
        assert_eq!(book.total(), 2);
    }

    #[test]
    fn a_difference_is_shown_with_what_is_around_it() {
        let same = "s".repeat(100);
        let (one, other) = (format!("{same}ä{same}"), format!("{same}ö{same}"));
        let (one, other) = difference(&one, &other);
        assert!(one.contains("sä") && other.contains("sö") && one.len() < 70, "{one} {other}");
    }

    #[test]
    fn strange_messages_are_found() {
        let book = Arc::new(Book::default());
        let mut one = place(&book, "one");
        one.take("/v2/me/chats", &json!({"sequence": 1}));
        one.take(TOPIC, &json!({"state": "without a number"}));
        assert_eq!(book.count(STRANGE), 2);
    }
}
