//! Retention: removes finished interactions that their contact center no longer keeps.
//!
//! An interaction goes with its history and the records of its files, in one commit that relies on
//! how long the center keeps it. What is in the files goes with the sweep of files, which takes
//! what no record speaks for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::chat::Content;
use handoff_domain::{Fact, FileId, Interaction, State, Time};
use handoff_store::{ChangeSet, Key, Kind, Record, Removal, StoreError, SubjectKey, Versioned};

use crate::core::{Core, Duty};
use crate::worker::Worker;

/// Interactions read at once.
const PAGE: usize = 200;
/// Events read at once.
const HISTORY_PAGE: usize = 500;
/// How long it rests after each page, so that whoever is at work does not notice.
const REST: Duration = Duration::from_millis(20);
/// How often it looks.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Removes what is no longer kept.
pub struct Retention {
    core: Arc<Core>,
}

/// What goes with an interaction.
struct Belongings {
    files: BTreeSet<FileId>,
    /// When the last thing happened to it, and where in the log that is.
    last: (Time, u64),
}

impl Retention {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Looks at all that is old enough; returns how many interactions it removed.
    ///
    /// # Errors
    ///
    /// The store's own; what was not removed is removed in the next round.
    pub async fn remove_old(&self) -> Result<u64, StoreError> {
        let Some(youngest) = self.kept_least() else { return Ok(0) };
        let floor = self.core.store.log_end().await?.floor;
        let (mut after, mut removed) = (None, 0);
        loop {
            let page = self.core.store.list(Kind::Interaction, after, PAGE).await?;
            after = page.items.last().map(|found| found.value.key());
            for found in page.items {
                let Record::Interaction(interaction) = found.value else { continue };
                // Later ones began later.
                if interaction.id.created() > youngest {
                    return Ok(removed);
                }
                let found = Versioned { value: interaction, version: found.version };
                removed += u64::from(self.removed(&found, floor).await?);
            }
            if !page.more {
                return Ok(removed);
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Returns before when an interaction began that may go; `None` where all is kept.
    fn kept_least(&self) -> Option<Time> {
        let directory = self.core.directory();
        let all = directory.centers.values().flat_map(|center| center.retention_ms.values());
        all.min().map(|kept| self.before(*kept))
    }

    fn before(&self, ms: u64) -> Time {
        Time(self.core.now().0.saturating_sub_unsigned(ms))
    }

    /// Removes an interaction if it is old enough; tells whether it did.
    async fn removed(
        &self,
        found: &Versioned<Interaction>,
        floor: u64,
    ) -> Result<bool, StoreError> {
        let Versioned { value: interaction, version } = found;
        let directory = self.core.directory();
        let center = directory.centers.get(&interaction.center);
        let kept = center.and_then(|center| center.retention_ms.get(&interaction.media()));
        let Some(before) = kept.map(|kept| self.before(*kept)) else { return Ok(false) };
        if !matches!(interaction.state, State::Ended { at, .. } if at < before) {
            return Ok(false);
        }
        let Belongings { files, last: (at, position) } = self.belongings(interaction).await?;
        // What the log still has is read with the history.
        if at >= before || position > floor {
            return Ok(false);
        }
        let mut removals =
            vec![Removal { key: Key::Interaction(interaction.id), version: *version }];
        removals.extend(self.records_of(files).await?);
        let checks = vec![directory.check(Key::Center(interaction.center))];
        let change = ChangeSet { removals, checks, ..ChangeSet::default() };
        match self.core.store.commit(change).await {
            Ok(_) => {
                self.core.board.forget(interaction.id);
                Ok(true)
            }
            // Somebody changed it, or how long it is kept: the next round looks again.
            Err(error) => error.into_conflict().map(|_| false),
        }
    }

    /// Reads what happened to an interaction, for what it has.
    async fn belongings(&self, interaction: &Interaction) -> Result<Belongings, StoreError> {
        let mut files: BTreeSet<FileId> = BTreeSet::new();
        if let Some(email) = interaction.email() {
            files.extend(email.attachments.iter().map(|attachment| attachment.file));
            files.extend(email.raw);
        }
        let (subject, mut last) = (SubjectKey::Interaction(interaction.id), (Time(i64::MIN), 0));
        loop {
            let page = self.core.store.history(subject, last.1, HISTORY_PAGE).await?;
            for entry in &page.items {
                last = (entry.at, entry.position);
                files.extend(entry.facts.iter().filter_map(file_of));
            }
            if !page.more {
                return Ok(Belongings { files, last });
            }
        }
    }

    /// Returns the removals of the records of files, of those that there are.
    async fn records_of(&self, files: BTreeSet<FileId>) -> Result<Vec<Removal>, StoreError> {
        let keys: Vec<Key> = files.into_iter().map(Key::File).collect();
        let versions = self.core.store.versions(&keys).await?;
        let found = keys.into_iter().zip(versions).filter(|(_, version)| *version > 0);
        Ok(found.map(|(key, version)| Removal { key, version }).collect())
    }
}

/// Returns the file that a fact speaks of.
fn file_of(fact: &Fact) -> Option<FileId> {
    match fact {
        Fact::Said(entry) => match &entry.content {
            Content::FileUploaded { file, .. } => Some(*file),
            _ => None,
        },
        Fact::AttachmentAdded { file, .. } => Some(*file),
        _ => None,
    }
}

#[async_trait]
impl Worker for Retention {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Sweep)
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn round(&self) -> Result<(), StoreError> {
        let removed = self.remove_old().await?;
        if removed > 0 {
            tracing::info!(removed, "finished interactions were removed that are no longer kept");
        }
        Ok(())
    }
}
