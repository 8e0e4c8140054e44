//! Read models: who may see which interactions, and lists of them.

use std::sync::Arc;

use handoff_domain::{CenterId, Interaction, InteractionId, Role, State, User, UserId};
use handoff_store::{InteractionQuery, InteractionScope, Page, StoreError, Versioned};

use crate::directory::Directory;
use crate::engine::Engine;

/// How long after its end those whom an interaction concerned keep sight of it, in ms (contract 4).
const SIGHT_AFTER_END_MS: u64 = 24 * 60 * 60 * 1_000;

/// Tells whether a user may see an interaction: supervisors, admins and API users everything of their contact center; an agent his own, his
/// offers, what concerned him, what was last in a queue that he serves, and what lies in a workbin that he may use (contract 5).
#[must_use]
pub fn may_see(interaction: &Interaction, user: UserId, directory: &Directory) -> bool {
    let Some(user) = directory.user(interaction.center, user) else { return false };
    if sees_all(user) {
        return true;
    }
    if interaction.concerned.contains(&user.id) || interaction.people().contains(&user.id) {
        return true;
    }
    match interaction.state {
        State::Parked { workbin, .. } => {
            directory.workbins_of(user).iter().any(|usable| usable.id == workbin)
        }
        State::Ended { .. } => false,
        State::Queued(_) | State::Invited(..) | State::Handling(_) | State::Sending { .. } => {
            interaction.queue.is_some_and(|queue| directory.queues_served_by(user).contains(&queue))
        }
    }
}

fn sees_all(user: &User) -> bool {
    [Role::Supervisor, Role::Admin, Role::ApiUser].iter().any(|role| user.roles.contains(role))
}

impl Engine {
    /// Gives an interaction that the user may see; `None` for every other, whether it exists or not.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interaction_for(
        &self,
        user: UserId,
        id: InteractionId,
    ) -> Result<Option<Arc<Interaction>>, StoreError> {
        let found = match self.board.recent(id) {
            Some(known) => Some(known),
            None => self.load_interaction(id).await?,
        };
        let directory = self.directory();
        let now = self.now();
        Ok(found.map(|found| found.value).filter(|interaction| {
            let in_sight = match interaction.state {
                State::Ended { at, .. } => {
                    directory.user(interaction.center, user).is_some_and(|user| sees_all(user))
                        || now.ms_since(at) <= SIGHT_AFTER_END_MS
                }
                _ => true,
            };
            in_sight && may_see(interaction, user, &directory)
        }))
    }

    /// Gives a page of the active interactions of the user's contact center that he may see. The scope of `query` is replaced.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interactions_for(
        &self,
        user: &User,
        mut query: InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let directory = self.directory();
        query.scope = if sees_all(user) {
            InteractionScope::Active(user.center)
        } else {
            InteractionScope::VisibleTo {
                user: user.id,
                center: user.center,
                queues: directory.queues_served_by(user),
                workbins: directory.workbins_of(user).into_iter().map(|workbin| workbin.id).collect(),
            }
        };
        self.store.interactions(&query).await
    }

    /// Gives everything of one kind of place, in pages put together: for the short lists of one user or workbin.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn interactions_in(
        &self,
        scope: InteractionScope,
        limit: usize,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        self.store.interactions(&InteractionQuery::of(scope, limit)).await
    }

    /// Gives the contact center of a user.
    #[must_use]
    pub fn center_of(&self, user: UserId) -> Option<CenterId> {
        self.directory().users.get(&user).map(|user| user.center)
    }
}
