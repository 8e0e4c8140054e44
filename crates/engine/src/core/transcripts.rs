//! Transcripts in memory: copies of what the histories say, for chats that somebody reads.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::{Entry, InteractionId, Visibility};

/// What all that is kept may take, in bytes; beyond it the transcript that was taken up first goes,
/// and is read again when somebody asks for it. One chat takes at most
/// [`handoff_domain::Chat::BYTES_MAX`].
const BYTES_MAX: usize = 16 << 20;
/// What an entry takes beside its text, in bytes.
const ENTRY_BYTES: usize = 256;
/// What a transcript takes without entries, in bytes: those of chats that somebody asks for and
/// nobody speaks in count as well.
const SHEET_BYTES: usize = 256;

/// One transcript.
#[derive(Debug, Default)]
struct Sheet {
    /// The entries from the first on, without a gap.
    entries: Vec<Entry>,
    /// Entries that came before one that goes before them: commits that lie close together may be
    /// entered in any order.
    ahead: BTreeMap<u64, Entry>,
    /// Whether everything that was durable before the sheet was taken up is on it.
    is_complete: bool,
    /// What its entries take.
    bytes: usize,
}

fn bytes_of(entry: &Entry) -> usize {
    ENTRY_BYTES + entry.content.text_bytes()
}

impl Sheet {
    fn take(&mut self, entry: Entry) {
        let next = self.entries.len() as u64 + 1;
        if entry.number > next {
            self.bytes += bytes_of(&entry);
            let twice = self.ahead.insert(entry.number, entry);
            self.bytes -= twice.as_ref().map_or(0, bytes_of);
        } else if entry.number == next {
            self.bytes += bytes_of(&entry);
            self.entries.push(entry);
            while let Some(follower) = self.ahead.remove(&(self.entries.len() as u64 + 1)) {
                self.entries.push(follower);
            }
        }
    }
}

/// How much of a transcript is wanted at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    pub entries: usize,
    /// Bytes of what was said; one entry may exceed them, so that there is always one.
    pub bytes: usize,
}

impl Most {
    pub(crate) fn of<'a>(self, entries: impl Iterator<Item = &'a Entry>) -> Vec<Entry> {
        let mut bytes = 0_usize;
        let fits = |entry: &&Entry| {
            let is_first = bytes == 0;
            bytes = bytes.saturating_add(bytes_of(entry));
            is_first || bytes <= self.bytes
        };
        entries.take(self.entries).take_while(fits).cloned().collect()
    }
}

#[derive(Default)]
struct Inner {
    sheets: HashMap<InteractionId, Sheet>,
    order: VecDeque<InteractionId>,
    bytes: usize,
}

impl Inner {
    fn change<T>(
        &mut self,
        chat: InteractionId,
        change: impl FnOnce(&mut Sheet) -> T,
    ) -> Option<T> {
        let sheet = self.sheets.get_mut(&chat)?;
        let before = sheet.bytes;
        let result = change(sheet);
        self.bytes = self.bytes + sheet.bytes - before;
        Some(result)
    }

    fn take_up(&mut self, chat: InteractionId) {
        self.sheets.entry(chat).or_insert_with(|| {
            self.order.push_back(chat);
            self.bytes += SHEET_BYTES;
            Sheet::default()
        });
    }

    fn make_room(&mut self, keep: InteractionId) {
        while self.bytes > BYTES_MAX && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { return };
            if oldest == keep {
                self.order.push_back(oldest);
            } else if let Some(sheet) = self.sheets.remove(&oldest) {
                self.bytes -= SHEET_BYTES + sheet.bytes;
            }
        }
    }
}

/// The transcripts of one node.
#[derive(Default)]
pub(crate) struct Transcripts {
    inner: Mutex<Inner>,
}

impl Transcripts {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters what a commit said. Of a chat that nobody has read yet only the beginning is taken
    /// up.
    pub(crate) fn enter(&self, chat: InteractionId, entries: Vec<Entry>) {
        let mut inner = self.lock();
        if entries.first().is_some_and(|first| first.number == 1) {
            inner.take_up(chat);
            inner.change(chat, |sheet| sheet.is_complete = true);
        }
        inner.change(chat, |sheet| entries.into_iter().for_each(|entry| sheet.take(entry)));
        inner.make_room(chat);
    }

    /// Returns what a reader sees after a number of their own, of a chat that has `total` entries
    /// at least; `None` when the transcript must be read from the store first.
    pub(crate) fn read(
        &self,
        chat: InteractionId,
        (after, total): (u64, u64),
        sees: Visibility,
        most: Most,
    ) -> Option<Vec<Entry>> {
        let inner = self.lock();
        let has_all = |sheet: &&Sheet| sheet.is_complete && sheet.entries.len() as u64 >= total;
        let sheet = inner.sheets.get(&chat).filter(has_all)?;
        // A number in any audience is at most the number among all, so nothing before that place
        // can be meant.
        let from = usize::try_from(after).unwrap_or(usize::MAX).min(sheet.entries.len());
        let wanted = |entry: &&Entry| entry.index_for(sees).is_some_and(|index| index > after);
        Some(most.of(sheet.entries[from..].iter().filter(wanted)))
    }

    /// Begins to read a transcript from the store: what is committed from now on is kept beside it.
    pub(crate) fn begin(&self, chat: InteractionId) {
        let mut inner = self.lock();
        inner.take_up(chat);
        inner.make_room(chat);
    }

    /// Forgets a chat's transcript, because something may have been said in it that this node did
    /// not hear of.
    pub(crate) fn forget(&self, chat: InteractionId) {
        let mut inner = self.lock();
        if let Some(sheet) = inner.sheets.remove(&chat) {
            inner.bytes -= SHEET_BYTES + sheet.bytes;
            inner.order.retain(|other| *other != chat);
        }
    }

