//! Threads: the e-mails that belong together.

use handoff_domain::{Direction, Interaction, InteractionId};
use handoff_store::{InteractionQuery, InteractionScope, Page, StoreError, Versioned};

use super::Views;

/// E-mails of a thread that are read at once while looking for the newest inbound one.
const PAGE: usize = 20;

impl Views {
    /// Returns every e-mail of an interaction's thread, the newest first, below `after`.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn thread_of(
        &self,
        interaction: &Interaction,
        after: Option<InteractionId>,
        limit: usize,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let scope = InteractionScope::InThread {
            center: interaction.center,
            root: interaction.thread_root(),
        };
        self.core
            .store
            .interactions(&InteractionQuery { after, ..InteractionQuery::of(scope, limit) })
            .await
    }

    /// Returns the newest of an interaction's thread that somebody outside wrote themselves;
    /// reports and what programs write are not meant.
    pub(crate) async fn newest_inbound_of(
        &self,
        interaction: &Interaction,
    ) -> Result<Option<Interaction>, StoreError> {
        let mut after = None;
        loop {
            let page = self.thread_of(interaction, after, PAGE).await?;
            after = page.items.last().map(|last| last.value.id);
            let mut found = page.items.into_iter().map(|found| found.value);
            let newest = found.find(is_written);
            if newest.is_some() || !page.more {
                return Ok(newest);
            }
        }
    }
}

/// Tells whether somebody outside wrote it themselves.
pub(super) fn is_written(interaction: &Interaction) -> bool {
    let is_of_program = interaction
        .email()
        .is_some_and(|email| email.automatic.is_some() || email.report.is_some());
    interaction.direction == Direction::Inbound && !is_of_program
}
