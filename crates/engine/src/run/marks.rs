//! Keeping what an agent leaves in an interaction for themselves: what they have typed in a chat,
//! and how far they have read.
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
/// How long it is kept of what is no chat, in ms: such work lies in workbins for weeks.
const LOOKS_KEPT_MS: u64 = 90 * 24 * 60 * 60 * 1_000;
/// Users of whom is kept what they saw of one interaction; of more, those who looked last.
const LOOKS_MAX: usize = 50;

/// What an agent leaves in an interaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// What they have typed; nothing takes it away again.
    Draft { text: String, visibility: Visibility },
    /// The last number of theirs that they have read.
    Read { index: u64 },
    /// They have seen what there is of something that is no chat.
    Look,
}

/// What an agent leaves in which interaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub user: UserId,
    pub chat: InteractionId,
    /// The epoch that they believe current.
    pub epoch: Option<u64>,
    pub mark: Mark,
}

impl Engine {
    /// Keeps what an agent leaves in an interaction, which they may see, and tells their sessions
    /// what `tell` makes of all that they left there. When it returns it is durable. Where nothing
    /// changes by it nothing is written, and nobody told.
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
            let after = match leaving.mark {
                Mark::Look => self.looked(&known.value, user, &before).await?,
                _ => leaving.after(&known.value, &before, &self.core)?,
            };
            let marks = |it: &ChatMarks| (it.draft.clone(), it.read.clone(), it.looks.clone());
            if marks(&after) == marks(&before) {
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

    /// Returns an interaction's marks with what a user sees now, if they have not seen it before.
    async fn looked(
        &self,
        interaction: &Interaction,
        user: UserId,
        before: &ChatMarks,
    ) -> Result<ChatMarks, ExecuteError> {
        let mut after = before.clone();
        let read = self.views.own_marks(interaction, user, before).await?.read;
        if interaction.chat().is_some() || read.is_some_and(|read| read.unread == 0) {
            return Ok(after);
        }
        after.until = after.until.max(self.core.now().plus_ms(LOOKS_KEPT_MS));
        after.looks.insert(user, self.views.look_at(interaction).await?);
        while after.looks.len() > LOOKS_MAX {
            let longest_ago = after.looks.iter().min_by_key(|(_, look)| look.at);
            let Some(user) = longest_ago.map(|(user, _)| *user) else { break };
            after.looks.remove(&user);
        }
        Ok(after)
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
            Mark::Look => {}
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