    pub(crate) fn finish(&self, chat: InteractionId, entries: Vec<Entry>) {
        let mut inner = self.lock();
        inner.take_up(chat);
        inner.change(chat, |sheet| {
            entries.into_iter().for_each(|entry| sheet.take(entry));
            sheet.is_complete = true;
        });
        inner.make_room(chat);
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::{Content, Speaker, Time};

    use super::*;

    fn entry(number: u64) -> Entry {
        // Every third entry is for agents alone.
        let hidden = number / 3;
        let is_hidden = number.is_multiple_of(3);
        Entry {
            number,
            agents: Some(number),
            customer: (!is_hidden).then_some(number - hidden),
            at: Time(0),
            from: Speaker::system(),
            visibility: if is_hidden { Visibility::Agents } else { Visibility::All },
            content: Content::IdleAlert,
            message_id: None,
        }
    }

    fn numbers(entries: &[Entry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.number).collect()
    }

    const CHAT: InteractionId = InteractionId(7);
    const ALL: Most = Most { entries: 100, bytes: usize::MAX };

    #[test]
    fn a_reader_gets_his_own_numbers_after_the_one_he_names() {
        let transcripts = Transcripts::default();
        transcripts.enter(CHAT, (1..=7).map(entry).collect());
        let read = |after, sees| numbers(&transcripts.read(CHAT, (after, 0), sees, ALL).unwrap());
        assert_eq!(read(0, Visibility::All), [1, 2, 4, 5, 7]);
        assert_eq!(read(2, Visibility::All), [4, 5, 7]);
        assert_eq!(read(4, Visibility::All), [7]);
        assert_eq!(read(5, Visibility::All), [0_u64; 0]);
        assert_eq!(read(u64::MAX, Visibility::All), [0_u64; 0]);
        assert_eq!(read(2, Visibility::Agents), [3, 4, 5, 6, 7]);
        assert_eq!(
            numbers(
                &transcripts
                    .read(CHAT, (0, 0), Visibility::All, Most { entries: 2, ..ALL })
                    .unwrap()
            ),
            [1, 2]
        );
    }

    #[test]
    fn commits_entered_out_of_order_show_no_gap() {
        let transcripts = Transcripts::default();
        transcripts.enter(CHAT, vec![entry(1)]);
        transcripts.enter(CHAT, vec![entry(3)]);
        assert_eq!(numbers(&transcripts.read(CHAT, (0, 0), Visibility::Agents, ALL).unwrap()), [1]);
        transcripts.enter(CHAT, vec![entry(2)]);
        transcripts.enter(CHAT, vec![entry(2)]);
        assert_eq!(
            numbers(&transcripts.read(CHAT, (0, 0), Visibility::Agents, ALL).unwrap()),
            [1, 2, 3]
        );
    }

    #[test]
    fn what_is_said_while_a_transcript_is_read_is_on_it() {
        let transcripts = Transcripts::default();
        transcripts.enter(CHAT, vec![entry(3)]);
        assert!(
            transcripts.read(CHAT, (0, 0), Visibility::Agents, ALL).is_none(),
            "nobody has read it yet"
        );
        transcripts.begin(CHAT);
        transcripts.enter(CHAT, vec![entry(5)]);
        assert!(
            transcripts.read(CHAT, (0, 0), Visibility::Agents, ALL).is_none(),
            "it is being read"
        );
        transcripts.finish(CHAT, (1..=4).map(entry).collect());
        assert_eq!(
            numbers(&transcripts.read(CHAT, (0, 0), Visibility::Agents, ALL).unwrap()),
            [1, 2, 3, 4, 5]
        );
    }

    fn long(number: u64) -> Entry {
        let text = "x".repeat(16 << 10);
        let content =
            Content::Text { text, message_type: None, treat_as: handoff_domain::TreatAs::Normal };
        Entry { content, ..entry(number) }
    }

    #[test]
    fn the_first_transcript_goes_when_they_take_too_much() {
        let transcripts = Transcripts::default();
        for chat in 0..1_000 {
            transcripts.enter(InteractionId(chat), (1..=20).map(long).collect());
            assert!(transcripts.lock().bytes <= BYTES_MAX);
        }
        assert!(transcripts.read(InteractionId(0), (0, 0), Visibility::All, ALL).is_none());
        assert!(transcripts.read(InteractionId(999), (0, 0), Visibility::All, ALL).is_some());
    }

    #[test]
    fn empty_transcripts_and_entries_that_came_too_early_count_as_well() {
        let transcripts = Transcripts::default();
        for chat in 0..200_000 {
            transcripts.begin(InteractionId(chat));
        }
        assert!(transcripts.lock().sheets.len() <= BYTES_MAX / SHEET_BYTES);
        let inner = transcripts.lock();
        assert_eq!(inner.order.len(), inner.sheets.len());
        drop(inner);
        for chat in 0..100 {
            transcripts.begin(InteractionId(chat));
            transcripts.enter(InteractionId(chat), (2..=30).map(long).collect());
            assert!(transcripts.lock().bytes <= BYTES_MAX);
        }
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_has_one_entry_at_least() {
        let transcripts = Transcripts::default();
        transcripts.enter(CHAT, (1..=20).map(long).collect());
        let count = |bytes| {
            let most = Most { entries: 100, bytes };
            transcripts.read(CHAT, (0, 0), Visibility::Agents, most).unwrap().len()
        };
        assert_eq!((count(1), count(50 << 10), count(usize::MAX)), (1, 3, 20));
    }
}
