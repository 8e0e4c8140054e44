//! How hints and notes are written down for other nodes.
//!
//! A message is a byte for the version of its form, the 16 bytes of its speaker's name, and items:
//! a byte for the kind, four for the length of what follows, and that. Numbers have their least
//! byte first. Nodes of two versions of the program hear each other: kinds that this one does not
//! know are passed over, and a message of another version or of no form at all is as good as lost,
//! which is what a hint may always be.

use std::sync::Arc;

use crate::{Hint, Note};

/// The version of the form. Another one is needed when an item cannot be passed over.
const VERSION: u8 = 1;
/// Bytes of a number that names a node, a user or a chat.
pub(crate) const NAME_BYTES: usize = 16;
/// Bytes of a message without items.
pub(crate) const HEAD_BYTES: usize = 1 + NAME_BYTES;
/// Bytes of an item without what is in it.
pub(crate) const ITEM_BYTES: usize = 1 + 4;

/// Kinds of items. A number that was used once is never used again for something else.
mod kind {
    pub(super) const ROUTING: u8 = 1;
    pub(super) const TIMERS: u8 = 2;
    pub(super) const DIRECTORY: u8 = 3;
    pub(super) const LOGINS: u8 = 4;
    pub(super) const STREAMS: u8 = 5;
    pub(super) const PROMISED: u8 = 6;
    pub(super) const CHATS: u8 = 7;
    pub(super) const EVERYTHING: u8 = 8;
    pub(super) const NOTE: u8 = 9;
    pub(super) const NODES: u8 = 10;
}

/// One thing that a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Hint(Hint),
    /// More was changed than is named.
    Everything,
    Note(Note),
}

/// A message that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) speaker: u128,
    pub(crate) items: Vec<Item>,
}

/// Begins a message.
pub(crate) fn begin(speaker: u128) -> Vec<u8> {
    let mut message = vec![VERSION];
    message.extend_from_slice(&speaker.to_le_bytes());
    message
}

/// Adds a hint to a message.
pub(crate) fn add_hint(message: &mut Vec<u8>, hint: &Hint) {
    match hint {
        Hint::Routing => add(message, kind::ROUTING, &[]),
        Hint::Timers => add(message, kind::TIMERS, &[]),
        Hint::Directory => add(message, kind::DIRECTORY, &[]),
        Hint::Logins => add(message, kind::LOGINS, &[]),
        Hint::Nodes => add(message, kind::NODES, &[]),
        Hint::Streams { from, users } => {
            add(message, kind::STREAMS, &[&from.to_le_bytes(), &bytes_of(users)]);
        }
        Hint::Promised(users) => add(message, kind::PROMISED, &[&bytes_of(users)]),
        Hint::Chats(chats) => add(message, kind::CHATS, &[&bytes_of(chats)]),
    }
}

/// Adds that more was changed than is named.
pub(crate) fn add_everything(message: &mut Vec<u8>) {
    add(message, kind::EVERYTHING, &[]);
}

/// Adds a note to a message.
pub(crate) fn add_note(message: &mut Vec<u8>, note: &Note) {
    add(message, kind::NOTE, &[&note.from.to_le_bytes(), &note.content]);
}

/// Returns the bytes that a note takes.
pub(crate) fn note_bytes(note: &Note) -> usize {
    ITEM_BYTES + NAME_BYTES + note.content.len()
}

fn add(message: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let length = u32::try_from(length).expect("messages are bounded far below 4 GiB");
    message.push(kind);
    message.extend_from_slice(&length.to_le_bytes());
    parts.iter().for_each(|part| message.extend_from_slice(part));
}

fn bytes_of(names: &[u128]) -> Vec<u8> {
    names.iter().flat_map(|name| name.to_le_bytes()).collect()
}

/// Reads a message; `None` when it has another form.
pub(crate) fn read(message: &[u8]) -> Option<Message> {
    let (&version, rest) = message.split_first()?;
    let (speaker, mut rest) = number(rest)?;
    if version != VERSION {
        return None;
    }
    let mut items = Vec::new();
    while let Some((&kind, after)) = rest.split_first() {
        let (length, after) = after.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (content, after) = after.split_at_checked(length)?;
        items.extend(item(kind, content)?);
        rest = after;
    }
    Some(Message { speaker, items })
}

