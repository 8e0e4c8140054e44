//! How far each folder has been read, kept in the store.

use std::sync::Arc;

use async_trait::async_trait;
use handoff_engine::Core;
use handoff_mail::ports::{Checkpoint, Checkpoints, NotNow, Skipped};
use handoff_store::{ChangeSet, MailboxMark, Put, Record, Version, Versioned};

/// What no folder has as its UIDVALIDITY (RFC 3501, section 2.3.1.1).
const NO_UID_VALIDITY: u32 = 0;

/// Marks of one account's folders in the engine's store.
pub(crate) struct StoredMarks {
    core: Arc<Core>,
    account: String,
}

impl StoredMarks {
    pub(crate) fn new(core: Arc<Core>, account: String) -> Self {
        Self { core, account }
    }

    /// Tells whether a mark is of another account: the mailbox was moved while a server ran or
    /// while none did.
    fn is_of_another(&self, mark: &MailboxMark) -> bool {
        mark.account.as_ref().is_some_and(|account| *account != self.account)
    }

    async fn find(
        &self,
        mailbox: &str,
        folder: &str,
    ) -> Result<Option<(MailboxMark, Version)>, NotNow> {
        let key = MailboxMark::key_of(mailbox, folder);
        let found = self.core.store().load_one(&key).await.map_err(not_now)?;
        Ok(found.and_then(|found| match found {
            Versioned { value: Record::MailboxMark(mark), version } => Some((mark, version)),
            _ => None,
        }))
    }
}

fn not_now(error: impl std::error::Error + Send + Sync + 'static) -> NotNow {
    NotNow(Box::new(error))
}

#[async_trait]
impl Checkpoints for StoredMarks {
    async fn checkpoint(&self, mailbox: &str, folder: &str) -> Result<Option<Checkpoint>, NotNow> {
        let found = self.find(mailbox, folder).await?;
        Ok(found.map(|(mark, _)| {
            let is_of_another = self.is_of_another(&mark);
            let uid_validity = |mark: u32| if is_of_another { NO_UID_VALIDITY } else { mark };
            let skipped = mark
                .skipped
                .map(|(mark, until)| Skipped { uid_validity: uid_validity(mark), until });
            // As if it had been renumbered: it is looked through, and what is known is known.
            Checkpoint { uid_validity: uid_validity(mark.uid_validity), uid: mark.uid, skipped }
        }))
    }

    async fn keep(
        &self,
        mailbox: &str,
        folder: &str,
        checkpoint: Checkpoint,
    ) -> Result<(), NotNow> {
        let expected = self.find(mailbox, folder).await?.map_or(0, |(_, version)| version);
        let mark = MailboxMark {
            mailbox: mailbox.to_owned(),
            folder: folder.to_owned(),
            uid_validity: checkpoint.uid_validity,
            uid: checkpoint.uid,
            skipped: checkpoint.skipped.map(|skipped| (skipped.uid_validity, skipped.until)),
            account: Some(self.account.clone()),
        };
        let put = Put { record: Record::MailboxMark(mark), expected };
        let change = ChangeSet { puts: vec![put], ..ChangeSet::default() };
        self.core.store().commit(change).await.map(drop).map_err(not_now)
    }
}

#[cfg(test)]
mod tests {
    use handoff_testkit::FaultyStore;

    use super::*;
    use crate::source::tests::core;

    /// Another server may have the same UIDVALIDITY; by the mark of before, mail there would be
    /// left out.
    #[tokio::test]
    async fn the_mark_of_another_account_is_as_one_of_a_folder_that_was_renumbered() {
        let store = Arc::new(FaultyStore::default());
        let core = core(&store).await;
        let marks = |account: &str| StoredMarks::new(core.clone(), account.to_owned());
        let until = core.now();
        let skipped = Some(Skipped { uid_validity: 1, until });
        let checkpoint = Checkpoint { uid_validity: 1, uid: 42, skipped };
        let find = async |account: &str| {
            let found = marks(account).checkpoint("a@x.example", "INBOX").await;
            found.expect("it is read").expect("there is one")
        };
        marks("a@old").keep("a@x.example", "INBOX", checkpoint).await.expect("it is kept");
        assert_eq!(find("a@old").await, checkpoint);
        let other = find("a@new").await;
        assert_eq!(other.uid_validity, NO_UID_VALIDITY);
        assert_eq!(other.skipped, Some(Skipped { uid_validity: NO_UID_VALIDITY, until }));
    }
}
