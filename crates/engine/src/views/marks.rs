//! What agents left in an interaction for themselves, as each of them sees their own.

use std::collections::BTreeMap;

use handoff_domain::{Content, Interaction, InteractionId, Media, Time, UserId, Visibility};
use handoff_store::{ChatDraft, ChatMarks, Key, Look, Record, StoreError, Versioned};

use super::Views;
use super::threads::is_written;

/// Letters of a thread that are counted as unread; of more it is as many.
const LETTERS_MAX: usize = 20;

/// What one agent left in an interaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnMarks {
    /// What was typed and not sent; the owner's alone.
    pub draft: Option<ChatDraft>,
    pub read: Option<ReadMark>,
}

/// How far an agent has read an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMark {
    pub to: ReadTo,
    /// How many messages, or notes and letters, of others came after it.
    pub unread: usize,
}

/// Where an agent has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadTo {
    /// The last number of theirs that they have read of a chat.
    Message(u64),
    /// When they last looked at anything else.
    Look(Time),
}

impl Views {
    /// Returns what a user left in those interactions that they see: in the chats in which they
    /// take part, and in everything else that is not over. It is nothing of what cannot be read.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn marks_of<'a>(
        &self,
        user: UserId,
        interactions: impl Iterator<Item = &'a Interaction> + Send,
    ) -> Result<BTreeMap<InteractionId, OwnMarks>, StoreError> {
        let has_marks = |it: &&Interaction| match it.chat() {
            Some(conversation) => conversation.present(user).is_some(),
            None => !it.is_ended(),
        };
        let marked: Vec<&Interaction> = interactions.filter(has_marks).collect();
        let keys: Vec<Key> = marked.iter().map(|it| Key::ChatMarks(it.id)).collect();
        let found = match self.core.store.load(&keys).await {
            Err(error) if error.is_unreadable() => vec![None; keys.len()],
            found => found?,
        };
        let mut own = BTreeMap::new();
        for (interaction, found) in marked.into_iter().zip(found) {
            let marks = match found {
                Some(Versioned { value: Record::ChatMarks(marks), .. }) => {
                    self.own_marks(interaction, user, &marks).await?
                }
                _ => OwnMarks::default(),
            };
            own.insert(interaction.id, marks);
        }
        Ok(own)
    }

    /// Returns what of an interaction's marks is a user's own.
    pub(crate) async fn own_marks(
        &self,
        chat: &Interaction,
        user: UserId,
        marks: &ChatMarks,
    ) -> Result<OwnMarks, StoreError> {
        if chat.chat().is_none() {
            let read = match marks.looks.get(&user) {
                Some(look) => Some(self.read_since(chat, user, look).await?),
                None => None,
            };
            return Ok(OwnMarks { draft: None, read });
        }
        let draft = marks.draft.as_ref().filter(|_| chat.owner() == Some(user));
        let draft = match draft {
            Some(draft) if !self.was_sent(chat, draft).await? => Some(draft.clone()),
            _ => None,
        };
        let read = match marks.read.get(&user) {
            Some(index) => {
                let unread = self.unread(chat, user, *index).await?;
                Some(ReadMark { to: ReadTo::Message(*index), unread })
            }
            None => None,
        };
        Ok(OwnMarks { draft, read })
    }

    /// Returns how far a user has read who looked at what is no chat.
    async fn read_since(
        &self,
        interaction: &Interaction,
        user: UserId,
        look: &Look,
    ) -> Result<ReadMark, StoreError> {
        let notes = interaction.all_notes();
        let notes = notes.iter().skip(look.notes).filter(|note| note.by != Some(user)).count();
        let letters = match interaction.media() {
            Media::Email => self.letters_after(interaction, look.letter).await?,
            Media::Chat | Media::Workitem | Media::Open(_) => 0,
        };
        Ok(ReadMark { to: ReadTo::Look(look.at), unread: notes + letters })
    }

    /// Counts what people outside wrote in a thread after one of its e-mails.
    async fn letters_after(
        &self,
        interaction: &Interaction,
        last: Option<InteractionId>,
    ) -> Result<usize, StoreError> {
        let newest = self.thread_of(interaction, None, LETTERS_MAX).await?.items.into_iter();
        let newest = newest.map(|found| found.value).take_while(|it| last < Some(it.id));
        Ok(newest.filter(|it| it.id != interaction.id && is_written(it)).count())
    }

    /// Returns what there is to be seen of what is no chat.
    pub(crate) async fn look_at(&self, interaction: &Interaction) -> Result<Look, StoreError> {
        let notes = interaction.all_notes().len();
        let letter = match interaction.media() {
            Media::Email => self.thread_of(interaction, None, 1).await?.items.pop(),
            Media::Chat | Media::Workitem | Media::Open(_) => None,
        };
        Ok(Look { at: self.core.now(), notes, letter: letter.map(|found| found.value.id) })
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
