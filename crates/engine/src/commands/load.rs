//! Gathering what a decision may look up.

use std::cell::RefCell;
use std::sync::Arc;

use handoff_domain::interaction::decide::Context;
use handoff_domain::{
    Action, CenterId, Command, Interaction, InteractionId, Media, Named, Visibility,
};
use handoff_store::{Key, StoreError, Versioned};

use super::Commands;
use super::adviser::adviser;
use super::world::{LoadedWorld, Other};
use crate::core::{Directory, claim_of_attempt};
use crate::views;

/// Whether an attempt reads from memory first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    Remembered,
    Stored,
}

impl Commands {
    /// Returns an interaction from memory, or from the store where memory has none or is not to be
    /// trusted.
    pub(super) async fn read(
        &self,
        id: InteractionId,
        read: Read,
    ) -> Result<Option<Versioned<Arc<Interaction>>>, StoreError> {
        if read == Read::Remembered
            && let Some(known) = self.core.board.recent(id)
        {
            return Ok(Some(known));
        }
        self.core.load_interaction(id).await
    }

    /// Loads what the decision about a command may look up.
    pub(super) async fn load<'a>(
        &'a self,
        before: &Interaction,
        command: &Command,
        directory: &'a Directory,
        read: Read,
    ) -> Result<LoadedWorld<'a>, StoreError> {
        let parent = match before.parent {
            Some(parent) => Some(Other::new(parent, self.read(parent, read).await?)),
            None => None,
        };
        let mut world = self.world(directory, (before.center, before.id), parent);
        if let Some(Action::ConsultQueue(Named::Known(queue))) = command.action() {
            world.adviser = directory
                .queue(before.center, queue.id)
                .and_then(|queue| adviser(&self.core, queue, before, directory));
        }
        self.listen_in(before, command, &mut world).await?;
        self.look_through_thread(before, command, &mut world).await?;
        Ok(world)
    }

    /// Gathers what the decision may look up.
    pub(super) fn world<'a>(
        &'a self,
        directory: &'a Directory,
        (center, id): (CenterId, InteractionId),
        parent: Option<Other>,
    ) -> LoadedWorld<'a> {
        LoadedWorld {
            directory,
            board: &self.core.board,
            center,
            desks: RefCell::default(),
            relied: RefCell::default(),
            parent,
            transcript: Vec::new(),
            adviser: None,
            id,
            newest_inbound: None,
            base: None,
            joined: None,
            claim: None,
            mailboxes: self.mailboxes.as_deref(),
        }
    }

    /// Adds what a decision about a chat looks up: what was said, when somebody comes in who is to
    /// be shown it.
    async fn listen_in(
        &self,
        before: &Interaction,
        command: &Command,
        world: &mut LoadedWorld<'_>,
    ) -> Result<(), StoreError> {
        let Some(chat) = before.chat() else { return Ok(()) };
        if matches!(command.action(), Some(Action::Accept { .. } | Action::Take { .. })) {
            let all = usize::try_from(chat.total).unwrap_or(usize::MAX);
            world.transcript =
                self.views.transcript(before, 0, Visibility::Supervisors, all).await?;
        }
        Ok(())
    }

    /// Adds what a decision about an e-mail looks up: the newest that the customer wrote, when
    /// somebody writes to them, and what it is to be joined to.
    async fn look_through_thread(
        &self,
        before: &Interaction,
        command: &Command,
        world: &mut LoadedWorld<'_>,
    ) -> Result<(), StoreError> {
        let Command::User(command) = command else { return Ok(()) };
        match &command.action {
            Action::CreateDraft(_) | Action::Send(_) if before.media() == Media::Email => {
                world.newest_inbound = self.views.newest_inbound_of(before).await?;
                if let Some(base) = base_of(&command.action) {
                    world.base = Some(Other::new(base, self.core.load_interaction(base).await?));
                }
            }
            Action::CancelSend => {
                let claim = claim_of_attempt(before);
                let versions = self.core.store.versions(&[Key::Claim(claim.clone())]).await?;
                world.claim = versions.first().map(|version| (claim, *version));
            }
            Action::Join { parent: Named::Known(parent) } => {
                let found = self.core.load_interaction(*parent).await?;
                let user = command.caller.user;
                let sight = found
                    .as_ref()
                    .and_then(|found| views::sight_of(&found.value, user, world.directory));
                sight.iter().for_each(|sight| world.rely_on_sight(user, sight));
                let joined = Other::new(*parent, found);
                world.joined = Some(joined.filter(|_| sight.is_some()));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn context<'a>(
        &'a self,
        world: &'a LoadedWorld<'_>,
    ) -> Result<Context<'a>, StoreError> {
        let now = self.core.now();
        Ok(Context {
            now,
            draft_id: self.core.ids.interaction(now),
            options: &self.core.options.rules,
            world,
        })
    }
}

/// Returns the e-mail that the writer of a draft says to have seen last.
const fn base_of(action: &Action) -> Option<InteractionId> {
    match action {
        Action::CreateDraft(draft) => draft.base,
        Action::Send(dispatch) => dispatch.base,
        _ => None,
    }
}
