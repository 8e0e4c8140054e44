//! Users who were disabled: nothing stays with them (docs/compat/agents.md#gone).
//!
//! Runs whenever the directory is read, so it also finds who was disabled while no server ran. It
//! takes no input and is idempotent.

use handoff_bus::Hint;
use handoff_domain::{CenterId, InteractionId, Queue, SystemAction, User, WorkbinId, WorkbinOwner};
use handoff_store::{InteractionQuery, InteractionScope, StoreError};

use super::Desks;
use crate::commands::{CommandRequest, ExecuteError};

/// Interactions of one workbin read in one page.
const PAGE: usize = 500;

impl Desks {
    /// Says that users, queues, skills, groups or workbins were changed, and reads them again on
    /// this node. On return nothing stays with a user who was disabled.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn directory_changed(&self) -> Result<(), StoreError> {
        self.core.reload_directory().await?;
        self.retire_disabled().await?;
        self.core.bus.wake(Hint::Directory);
        Ok(())
    }

    /// Ends the contact-center sessions of disabled users and puts what lies in their own workbins
    /// back into its queue.
    ///
    /// What was never in a queue, such as a draft, has none to go back to: it stays, and a
    /// supervisor can pull it.
    ///
    /// # Errors
    ///
    /// The store's own; what was not moved is found again in the next round.
    pub(crate) async fn retire_disabled(&self) -> Result<(), StoreError> {
        let directory = self.core.directory();
        for user in directory.users.values().filter(|user| !user.enabled) {
            if self.core.desk(user.id).is_some_and(|desk| desk.session.is_some())
                && let Err(error) = self.end_contact_session(user.id, user.center).await
            {
                error.into_store_error()?;
            }
            for workbin in directory.workbins_of(user) {
                if workbin.owner == WorkbinOwner::Agent(user.id) {
                    self.empty(user, workbin.id).await?;
                }
            }
        }
        Ok(())
    }

    async fn empty(&self, user: &User, workbin: WorkbinId) -> Result<(), StoreError> {
        let mut query = InteractionQuery::of(InteractionScope::InWorkbin(workbin), PAGE);
        loop {
            let page = self.core.store.interactions(&query).await?;
            query.after = page.items.last().map(|last| last.value.id);
            for item in page.items {
                let (id, queue) = (item.value.id, item.value.queue);
                let queue = queue
                    .and_then(|queue| self.core.directory().queue(user.center, queue).cloned());
                if let Some(queue) = queue {
                    self.requeue(id, Queue::clone(&queue), user.center).await?;
                }
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    async fn requeue(
        &self,
        id: InteractionId,
        queue: Queue,
        center: CenterId,
    ) -> Result<(), StoreError> {
        let request = CommandRequest::new(id, SystemAction::Requeue(queue));
        match self.commands.execute(&request).await {
            Err(ExecuteError::Store(error)) if !error.is_unreadable() => Err(error),
            Err(error) => {
                tracing::warn!(
                    interaction.id = %id,
                    center.id = %center,
                    error = %error,
                    "a disabled user's work could not be moved now"
                );
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}
