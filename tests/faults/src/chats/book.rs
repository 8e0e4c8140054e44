//! What everybody was told and what was acknowledged, chat by chat, and what of it is wrong.
//!
//! Each message names its chat, its speaker and its number among what that speaker says there, so
//! that one that is missing, doubled, out of order or in the wrong chat is known by its text alone,
//! whatever index it has.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::campaign::{DOUBLED, Findings, MISSING, lock};

use super::view::{Line, View};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// Who asked for it.
    Customer,
    /// The agent who accepted it.
    Owner,
    /// The agent whom the owner brought in.
    Helper,
}

impl Party {
    pub(super) const ALL: [Self; 3] = [Self::Customer, Self::Owner, Self::Helper];

    /// Returns the name in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Owner => "owner",
            Self::Helper => "helper",
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Customer => 0,
            Self::Owner => 1,
            Self::Helper => 2,
        }
    }

    /// Writes what the party says as its number `number`.
    pub(super) fn text(self, chat: &str, number: u64) -> String {
        format!("{chat} {} {number}", self.name())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Chat {
    views: [View; 3],
    /// How many messages of each party were acknowledged.
    said: [u64; 3],
    pub(super) key: String,
    /// The number of the agent who was offered it first.
    pub(super) owner: usize,
    pub(super) for_customer: View,
    /// What the program shows its owner at the end.
    pub(super) for_agents: View,
}

impl Chat {
    /// Returns what a party was told.
    pub(super) fn view(&mut self, party: Party) -> &mut View {
        &mut self.views[party.place()]
    }

    /// Returns how many entries there must be: the parties' coming in, and what they said.
    pub(super) fn expected(&self) -> u64 {
        Party::ALL.len() as u64 + self.said.iter().sum::<u64>()
    }

    /// Tells whether everybody was told all that is stored.
    fn is_told(&self) -> bool {
        let [customer, owner, helper] = &self.views;
        customer.len() >= self.for_customer.len()
            && owner.len() >= self.for_agents.len()
            && helper.len() >= self.for_agents.len()
    }
}

#[derive(Debug, Default)]
pub(super) struct Book {
    chats: Mutex<BTreeMap<String, Chat>>,
    faults: Mutex<Vec<String>>,
}

/// Not the one sequence, or not without holes.
const DISORDERED: &str = "out of the one sequence";
/// Refused, or told by other rules than those that clients are promised.
const OTHER: &str = "others";
const KINDS: [&str; 4] = [MISSING, DOUBLED, DISORDERED, OTHER];

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) said: u64,
    pub(super) entries: usize,
    /// Entries that were told to a party, each time counted.
    pub(super) told: usize,
    /// Entries that a party was told more than once.
    pub(super) again: u64,
}

impl Book {
    /// Opens the page of a chat, or what is there of it.
    pub(super) fn with<T>(&self, chat: &str, change: impl FnOnce(&mut Chat) -> T) -> T {
        let mut chats = lock(&self.chats);
        match chats.get_mut(chat) {
            Some(found) => change(found),
            None => change(chats.entry(chat.to_owned()).or_default()),
        }
    }

    /// Notes that a party's message of this number was acknowledged.
    pub(super) fn acknowledge(&self, chat: &str, party: Party, number: u64) {
        self.with(chat, |chat| chat.said[party.place()] = number);
    }

    /// Notes what may not be.
    pub(super) fn fault(&self, fault: String) {
        lock(&self.faults).push(fault);
    }

    pub(super) fn ids(&self) -> Vec<String> {
        lock(&self.chats).keys().cloned().collect()
    }

    /// Tells whether everybody was told all that is stored.
    pub(super) fn is_told(&self) -> bool {
        lock(&self.chats).values().all(Chat::is_told)
    }

    pub(super) fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        for chat in lock(&self.chats).values() {
            figures.said += chat.said.iter().sum::<u64>();
            figures.entries += chat.for_agents.len();
            figures.told += chat.views.iter().map(View::len).sum::<usize>();
            figures.again += chat.views.iter().map(|view| view.again).sum::<u64>();
        }
        figures
    }

    /// Compares what was acknowledged and told with what is stored.
    pub(super) fn compare(&self) -> Findings {
        let mut findings = Findings::of(&KINDS);
        lock(&self.faults).iter().for_each(|fault| findings.find(OTHER, fault.clone()));
        for (id, chat) in &*lock(&self.chats) {
            compare_one(id, chat, &mut findings);
        }
        findings
    }
}

