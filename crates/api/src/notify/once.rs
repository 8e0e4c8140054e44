//! Messages that all readers of an event are shown alike: rendered for the first, and for each
//! other with their own number in its place.
//!
//! Most messages show what their reader may do, and are theirs alone. Those that do not are the
//! ones that many get: what came into a workbin that they watch, or was said in a chat.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use handoff_domain::event::Subject;
use handoff_domain::{NotificationType, Topic, View};
use handoff_engine::Directory;
use handoff_store::StreamRow;

/// Messages kept: as many events as are given to their readers at the same time.
const MESSAGES_MAX: usize = 8;
/// Bytes of each at most; larger ones are rendered for every reader.
const BYTES_MAX: usize = 128 << 10;
/// What stands before a message's number. No text can contain it, because a quotation mark in a
/// text has a backslash before it; and no key that comes earlier ends like this.
const SEQUENCE: &[u8] = b"\"sequence\":";

/// What was rendered last.
#[derive(Debug, Default)]
pub struct Once(Mutex<VecDeque<Rendered>>);

#[derive(Debug)]
struct Rendered {
    told: Told,
    /// Whose names are in it.
    directory: Arc<Directory>,
    data: Bytes,
    /// Where its number stands.
    number: Range<usize>,
}

/// All that such a message follows from but its number and the names of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// The event's, which stands for all of it.
    position: u64,
    topic: Topic,
    view: View,
    kind: NotificationType,
}

impl Told {
    /// Returns what a message follows from; `None` when its reader counts as well.
    fn of(row: &StreamRow, topic: Topic) -> Option<Self> {
        let notice = &row.notice;
        let is_alike = match (&row.event.subject, &notice.view) {
            // A desk's owner alone is told of it.
            (Subject::Desk(_) | Subject::Center(_), _) | (_, View::Concerned(_)) => false,
            (Subject::Interaction(_), View::Workbin { .. } | View::Gone(_)) => true,
            (Subject::Interaction(_) | Subject::Transcript { .. }, View::Messages { .. }) => {
                topic != Topic::Interactions
            }
            // Nobody is told of these so.
            (_, View::Channels)
            | (Subject::Transcript { .. }, View::Workbin { .. } | View::Gone(_)) => false,
        };
        let is_for_all = is_alike && notice.reference.is_none() && notice.error.is_none();
        is_for_all.then(|| Self {
            position: row.position,
            topic,
            view: notice.view.clone(),
            kind: notice.kind,
        })
    }
}

impl Once {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Rendered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the message that tells `row` on a topic, where it has this number, and which
    /// `render` renders with the names of a directory.
    #[must_use]
    pub fn message(
        &self,
        row: &StreamRow,
        (topic, number): (Topic, u64),
        directory: &Arc<Directory>,
        render: impl FnOnce() -> Bytes,
    ) -> Bytes {
        let Some(told) = Told::of(row, topic) else { return render() };
        if let Some(message) = self.again(&told, number, directory) {
            return message;
        }
        let data = render();
        self.keep(told, directory, &data);
        data
    }

    fn keep(&self, told: Told, directory: &Arc<Directory>, data: &Bytes) {
        let place = place_of_number(data).filter(|_| data.len() <= BYTES_MAX);
        let Some(number) = place else { return };
        let (directory, data) = (Arc::clone(directory), data.clone());
        let mut all = self.lock();
        all.truncate(MESSAGES_MAX - 1);
        all.push_front(Rendered { told, directory, data, number });
    }

    /// Returns a message that was rendered before, with another number.
    fn again(&self, told: &Told, number: u64, directory: &Arc<Directory>) -> Option<Bytes> {
        let (data, place) = {
            let all = self.lock();
            let is_it = |it: &&Rendered| it.told == *told && Arc::ptr_eq(&it.directory, directory);
            let Rendered { data, number, .. } = all.iter().find(is_it)?;
            (data.clone(), number.clone())
        };
        let (before, after) = (&data[..place.start], &data[place.end..]);
        Some([before, number.to_string().as_bytes(), after].concat().into())
    }
}

fn place_of_number(data: &[u8]) -> Option<Range<usize>> {
    let before = data.windows(SEQUENCE.len()).position(|window| window == SEQUENCE)?;
    let start = before + SEQUENCE.len();
    let digits = data[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some(start..start + digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(position: u64) -> Told {
        let kind = NotificationType::StatusChange;
        Told { position, topic: Topic::Workbins, view: View::Channels, kind }
    }

    fn message(bytes: usize) -> Bytes {
        format!(r#"{{"sequence":5,"text":"{}"}}"#, "x".repeat(bytes)).into()
    }

    #[test]
    fn few_messages_are_kept_and_none_that_is_large() {
        let (once, directory) = (Once::default(), Arc::default());
        for position in 0..3 * MESSAGES_MAX as u64 {
            let bytes = if position == 2 { BYTES_MAX } else { 5 };
            once.keep(told(position), &directory, &message(bytes));
            assert!(once.lock().len() <= MESSAGES_MAX);
            let is_kept = once.again(&told(position), 17, &directory).is_some();
            assert_eq!(is_kept, position != 2);
        }
        assert!(once.again(&told(0), 17, &directory).is_none(), "the oldest has gone");
    }

    #[test]
    fn a_text_that_looks_like_a_number_is_none() {
        let data = br#"{"id":"\"sequence\":1","sequence":12,"text":"\"sequence\":3"}"#;
        let place = place_of_number(data).unwrap();
        assert_eq!(&data[place], b"12");
        assert_eq!(place_of_number(br#"{"id":"\"sequence\":1"}"#), None);
    }
}
