//! Interactions, one and in lists, for those who may see them.

use std::sync::Arc;

use handoff_domain::event::Cause;
use handoff_domain::{Interaction, InteractionId, Role, State, User, UserId};
use handoff_store::{InteractionQuery, InteractionScope, Page, StoreError, SubjectKey, Versioned};

use tokio::sync::Mutex;

use super::attended::Attended;
use super::sight::{may_see, sees_all};
use crate::core::Core;
use crate::outward::{Finder, Statistics};

/// How long after its end those whom an interaction concerned keep sight of it, in ms
/// (docs/compat/interactions.md#seen).
pub(super) const SIGHT_AFTER_END_MS: u64 = 24 * 60 * 60 * 1_000;

/// What one list that is put together may take, in bytes.
const LIST_BYTES_MAX: usize = 8 << 20;

/// What may be seen.
pub struct Views {
    pub(super) core: Arc<Core>,
    /// How the queues are attended.
    pub(super) attended: Attended,
    /// Held while a question about the past is answered.
    pub(super) asked: Arc<Mutex<()>>,
    /// Who finds among everything.
    pub(super) finder: Option<Arc<dyn Finder>>,
    /// Who has counted what happened.
    pub(super) statistics: Option<Arc<dyn Statistics>>,
}

impl Views {
    pub(crate) fn new(
        core: Arc<Core>,
        finder: Option<Arc<dyn Finder>>,
        statistics: Option<Arc<dyn Statistics>>,
    ) -> Self {
        Self { core, attended: Attended::default(), asked: Arc::default(), finder, statistics }
    }

    /// Returns an interaction that the user may see; `None` for every other, whether it exists or
    /// not.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interaction_for(
        &self,
        user: UserId,
        id: InteractionId,
    ) -> Result<Option<Arc<Interaction>>, StoreError> {
        let Some(found) = self.core.interaction(id).await? else { return Ok(None) };
        let is_seen = self.has_in_sight(user, &found)
            || self.submitted_before_it_was_noted(user, &found).await?;
        Ok(is_seen.then_some(found))
    }

    /// Returns an interaction as this node remembers it, if the user has it in sight so: for a
    /// command, whose commit compares that. Whoever is shown something gets it from
    /// [`Views::interaction_for`].
    #[must_use]
    pub fn remembered_for(&self, user: UserId, id: InteractionId) -> Option<Arc<Interaction>> {
        let known = self.core.board.recent(id)?.value;
        self.has_in_sight(user, &known).then_some(known)
    }

    /// Tells whether a user has an interaction in sight now: they may see it, and it is not over
    /// for longer than those keep sight of it whom it concerned.
    #[must_use]
    pub fn has_in_sight(&self, user: UserId, interaction: &Interaction) -> bool {
        let directory = self.core.directory();
        let in_sight = match interaction.state {
            State::Ended { at, .. } => {
                directory.user(interaction.center, user).is_some_and(|user| sees_all(user))
                    || interaction.submitter == Some(user)
                    || self.core.now().ms_since(at) <= SIGHT_AFTER_END_MS
            }
            _ => true,
        };
        in_sight && may_see(interaction, user, &directory)
    }

    /// Tells whether a server's account submitted an interaction that was stored before its
    /// submitter was noted with it: its history says so.
    async fn submitted_before_it_was_noted(
        &self,
        user: UserId,
        interaction: &Interaction,
    ) -> Result<bool, StoreError> {
        let is_server = self
            .core
            .directory()
            .user(interaction.center, user)
            .is_some_and(|user| user.roles.contains(&Role::ApiUser));
        if !is_server || interaction.submitter.is_some() {
            return Ok(false);
        }
        Ok(self.opened_by(interaction.id).await? == Some(Cause::User(user)))
    }

    /// Returns who brought an interaction in, as its history has it.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn opened_by(&self, id: InteractionId) -> Result<Option<Cause>, StoreError> {
        Ok(self
            .core
            .store
            .history(SubjectKey::Interaction(id), 0, 1)
            .await?
            .items
            .first()
            .map(|first| first.cause))
    }

    /// Returns a page of the active interactions of the user's contact center that they may see.
    /// The scope of `query` is replaced.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interactions_for(
        &self,
        user: &User,
        mut query: InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let directory = self.core.directory();
        query.scope = if sees_all(user) {
            InteractionScope::Active(user.center)
        } else {
            InteractionScope::VisibleTo {
                user: user.id,
                center: user.center,
                queues: directory.queues_served_by(user),
                workbins: directory
                    .workbins_of(user)
                    .into_iter()
                    .map(|workbin| workbin.id)
                    .collect(),
            }
        };
        self.core.store.interactions(&query).await
    }

    /// Returns everything of one kind of place, in pages put together, up to `limit` and to 8 MiB:
    /// for the short lists of one user or workbin.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interactions_in(
        &self,
        scope: InteractionScope,
        limit: usize,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let mut query = InteractionQuery::of(scope, limit);
        let (mut all, mut bytes) = (Vec::new(), 0_usize);
        loop {
            let page = self.core.store.interactions(&query).await?;
            bytes += page.items.iter().map(|item| item.value.weight()).sum::<usize>();
            query.after = page.items.last().map(|last| last.value.id);
            query.limit -= page.items.len();
            all.extend(page.items);
            if !page.more || query.limit == 0 || bytes >= LIST_BYTES_MAX {
                return Ok(Page { items: all, more: page.more });
            }
        }
    }
}
