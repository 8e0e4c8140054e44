//! How far each folder has been read, kept in the store.

use std::sync::Arc;

use async_trait::async_trait;
use handoff_engine::Core;
use handoff_mail::ports::{Checkpoint, Checkpoints, NotNow, Skipped};
use handoff_store::{ChangeSet, MailboxMark, Put, Record, Version, Versioned};

/// Marks in the engine's store.
pub(crate) struct StoredMarks {
    core: Arc<Core>,
}

impl StoredMarks {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
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
            let skipped = mark.skipped.map(|(uid_validity, until)| Skipped { uid_validity, until });
            Checkpoint { uid_validity: mark.uid_validity, uid: mark.uid, skipped }
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
        };
        let put = Put { record: Record::MailboxMark(mark), expected };
        let change = ChangeSet { puts: vec![put], ..ChangeSet::default() };
        self.core.store().commit(change).await.map(drop).map_err(not_now)
    }
}
