//! The receipts by which whoever is erased would still be known: of their letters, and of requests
//! that wrote something down of them.

use handoff_domain::{CenterId, Interaction, UserId};
use handoff_store::{
    ChangeSet, Erasure, Put, Receipt, Record, StoreError, Versioned, contact_spellings,
};

use super::Erasures;
use crate::commands::{external_ids_of_account, external_ids_of_center, message_ids};

/// Receipts that are looked for first, and forgotten at once. Of one Message-ID there are as many
/// as there are different letters with it.
const RECEIPTS_AT_ONCE: usize = 100;

impl Erasures {
    /// Returns the receipts that name what somebody outside calls an interaction.
    pub(super) async fn of_interaction(
        &self,
        interaction: &Interaction,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let (center, mut found) = (interaction.center, Vec::new());
        if let Some(message_id) = interaction.email().and_then(|email| email.message_id.as_ref()) {
            let store = &self.core.store;
            found.extend(store.receipt(&message_ids(center), message_id).await?);
            let mailbox = interaction.email().and_then(|email| email.mailbox.as_ref());
            let earlier =
                mailbox.map(|mailbox| format!("mail/{center}/{}", mailbox.to_lowercase()));
            for scope in [format!("mail/{center}")].into_iter().chain(earlier) {
                let named = format!("{message_id} ");
                found.extend(self.receipts(&scope, &named).await?);
            }
        }
        if let Some(external_id) = &interaction.external_id {
            let account =
                interaction.submitter.map(|submitter| external_ids_of_account(center, submitter));
            for scope in account.into_iter().chain([external_ids_of_center(center)]) {
                found.extend(self.core.store.receipt(&scope, external_id).await?);
            }
        }
        let id = interaction.id.to_string();
        let own = found.into_iter().filter(|receipt| receipt.answer == id);
        Ok(own.map(|receipt| (receipt.scope, receipt.key)).collect())
    }

    /// Returns the receipts of requests that wrote something down of a contact: the answers, which
    /// have all of it, are kept for a day.
    pub(super) async fn of_requests(
        &self,
        center: CenterId,
        contact: &str,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let users: Vec<UserId> = {
            let directory = self.core.directory();
            directory.users.values().filter(|user| user.center == center).map(|it| it.id).collect()
        };
        let mut found = Vec::new();
        for user in users {
            for contact in contact_spellings(contact) {
                let scope = format!("{} PUT /ucs/contacts/{contact}", user.stored());
                let receipts = self.receipts(&scope, "").await?;
                found.extend(receipts.into_iter().map(|receipt| (receipt.scope, receipt.key)));
            }
        }
        Ok(found)
    }

    /// Returns all receipts of a scope whose keys begin so.
    async fn receipts(&self, scope: &str, beginning: &str) -> Result<Vec<Receipt>, StoreError> {
        let mut limit = RECEIPTS_AT_ONCE;
        loop {
            let found = self.core.store.receipts_beginning(scope, beginning, limit).await?;
            if found.len() < limit {
                return Ok(found);
            }
            limit *= 2;
        }
    }

    /// Forgets the receipts of requests that wrote something down of a contact; `None` when another
    /// node was faster.
    pub(super) async fn forgotten(
        &self,
        erasure: Versioned<Erasure>,
    ) -> Result<Option<Versioned<Erasure>>, StoreError> {
        let Versioned { value: mut erasure, mut version } = erasure;
        let all = self.of_requests(erasure.center, &erasure.contact).await?;
        for some in all.chunks(RECEIPTS_AT_ONCE) {
            erasure.counts.receipts += some.len() as u64;
            let puts = vec![Put { record: Record::Erasure(erasure.clone()), expected: version }];
            let receipts_forgotten = some.to_vec();
            let change = ChangeSet { puts, receipts_forgotten, ..ChangeSet::default() };
            if let Err(error) = self.core.store.commit(change).await {
                return error.into_conflict().map(|_| None);
            }
            version += 1;
        }
        Ok(Some(Versioned { value: erasure, version }))
    }
}
