//! What agents left in a chat for themselves, as each of them sees their own.

use std::collections::BTreeMap;

use handoff_domain::{Content, Interaction, InteractionId, UserId, Visibility};
use handoff_store::{ChatDraft, ChatMarks, Key, Record, StoreError, Versioned};

use super::Views;

/// What one agent left in a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnMarks {
    /// What was typed and not sent; the owner's alone.
    pub draft: Option<ChatDraft>,
    pub read: Option<ReadMark>,
}

/// How far an agent has read a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// The last number of theirs that they have read.
    pub index: u64,
    /// How many messages of others came after it.
    pub unread: usize,
}

impl Views {
    /// Returns what a user left in those chats among the interactions in which they take part;
    /// nothing of a chat whose marks cannot be read.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn marks_of<'a>(
        &self,
        user: UserId,
        interactions: impl Iterator<Item = &'a Interaction> + Send,
    ) -> Result<BTreeMap<InteractionId, OwnMarks>, StoreError> {
        let takes_part = |chat: &&Interaction| {
            chat.chat().is_some_and(|conversation| conversation.present(user).is_some())
        };
        let chats: Vec<&Interaction> = interactions.filter(takes_part).collect();
        let keys: Vec<Key> = chats.iter().map(|chat| Key::ChatMarks(chat.id)).collect();
        let found = match self.core.store.load(&keys).await {
            Err(error) if error.is_unreadable() => vec![None; keys.len()],
            found => found?,
        };
        let mut own = BTreeMap::new();
        for (chat, found) in chats.into_iter().zip(found) {
            let marks = match found {
                Some(Versioned { value: Record::ChatMarks(marks), .. }) => {
                    self.own_marks(chat, user, &marks).await?
                }
                _ => OwnMarks::default(),
            };
            own.insert(chat.id, marks);
        }
        Ok(own)
    }

    /// Returns what of a chat's marks is a user's own.
    pub(crate) async fn own_marks(
        &self,
        chat: &Interaction,
        user: UserId,
        marks: &ChatMarks,
    ) -> Result<OwnMarks, StoreError> {
        let draft = marks.draft.as_ref().filter(|_| chat.owner() == Some(user));
        let draft = match draft {
            Some(draft) if !self.was_sent(chat, draft).await? => Some(draft.clone()),
            _ => None,
        };
        let read = match marks.read.get(&user) {
            Some(index) => {
                let unread = self.unread(chat, user, *index).await?;
                Some(ReadMark { index: *index, unread })
            }
            None => None,
        };
        Ok(OwnMarks { draft, read })
    }

    /// Tells whether what was typed has been said since. Whoever says something writes no draft:
    /// a message costs nothing for it, and a draft that was sent is known by its words.
    async fn was_sent(&self, chat: &Interaction, draft: &ChatDraft) -> Result<bool, StoreError> {
        let since = self.transcript(chat, draft.after, Visibility::Supervisors, usize::MAX).await?;
        let is_it = |text: &str| text.trim() == draft.text.trim();
        Ok(since
            .iter()
            .filter(|entry| entry.from.kind.user().is_some())
            .any(|entry| matches!(&entry.content, Content::Text { text, .. } if is_it(text))))
    }

    async fn unread(
        &self,
        chat: &Interaction,
        user: UserId,
        index: u64,
    ) -> Result<usize, StoreError> {
        let party = chat.chat().and_then(|conversation| conversation.present(user));
        let Some(sees) = party.map(|party| party.sees) else { return Ok(0) };
        let since = self.transcript(chat, index, sees, usize::MAX).await?;
        let of_others = since.iter().filter(|entry| entry.from.kind.user() != Some(user));
        let is_message = |content: &Content| {
            matches!(
                content,
                Content::Text { .. } | Content::PushUrl { .. } | Content::FileUploaded { .. }
            )
        };
        Ok(of_others.filter(|entry| is_message(&entry.content)).count())
    }
}
