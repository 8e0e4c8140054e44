//! The lists that an interaction or a contact is found in. A list is a text, and a row of
//! `interaction_lists` is the place of one of them in it.

use handoff_domain::{
    CenterId, Interaction, InteractionId, Media, QueueId, State, UserId, WorkbinId,
};

use crate::contact_words::{FoundWord, WordQuery, words_of};
use crate::query::{InteractionQuery, InteractionScope, contact_spellings};
use crate::record::Contact;

/// Everything that waits in any queue.
const WAITING: &str = "w";

/// Everything that is on its way out.
const SENDING: &str = "s";

fn of_contact(center: CenterId, contact: &str) -> String {
    let mut list = format!("c{center}:");
    for one in contact.chars() {
        // Whatever a submitter calls a contact, a list's name has no space in it.
        if one == '%' || one.is_whitespace() {
            list.push_str(&format!("%{:x};", u32::from(one)));
        } else {
            list.push(one);
        }
    }
    list
}

fn thread(root: InteractionId) -> String {
    format!("t{root}")
}

fn active(center: CenterId) -> String {
    format!("a{center}")
}

fn queue_list(queue: QueueId) -> String {
    format!("q{queue}")
}

fn held(user: UserId) -> String {
    format!("h{}", user.stored())
}

fn submitted(user: UserId) -> String {
    format!("u{}", user.stored())
}

fn parked(workbin: WorkbinId) -> String {
    format!("b{workbin}")
}

/// Room for the names of the lists that most interactions are in, in bytes.
const LISTS_LEN: usize = 192;

/// Names of lists, separated by spaces.
struct Lists(String);

impl Lists {
    fn push(&mut self, list: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(list);
    }
}

/// Returns the lists that an interaction is in, separated by spaces. What is over is found by its
/// contact and its thread alone.
pub(crate) fn lists_of(interaction: &Interaction) -> String {
    let mut lists = Lists(String::with_capacity(LISTS_LEN));
    if let Some(contact) = &interaction.contact {
        lists.push(&of_contact(interaction.center, contact));
    }
    if interaction.media() == Media::Email {
        lists.push(&thread(interaction.thread_root()));
    }
    if !interaction.is_ended() {
        lists_of_active(interaction, &mut lists);
    }
    lists.0
}

fn lists_of_active(interaction: &Interaction, lists: &mut Lists) {
    lists.push(&active(interaction.center));
    if matches!(interaction.state, State::Sending { .. }) {
        lists.push(SENDING);
    }
    if let State::Parked { workbin, .. } = interaction.state {
        lists.push(&parked(workbin));
    }
    for user in interaction.people() {
        lists.push(&held(user));
    }
    if let Some(user) = interaction.submitter {
        lists.push(&submitted(user));
    }
    if let Some(queue) = interaction.queue {
        lists.push(&queue_list(queue));
    }
    if interaction.wait().is_some() {
        lists.push(WAITING);
    }
}

/// What comes before a word by which contacts of a contact center are found.
fn before_word(center: CenterId) -> String {
    format!("n{center}:")
}

/// Returns the lists that a contact is in, separated by spaces: one for each of its words.
pub(crate) fn lists_of_contact(contact: &Contact) -> String {
    let (mut lists, before) = (Lists(String::new()), before_word(contact.center));
    for word in words_of(contact) {
        lists.push(&format!("{before}{word}"));
    }
    lists.0
}

/// Where the lists of words are that a query reads.
pub(crate) struct WordsRead {
    before: String,
    /// Only lists and ids behind these.
    pub(crate) after: (String, String),
    /// Only lists before this one.
    pub(crate) end: String,
}

impl WordsRead {
    pub(crate) fn of(query: &WordQuery) -> Self {
        let before = before_word(query.center);
        let first = format!("{before}{}", query.beginning);
        // No text begins with it and has something higher behind.
        let end = format!("{first}{}", char::MAX);
        let after = match &query.after {
            Some(found) => (format!("{before}{}", found.word), found.contact.stored()),
            None => (first, String::new()),
        };
        Self { before, after, end }
    }

    /// Reads a list and an id; `None` when they are none of these.
    pub(crate) fn found(&self, list: &str, id: &str) -> Option<FoundWord> {
        let word = list.strip_prefix(&self.before)?.to_owned();
        Some(FoundWord { word, contact: id.parse().ok()? })
    }
}

/// Returns the lists that are in `these` and not in `those`.
pub(crate) fn only_in<'a>(these: &'a str, those: &'a str) -> impl Iterator<Item = &'a str> {
    these
        .split_ascii_whitespace()
        .filter(move |list| !those.split_ascii_whitespace().any(|other| other == *list))
}

/// Returns the lists whose union a query reads, each once.
pub(crate) fn lists_read(query: &InteractionQuery) -> Vec<String> {
    match &query.scope {
        // A queue's list is far shorter than its center's; the center is filtered on anyway.
        InteractionScope::Active(center) => {
            vec![query.queue.map_or_else(|| active(*center), queue_list)]
        }
        InteractionScope::Waiting => vec![WAITING.to_owned()],
        InteractionScope::HeldBy(user) => vec![held(*user)],
        InteractionScope::InWorkbin(workbin) => vec![parked(*workbin)],
        InteractionScope::OfContact { center, contact } => {
            let spellings = contact_spellings(contact);
            spellings.iter().map(|contact| of_contact(*center, contact)).collect()
        }
        InteractionScope::InThread { center: _, root } => vec![thread(*root)],
        InteractionScope::Sending => vec![SENDING.to_owned()],
        InteractionScope::VisibleTo { user, center: _, queues, workbins } => {
            let mut lists = vec![held(*user), submitted(*user)];
            lists.extend(queues.iter().copied().map(queue_list));
            lists.extend(workbins.iter().copied().map(parked));
            lists.sort_unstable();
            lists.dedup();
            lists
        }
    }
}

/// Returns the contact center that a query is confined to.
pub(crate) const fn center_of(scope: &InteractionScope) -> Option<CenterId> {
    match scope {
        InteractionScope::Active(center)
        | InteractionScope::VisibleTo { center, .. }
        | InteractionScope::OfContact { center, .. }
        | InteractionScope::InThread { center, .. } => Some(*center),
        InteractionScope::Waiting
        | InteractionScope::HeldBy(_)
        | InteractionScope::InWorkbin(_)
        | InteractionScope::Sending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_contact_breaks_a_list_name_or_takes_anothers() {
        let names =
            ["a b", "a%b", "a%20;b", "a\u{a0}b", "ab"].map(|name| of_contact(CenterId(1), name));
        assert!(names.iter().all(|name| !name.contains(char::is_whitespace)));
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn a_users_list_is_named_as_ever() {
        // By this name a database of every version finds what a user holds.
        assert_eq!(held(UserId(0xa1)), "h000000000000000000000000000000a1");
    }

    #[test]
    fn only_what_differs_is_written() {
        let differing: Vec<_> = only_in("a1 h2 q3", "a1 h5").collect();
        assert_eq!(differing, ["h2", "q3"]);
        assert_eq!(only_in("", "a1").count(), 0);
    }
}
