//! Keeping what an agent leaves in a chat for themselves: what they have typed, and how far they
//! have read.
//!
//! It is no change of the interaction, which only has to be as the rules saw it: nobody who does
//! something with it is held up, and nobody else is told.

use bytes::Bytes;
use handoff_domain::interaction::talk::{may_draft, may_mark_read};
use handoff_domain::{Interaction, InteractionId, Rejection, Topic, UserId, Visibility};
use handoff_store::{
    ChangeSet, ChatDraft, ChatMarks, Check, CommitError, Key, Put, Record, Version,
};

use super::Engine;
use crate::commands::ExecuteError;
use crate::core::Core;
use crate::views::OwnMarks;

/// How often it is tried while others change the same chat.
const ATTEMPTS_MAX: usize = 32;
/// How long it is kept after it was written last, in ms: a week, when even a chat that was left
/// open over the days is long over.
const KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// What an agent leaves in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// What they have typed; nothing takes it away again.
    Draft { text: String, visibility: Visibility },
    /// The last number of theirs that they have read.
    Read { index: u64 },
}

/// What an agent leaves in which chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub user: UserId,
    pub chat: InteractionId,
    /// The epoch that they believe current.
    pub epoch: Option<u64>,
    pub mark: Mark,
}

impl Engine {
    /// Keeps what an agent leaves in a chat, which they may see, and tells their sessions what
    /// `tell` makes of all that they left there. When it returns it is durable.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] when the rules refuse it, [`ExecuteError::Contended`] when too
    /// many others change the chat, or the store's.
    pub async fn leave_mark(
        &self,
        leaving: &Leaving,
        tell: impl Fn(&OwnMarks) -> Bytes + Send + Sync,
    ) -> Result<(), ExecuteError> {
        let Leaving { user, chat: id, .. } = *leaving;
        for _ in 0..ATTEMPTS_MAX {
            let known = match self.core.board.current(id) {
                Some(known) => known,
                None => {
                    let found = self.core.load_interaction(id).await?;
                    found.ok_or(ExecuteError::NotFound(id))?
                }
            };
            let (before, expected) = marks_of(&self.core, id).await?;
            let after = leaving.after(&known.value, &before, &self.core)?;
            if after.draft == before.draft && after.read == before.read {
                return Ok(());
            }
            let own = self.views.own_marks(&known.value, user, &after).await?;
            let change = ChangeSet {
                puts: vec![Put { record: Record::ChatMarks(after), expected }],
                checks: vec![Check { key: Key::Interaction(id), version: known.version }],
                ..ChangeSet::default()
            };
            let told = [(Topic::Interactions, tell(&own))];
            match self.delivery.commit_and_tell(change, user, told).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Conflict { key }) => self.commands.commits().reread(&key).await?,
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Receipt(_) | CommitError::Timer(_)) => {
                    unreachable!("what is left in a chat has no receipt and no timer")
                }
            }
        }
        Err(ExecuteError::Contended(id))
    }
}

impl Leaving {
    /// Returns the chat's marks with this one.
    fn after(
        &self,
        chat: &Interaction,
        before: &ChatMarks,
        core: &Core,
    ) -> Result<ChatMarks, Rejection> {
        if let Some(given) = self.epoch.filter(|given| *given != chat.epoch) {
            return Err(Rejection::StaleEpoch { given, current: chat.epoch });
        }
        let conversation = || chat.chat().ok_or(Rejection::NoConversation);
        let mut after = before.clone();
        after.until = core.now().plus_ms(KEPT_MS);
        match &self.mark {
            Mark::Draft { text, visibility } => {
                may_draft(chat, self.user, text, *visibility)?;
                let after_entries = conversation()?.total;
                after.draft = (!text.is_empty()).then(|| ChatDraft {
                    text: text.clone(),
                    visibility: *visibility,
                    saved: core.now(),
                    after: after_entries,
                });
            }
            Mark::Read { index } => {
                let sees = may_mark_read(chat, self.user)?.sees;
                let conversation = conversation()?;
                let read = (*index).min(conversation.total_for(sees));
                // Whoever left has no use for theirs, so there are as many as take part.
                after.read.retain(|user, _| conversation.present(*user).is_some());
                let last = after.read.entry(self.user).or_default();
                *last = read.max(*last);
            }
        }
        Ok(after)
    }
}

/// Returns the marks of a chat with their version; none yet have version 0.
async fn marks_of(core: &Core, chat: InteractionId) -> Result<(ChatMarks, Version), ExecuteError> {
    let found = core.store.load_one(&Key::ChatMarks(chat)).await?;
    Ok(match found.map(|found| (found.value, found.version)) {
        Some((Record::ChatMarks(marks), version)) => (marks, version),
        _ => (ChatMarks::of(chat), 0),
    })
}
