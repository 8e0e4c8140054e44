//! Contacts: who writes, and everything that was ever exchanged with them.

use handoff_domain::{CenterId, ContactId, Interaction, InteractionId};
use handoff_store::{Contact, InteractionQuery, InteractionScope, Page, StoreError, Versioned};

use super::Views;

impl Views {
    /// Returns a contact of a contact center.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn contact(
        &self,
        center: CenterId,
        id: ContactId,
    ) -> Result<Option<Contact>, StoreError> {
        let found = self.core.load_contact(id).await?.map(|found| found.value);
        Ok(found.filter(|contact| contact.center == center))
    }

    /// Returns everything that was exchanged with a contact, the newest first, below `after`.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn contact_history(
        &self,
        center: CenterId,
        contact: ContactId,
        after: Option<InteractionId>,
        limit: usize,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let scope = InteractionScope::OfContact { center, contact: contact.to_string() };
        self.core
            .store
            .interactions(&InteractionQuery { after, ..InteractionQuery::of(scope, limit) })
            .await
    }
}
