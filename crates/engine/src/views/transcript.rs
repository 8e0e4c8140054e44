//! What was said in a chat, as its readers see it.

use handoff_domain::{Entry, Interaction, Visibility};
use handoff_store::StoreError;

use super::Views;
use crate::core::Most;

/// Entries read from the store in one page.
const PAGE: usize = 1_000;

impl Views {
    /// Returns the entries of a chat that a reader sees, after `after` in their own numbering, in
    /// order, at most `limit`. Everything is there that the interaction counts.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn transcript(
        &self,
        chat: &Interaction,
        after: u64,
        sees: Visibility,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.transcript_page(chat, after, sees, Most { entries: limit, bytes: usize::MAX }).await
    }

    /// Returns the entries of a chat as [`Views::transcript`] does, bounded in bytes as well.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn transcript_page(
        &self,
        chat: &Interaction,
        after: u64,
        sees: Visibility,
        most: Most,
    ) -> Result<Vec<Entry>, StoreError> {
        let transcripts = &self.core.chats.transcripts;
        // What another node committed may be missing in memory; the interaction tells.
        let total = chat.chat().map_or(0, |chat| chat.total);
        let chat = chat.id;
        if let Some(entries) = transcripts.read(chat, (after, total), sees, most) {
            return Ok(entries);
        }
        transcripts.begin(chat);
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let last = entries.last().map_or(0, |entry| entry.number);
            let page = self.core.store.transcript(chat, last, PAGE).await?;
            entries.extend(page.items);
            if !page.more {
                break;
            }
        }
        let wanted = |entry: &&Entry| entry.index_for(sees).is_some_and(|index| index > after);
        let asked_for = most.of(entries.iter().filter(wanted));
        transcripts.finish(chat, entries);
        Ok(transcripts.read(chat, (after, total), sees, most).unwrap_or(asked_for))
    }
}