/// Reads an item: `Some(None)` for one of a kind that is not known, `None` when it has no form.
fn item(kind: u8, content: &[u8]) -> Option<Option<Item>> {
    let hint = match kind {
        // A later version may say more of them.
        kind::ROUTING => Hint::Routing,
        kind::TIMERS => Hint::Timers,
        kind::DIRECTORY => Hint::Directory,
        kind::LOGINS => Hint::Logins,
        kind::NODES => Hint::Nodes,
        kind::STREAMS => {
            let (from, users) = number(content)?;
            Hint::Streams { from, users: numbers(users)? }
        }
        kind::PROMISED => Hint::Promised(numbers(content)?),
        kind::CHATS => Hint::Chats(numbers(content)?),
        kind::EVERYTHING => return Some(Some(Item::Everything)),
        kind::NOTE => {
            let (from, content) = number(content)?;
            return Some(Some(Item::Note(Note { from, content: content.into() })));
        }
        _ => return Some(None),
    };
    Some(Some(Item::Hint(hint)))
}

fn number(bytes: &[u8]) -> Option<(u128, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u128::from_le_bytes(*number), rest))
}

fn numbers(bytes: &[u8]) -> Option<Arc<[u128]>> {
    let (numbers, rest) = bytes.as_chunks::<NAME_BYTES>();
    rest.is_empty().then(|| numbers.iter().map(|it| u128::from_le_bytes(*it)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(speaker: u128, items: &[Item]) -> Vec<u8> {
        let mut message = begin(speaker);
        for item in items {
            match item {
                Item::Hint(hint) => add_hint(&mut message, hint),
                Item::Everything => add_everything(&mut message),
                Item::Note(note) => add_note(&mut message, note),
            }
        }
        message
    }

    fn any_item() -> impl Strategy<Value = Item> {
        let names = || prop::collection::vec(any::<u128>(), 0..40).prop_map(Arc::<[u128]>::from);
        let content = prop::collection::vec(any::<u8>(), 0..300).prop_map(Arc::<[u8]>::from);
        let hint = prop_oneof![
            Just(Hint::Routing),
            Just(Hint::Timers),
            Just(Hint::Directory),
            Just(Hint::Logins),
            Just(Hint::Nodes),
            (any::<u128>(), names()).prop_map(|(from, users)| Hint::Streams { from, users }),
            names().prop_map(Hint::Promised),
            names().prop_map(Hint::Chats),
        ];
        prop_oneof![
            hint.prop_map(Item::Hint),
            Just(Item::Everything),
            (any::<u128>(), content).prop_map(|(from, content)| Item::Note(Note { from, content })),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            speaker: u128,
            items in prop::collection::vec(any_item(), 0..8),
        ) {
            let message = written(speaker, &items);
            prop_assert_eq!(read(&message), Some(Message { speaker, items }));
        }

        #[test]
        fn whatever_comes_is_read_or_passed_over(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            version in any::<bool>(),
        ) {
            // Most noise has another version; half of it shall look like ours.
            let head = if version { vec![VERSION] } else { Vec::new() };
            let _read_or_not = read(&[head, bytes].concat());
        }

        #[test]
        fn what_was_cut_off_is_never_taken_for_something_else(
            items in prop::collection::vec(any_item(), 1..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let message = written(7, &items);
            let cut = &message[..cut.index(message.len())];
            if let Some(read) = read(cut) {
                prop_assert!(items.starts_with(&read.items));
                prop_assert!(read.items.len() < items.len());
            }
        }
    }

    #[test]
    fn a_later_version_of_the_program_costs_what_it_says_anew_and_no_more() {
        let mut message = written(7, &[Item::Hint(Hint::Routing)]);
        add(&mut message, 200, &[b"something that is not known yet"]);
        add(&mut message, kind::TIMERS, &[b"with more than today"]);
        let items = vec![Item::Hint(Hint::Routing), Item::Hint(Hint::Timers)];
        assert_eq!(read(&message), Some(Message { speaker: 7, items }));
        message[0] = VERSION + 1;
        assert_eq!(read(&message), None);
    }

    #[test]
    fn sizes_are_as_they_are_counted() {
        assert_eq!(begin(7).len(), HEAD_BYTES);
        let note = Note { from: 1, content: vec![0; 50].into() };
        let mut message = Vec::new();
        add_note(&mut message, &note);
        assert_eq!(message.len(), note_bytes(&note));
        message.clear();
        add_everything(&mut message);
        assert_eq!(message.len(), ITEM_BYTES);
    }
}