fn compare_one(id: &str, chat: &Chat, findings: &mut Findings) {
    let stored: Vec<&Line> = chat.for_agents.lines().collect();
    let shown: Vec<&Line> = chat.for_customer.lines().collect();
    let public: Vec<&Line> = stored.iter().copied().filter(|line| line.is_for_customer).collect();
    if shown.iter().map(|line| &line.text).ne(public.iter().map(|line| &line.text)) {
        let what = format!("{id}: the customer's transcript is not what agents see of it");
        findings.find(DISORDERED, what);
    }
    let sequences = [&shown, &stored, &stored];
    let whole = [
        (&chat.for_customer, "its customer's transcript"),
        (&chat.for_agents, "its agents' transcript"),
    ];
    let views = Party::ALL.map(|party| (&chat.views[party.place()], party.name()));
    let compared = views.into_iter().zip(sequences).chain(whole.into_iter().zip([&shown, &stored]));
    for ((view, name), sequence) in compared {
        for fault in view.compare(sequence) {
            findings.find(DISORDERED, format!("{id}, {name}: {fault}"));
        }
    }
    for (party, sequence) in Party::ALL.into_iter().zip(sequences) {
        let told = chat.views[party.place()].len();
        if told < sequence.len() {
            let what = format!("{id}, {}: told {told} of {}", party.name(), sequence.len());
            findings.find(DISORDERED, what);
        }
        weigh(id, party, chat.said[party.place()], &stored, findings);
    }
    let is_foreign = |line: &&&Line| !line.said().is_empty() && !line.said().starts_with(id);
    for line in stored.iter().filter(is_foreign) {
        findings.find(DISORDERED, format!("{id}: {:?} belongs elsewhere", line.text));
    }
}

/// Everything was repeated until it was acknowledged, so exactly what was acknowledged is there, in
/// the order in which it was said.
fn weigh(id: &str, party: Party, said: u64, stored: &[&Line], findings: &mut Findings) {
    let start = party.text(id, 0);
    let start = start.trim_end_matches('0');
    let numbers: Vec<u64> =
        stored.iter().filter_map(|line| line.said().strip_prefix(start)?.parse().ok()).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    if sorted != numbers {
        let what = format!("{id}: what the {} said is out of order", party.name());
        findings.find(DISORDERED, what);
    }
    for pair in sorted.windows(2).filter(|pair| pair[0] == pair[1]) {
        findings.find(DOUBLED, format!("{:?}", party.text(id, pair[0])));
    }
    sorted.dedup();
    for number in (1..=said).filter(|number| sorted.binary_search(number).is_err()) {
        findings.find(MISSING, format!("{:?}", party.text(id, number)));
    }
    for number in sorted.iter().filter(|number| **number > said) {
        let text = party.text(id, *number);
        findings.find(OTHER, format!("{text:?} is stored and was not acknowledged"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "chat1";

    fn line(party: Party, number: u64, is_for_customer: bool) -> Line {
        Line { text: format!("Text|x|{}", party.text(ID, number)), is_for_customer }
    }

    /// A chat in which each party said one thing, the helper for agents alone, and everybody was
    /// told.
    fn book() -> Book {
        let book = Book::default();
        let lines = [
            line(Party::Customer, 1, true),
            line(Party::Helper, 1, false),
            line(Party::Owner, 1, true),
        ];
        book.with(ID, |chat| {
            for (index, line) in (1..).zip(&lines) {
                chat.for_agents.take(index, line.clone());
                chat.view(Party::Owner).take(index, line.clone());
                chat.view(Party::Helper).take(index, line.clone());
            }
            for (index, line) in (1..).zip(lines.iter().filter(|line| line.is_for_customer)) {
                chat.for_customer.take(index, line.clone());
                chat.view(Party::Customer).take(index, line.clone());
            }
        });
        Party::ALL.into_iter().for_each(|party| book.acknowledge(ID, party, 1));
        book
    }

    fn counts(book: &Book) -> [usize; 4] {
        let findings = book.compare();
        KINDS.map(|kind| findings.count(kind))
    }

    #[test]
    fn a_chat_that_all_saw_alike_has_no_findings() {
        let book = book();
        assert_eq!(counts(&book), [0; 4]);
        assert!(book.is_told());
        let figures = book.figures();
        assert_eq!((figures.said, figures.entries, figures.told), (3, 3, 8));
    }

    #[test]
    fn what_is_acknowledged_must_be_stored() {
        let book = book();
        book.acknowledge(ID, Party::Owner, 2);
        assert_eq!(counts(&book), [1, 0, 0, 0]);
    }

    #[test]
    fn what_is_stored_twice_is_found() {
        let book = book();
        book.with(ID, |chat| {
            let twice = line(Party::Helper, 1, false);
            chat.for_agents.take(4, twice.clone());
            chat.view(Party::Owner).take(4, twice.clone());
            chat.view(Party::Helper).take(4, twice);
        });
        assert_eq!(counts(&book), [0, 1, 0, 0]);
    }

    #[test]
    fn what_the_customer_must_not_see_is_found() {
        let book = book();
        book.with(ID, |chat| {
            let secret = line(Party::Helper, 1, false);
            chat.for_customer.take(3, secret.clone());
            chat.view(Party::Customer).take(3, secret);
        });
        assert_eq!(counts(&book), [0, 0, 1, 0]);
    }

    #[test]
    fn a_view_that_stays_behind_or_is_another_is_found() {
        let behind = book();
        behind.with(ID, |chat| chat.for_agents.take(4, line(Party::Owner, 2, false)));
        behind.acknowledge(ID, Party::Owner, 2);
        assert!(!behind.is_told());
        assert_eq!(counts(&behind), [0, 0, 2, 0], "both agents");
        let other = book();
        other.with(ID, |chat| chat.view(Party::Helper).take(4, line(Party::Owner, 2, true)));
        assert_eq!(counts(&other), [0, 0, 1, 0]);
    }
}
