//! How far each folder has been read, kept in the store.

use std::sync::Arc;

use async_trait::async_trait;
use handoff_domain::mail::mailbox_key;
use handoff_engine::Core;
use handoff_mail::ports::{Checkpoint, Checkpoints, NotNow, Skipped};
use handoff_store::{ChangeSet, ImapSource, MailboxMark, Put, Record, Version, Versioned};

/// What no folder has as its UIDVALIDITY (RFC 3501, section 2.3.1.1).
const NO_UID_VALIDITY: u32 = 0;

/// Marks of one account's folders in the engine's store.
pub(crate) struct StoredMarks {
    core: Arc<Core>,
    account: String,
    only_new: bool,
}

impl StoredMarks {
    pub(crate) fn new(core: Arc<Core>, source: &ImapSource) -> Self {
        Self { core, account: source.account(), only_new: source.only_new }
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

    /// Returns the mark of a folder. One from before marks were kept by keys is kept by its key at
    /// once: later the address may be written in another way.
    async fn mark(&self, mailbox: &str, folder: &str) -> Result<Option<MailboxMark>, NotNow> {
        let key = mailbox_key(mailbox);
        if let Some((mark, _)) = self.find(&key, folder).await? {
            return Ok(Some(mark));
        }
        if key == mailbox {
            return Ok(None);
        }
        let Some((mark, _)) = self.find(mailbox, folder).await? else { return Ok(None) };
        self.write(MailboxMark { mailbox: key, ..mark.clone() }, 0).await?;
        Ok(Some(mark))
    }

    async fn write(&self, mark: MailboxMark, expected: Version) -> Result<(), NotNow> {
        let put = Put { record: Record::MailboxMark(mark), expected };
        let change = ChangeSet { puts: vec![put], ..ChangeSet::default() };
        self.core.store().commit(change).await.map(drop).map_err(not_now)
    }
}

fn not_now(error: impl std::error::Error + Send + Sync + 'static) -> NotNow {
    NotNow(Box::new(error))
}

#[async_trait]
impl Checkpoints for StoredMarks {
    async fn checkpoint(&self, mailbox: &str, folder: &str) -> Result<Option<Checkpoint>, NotNow> {
        let found = self.mark(mailbox, folder).await?;
        // Of what lies in the other account nothing was looked at, and only what comes is wanted.
        let found = found.filter(|mark| !(self.only_new && self.is_of_another(mark)));
        Ok(found.map(|mark| {
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
        let mailbox = mailbox_key(mailbox);
        let expected = self.find(&mailbox, folder).await?.map_or(0, |(_, version)| version);
        let mark = MailboxMark {
            mailbox,
            folder: folder.to_owned(),
            uid_validity: checkpoint.uid_validity,
            uid: checkpoint.uid,
            skipped: checkpoint.skipped.map(|skipped| (skipped.uid_validity, skipped.until)),
            account: Some(self.account.clone()),
        };
        self.write(mark, expected).await
    }
}

#[cfg(test)]
mod tests {
    use handoff_testkit::FaultyStore;

    use super::*;
    use crate::source::tests::{core, mailbox, password};

    const ADDRESS: &str = "a@x.example";

    /// What is kept of an account that another may have the same numbers as.
    struct Stage {
        core: Arc<Core>,
        checkpoint: Checkpoint,
    }

    impl Stage {
        async fn new() -> Self {
            let core = core(&Arc::new(FaultyStore::default())).await;
            let skipped = Some(Skipped { uid_validity: 1, until: core.now() });
            Self { core, checkpoint: Checkpoint { uid_validity: 1, uid: 42, skipped } }
        }

        fn marks(&self, host: &str, only_new: bool) -> StoredMarks {
            let home = tempfile::tempdir().expect("a directory");
            let source = mailbox(1, &password(home.path())).source.expect("it has one");
            let source = ImapSource { host: host.to_owned(), only_new, ..source };
            StoredMarks::new(self.core.clone(), &source)
        }
    }

    async fn found(marks: &StoredMarks, address: &str) -> Option<Checkpoint> {
        marks.checkpoint(address, "INBOX").await.expect("it is read")
    }

    /// Another server may have the same UIDVALIDITY; by the mark of before, mail there would be
    /// left out.
    #[tokio::test]
    async fn the_mark_of_another_account_is_as_one_of_a_folder_that_was_renumbered() {
        let stage = Stage::new().await;
        let old = stage.marks("old", false);
        old.keep(ADDRESS, "INBOX", stage.checkpoint).await.expect("it is kept");
        assert_eq!(found(&old, ADDRESS).await, Some(stage.checkpoint));
        let other = found(&stage.marks("new", false), ADDRESS).await.expect("there is one");
        assert_eq!(other.uid_validity, NO_UID_VALIDITY);
        let skipped = stage.checkpoint.skipped;
        let skipped = skipped.map(|is| Skipped { uid_validity: NO_UID_VALIDITY, ..is });
        assert_eq!(other.skipped, skipped);
    }

    /// By when the newest of the old account came, years of mail in the other would be taken in.
    #[tokio::test]
    async fn where_only_new_mail_is_wanted_another_account_is_looked_at_for_the_first_time() {
        let stage = Stage::new().await;
        let old = stage.marks("old", true);
        old.keep(ADDRESS, "INBOX", stage.checkpoint).await.expect("it is kept");
        assert_eq!(found(&old, ADDRESS).await, Some(stage.checkpoint));
        let new = stage.marks("new", true);
        assert_eq!(found(&new, ADDRESS).await, None);
        let first = Checkpoint { uid: 7, skipped: None, ..stage.checkpoint };
        new.keep(ADDRESS, "INBOX", first).await.expect("it is kept");
        assert_eq!(found(&new, ADDRESS).await, Some(first));
    }

    #[tokio::test]
    async fn however_an_address_is_written_its_mark_is_one() {
        let stage = Stage::new().await;
        let marks = stage.marks("old", false);
        marks.keep("A@x.example", "INBOX", stage.checkpoint).await.expect("it is kept");
        for address in [ADDRESS, "A@x.example", "a@X.EXAMPLE"] {
            assert_eq!(found(&marks, address).await, Some(stage.checkpoint), "{address}");
        }
        let further = Checkpoint { uid: 43, ..stage.checkpoint };
        marks.keep("a@X.EXAMPLE", "INBOX", further).await.expect("it is kept");
        assert_eq!(found(&marks, "A@x.example").await, Some(further));
    }

    #[tokio::test]
    async fn a_mark_under_the_address_as_it_was_written_is_found_and_stays_so() {
        let stage = Stage::new().await;
        let marks = stage.marks("old", false);
        let before = MailboxMark {
            mailbox: "A@x.example".to_owned(),
            folder: "INBOX".to_owned(),
            uid_validity: 1,
            uid: 42,
            skipped: None,
            account: None,
        };
        marks.write(before, 0).await.expect("it is kept");
        let kept = Some(Checkpoint { skipped: None, ..stage.checkpoint });
        assert_eq!(found(&marks, "a@X.example").await, None, "nobody knows how it was written");
        assert_eq!(found(&marks, "A@x.example").await, kept);
        assert_eq!(found(&marks, "a@X.example").await, kept);
    }
}
