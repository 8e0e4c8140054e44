//! Transcripts in memory: copies of what the histories say, for chats that somebody reads.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::{Entry, InteractionId, Visibility};
use handoff_store::StoreError;

use crate::engine::Engine;

/// Entries kept altogether. At about 300 bytes each this is some 60 MiB; beyond it the transcript that was taken up first goes, and is read
/// again when somebody asks for it.
const ENTRIES_MAX: usize = 200_000;
/// Entries read from the store in one page.
const PAGE: usize = 1_000;

/// One transcript.
#[derive(Debug, Default)]
struct Sheet {
    /// The entries from the first on, without a gap.
    entries: Vec<Entry>,
    /// Entries that came before one that goes before them: commits that lie close together may be entered in any order.
    ahead: BTreeMap<u64, Entry>,
    /// Whether everything that was durable before the sheet was taken up is on it.
    is_complete: bool,
}

impl Sheet {
    fn take(&mut self, entry: Entry) {
        let next = self.entries.len() as u64 + 1;
        if entry.number > next {
            self.ahead.insert(entry.number, entry);
        } else if entry.number == next {
            self.entries.push(entry);
            while let Some(follower) = self.ahead.remove(&(self.entries.len() as u64 + 1)) {
                self.entries.push(follower);
            }
        }
    }
}

#[derive(Default)]
struct Inner {
    sheets: HashMap<InteractionId, Sheet>,
    order: VecDeque<InteractionId>,
    entries: usize,
}

impl Inner {
    fn change<T>(&mut self, chat: InteractionId, change: impl FnOnce(&mut Sheet) -> T) -> Option<T> {
        let sheet = self.sheets.get_mut(&chat)?;
        let before = sheet.entries.len();
        let result = change(sheet);
        self.entries += sheet.entries.len() - before;
        Some(result)
    }

    fn take_up(&mut self, chat: InteractionId) {
        self.sheets.entry(chat).or_insert_with(|| {
            self.order.push_back(chat);
            Sheet::default()
        });
    }

    fn make_room(&mut self, keep: InteractionId) {
        while self.entries > ENTRIES_MAX && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { return };
            if oldest == keep {
                self.order.push_back(oldest);
            } else if let Some(sheet) = self.sheets.remove(&oldest) {
                self.entries -= sheet.entries.len();
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

    /// Enters what a commit said. Of a chat that nobody has read yet only the beginning is taken up.
    pub(crate) fn enter(&self, chat: InteractionId, entries: Vec<Entry>) {
        let mut inner = self.lock();
        if entries.first().is_some_and(|first| first.number == 1) {
            inner.take_up(chat);
            inner.change(chat, |sheet| sheet.is_complete = true);
        }
        inner.change(chat, |sheet| entries.into_iter().for_each(|entry| sheet.take(entry)));
        inner.make_room(chat);
    }

    /// Gives what a reader sees after a number of his own; `None` when the transcript must be read from the store first.
    fn read(&self, chat: InteractionId, after: u64, sees: Visibility, limit: usize) -> Option<Vec<Entry>> {
        let inner = self.lock();
        let sheet = inner.sheets.get(&chat).filter(|sheet| sheet.is_complete)?;
        // A number in any audience is at most the number among all, so nothing before that place can be meant.
        let from = usize::try_from(after).unwrap_or(usize::MAX).min(sheet.entries.len());
        let wanted = |entry: &&Entry| entry.index_for(sees).is_some_and(|index| index > after);
        Some(sheet.entries[from..].iter().filter(wanted).take(limit).cloned().collect())
    }

    /// Begins to read a transcript from the store: what is committed from now on is kept beside it.
    fn begin(&self, chat: InteractionId) {
        self.lock().take_up(chat);
    }

    /// Forgets a chat's transcript, because something may have been said in it that this node did not hear of.
    pub(crate) fn forget(&self, chat: InteractionId) {
        let mut inner = self.lock();
        if let Some(sheet) = inner.sheets.remove(&chat) {
            inner.entries -= sheet.entries.len();
            inner.order.retain(|other| *other != chat);
        }
    }

    fn finish(&self, chat: InteractionId, entries: Vec<Entry>) {
        let mut inner = self.lock();
        inner.take_up(chat);
        inner.change(chat, |sheet| {
            entries.into_iter().for_each(|entry| sheet.take(entry));
            sheet.is_complete = true;
        });
        inner.make_room(chat);
    }
}

impl Engine {
    /// Gives the entries of a chat that a reader sees, after `after` in his own numbering, in order, at most `limit`. Everything that was
    /// acknowledged before the call is there.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn transcript(
        &self,
        chat: InteractionId,
        after: u64,
        sees: Visibility,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let transcripts = &self.chats.transcripts;
        if let Some(entries) = transcripts.read(chat, after, sees, limit) {
            return Ok(entries);
        }
        transcripts.begin(chat);
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let last = entries.last().map_or(0, |entry| entry.number);
            let page = self.store.transcript(chat, last, PAGE).await?;
            entries.extend(page.items);
            if !page.more {
                break;
            }
        }
        let wanted = |entry: &&Entry| entry.index_for(sees).is_some_and(|index| index > after);
        let asked_for = entries.iter().filter(wanted).take(limit).cloned().collect();
        transcripts.finish(chat, entries);
        Ok(transcripts.read(chat, after, sees, limit).unwrap_or(asked_for))
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

    #[test]
    fn a_reader_gets_his_own_numbers_after_the_one_he_names() {
        let transcripts = Transcripts::default();
        transcripts.enter(CHAT, (1..=7).map(entry).collect());
        let read = |after, sees| numbers(&transcripts.read(CHAT, after, sees, 100).unwrap());
        assert_eq!(read(0, Visibility::All), [1, 2, 4, 5, 7]);
        assert_eq!(read(2, Visibility::All), [4, 5, 7]);
        assert_eq!(read(4, Visibility::All), [7]);
        assert_eq!(read(5, Visibility::All), [0_u64; 0]);
        assert_eq!(read(u64::MAX, Visibility::All), [0_u64; 0]);
        assert_eq!(read(2, Visibility::Agents), [3, 4, 5, 6, 7]);
        assert_eq!(numbers(&transcripts.read(CHAT, 0, Visibility::All, 2).unwrap()), [1, 2]);
    }

    #[test]
    fn commits_entered_out_of_order_show_no_gap() {
        let transcripts = Transcripts::default();
        transcripts.enter(CHAT, vec![entry(1)]);
        transcripts.enter(CHAT, vec![entry(3)]);
        assert_eq!(numbers(&transcripts.read(CHAT, 0, Visibility::Agents, 100).unwrap()), [1]);
        transcripts.enter(CHAT, vec![entry(2)]);
        transcripts.enter(CHAT, vec![entry(2)]);
        assert_eq!(numbers(&transcripts.read(CHAT, 0, Visibility::Agents, 100).unwrap()), [1, 2, 3]);
    }

    #[test]
    fn what_is_said_while_a_transcript_is_read_is_on_it() {
        let transcripts = Transcripts::default();
        transcripts.enter(CHAT, vec![entry(3)]);
        assert!(transcripts.read(CHAT, 0, Visibility::Agents, 100).is_none(), "nobody has read it yet");
        transcripts.begin(CHAT);
        transcripts.enter(CHAT, vec![entry(5)]);
        assert!(transcripts.read(CHAT, 0, Visibility::Agents, 100).is_none(), "it is being read");
        transcripts.finish(CHAT, (1..=4).map(entry).collect());
        assert_eq!(numbers(&transcripts.read(CHAT, 0, Visibility::Agents, 100).unwrap()), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_first_transcript_goes_when_there_are_too_many_entries() {
        let transcripts = Transcripts::default();
        let long = || (1..=(ENTRIES_MAX as u64 * 2 / 3)).map(entry).collect::<Vec<_>>();
        transcripts.enter(CHAT, long());
        transcripts.enter(InteractionId(8), long());
        assert!(transcripts.read(CHAT, 0, Visibility::All, 1).is_none());
        assert!(transcripts.read(InteractionId(8), 0, Visibility::All, 1).is_some());
    }
}
