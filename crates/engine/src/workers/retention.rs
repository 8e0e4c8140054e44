//! Retention: removes finished interactions that their contact center no longer keeps.
//!
//! An interaction goes with its history in one commit, which relies on how long the center keeps
//! it. Its files are deleted with it; one that another e-mail has as well becomes that one's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::chat::Content;
use handoff_domain::{Fact, FileId, Interaction, InteractionId, Media, State, Time};
use handoff_store::{
    ChangeSet, Check, FileRecord, InteractionQuery, InteractionScope, Key, Kind, Put, Record,
    Removal, StoreError, SubjectKey, Versioned,
};

use crate::core::{Core, Duty};
use crate::worker::Worker;

/// Interactions read at once: a letter may be large.
const PAGE: usize = 50;
/// Events read at once.
const HISTORY_PAGE: usize = 500;
/// How long it rests after each page and each removal, so that whoever is at work does not notice.
const REST: Duration = Duration::from_millis(20);
/// How often it looks.
const PERIOD: Duration = Duration::from_secs(60 * 60);
/// How often everything that is old enough is looked at, in ms.
const ROUND_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long after a start nothing is removed, in ms: time to notice that the clock, the center file
/// or the database is not the one that was meant.
const GRACE_MS: u64 = 60 * 60 * 1_000;

/// Removes what is no longer kept.
pub struct Retention {
    core: Arc<Core>,
    started: Time,
    /// When everything was looked at last.
    looked: Mutex<Option<Time>>,
}

/// What goes with an interaction.
struct Belongings {
    files: BTreeSet<FileId>,
    /// When the last thing happened to it, and where in the log that is.
    last: (Time, u64),
}

/// How a round ended.
enum Round {
    /// It came to the end.
    Whole(u64),
    /// The node stops, or has the duty no more.
    Broken(u64),
}

impl Retention {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let started = core.now();
        Self { core, started, looked: <_>::default() }
    }

    /// Looks at all that is old enough; returns how many interactions it removed.
    ///
    /// # Errors
    ///
    /// The store's own; what was not removed is removed in the next round.
    pub async fn remove_old(&self) -> Result<u64, StoreError> {
        match self.go_through().await? {
            Round::Whole(removed) | Round::Broken(removed) => Ok(removed),
        }
    }

    async fn go_through(&self) -> Result<Round, StoreError> {
        let Some(youngest) = self.kept_least() else { return Ok(Round::Whole(0)) };
        let floor = self.core.store.log_end().await?.floor;
        let had_duty = self.core.has_duty(Duty::Retention);
        let (mut after, mut removed) = (None, 0);
        loop {
            let page = self.core.store.list(Kind::Interaction, after, PAGE).await?;
            after = page.items.last().map(|found| found.value.key());
            for found in page.items {
                let Record::Interaction(interaction) = found.value else { continue };
                // Later ones began later.
                if interaction.id.created() > youngest {
                    return Ok(Round::Whole(removed));
                }
                let lost_duty = had_duty && !self.core.has_duty(Duty::Retention);
                if lost_duty || self.core.stopping.is_cancelled() {
                    return Ok(Round::Broken(removed));
                }
                let found = Versioned { value: interaction, version: found.version };
                if self.removed(&found, floor).await? {
                    removed += 1;
                    tokio::time::sleep(REST).await;
                }
            }
            if !page.more {
                return Ok(Round::Whole(removed));
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
        let Some(Belongings { files, last: (at, position) }) = self.belongings(interaction).await?
        else {
            return Ok(false);
        };
        // What the log still has is read with the history.
        if at >= before || position > floor {
            return Ok(false);
        }
        let removals = vec![Removal { key: Key::Interaction(interaction.id), version: *version }];
        let mut change = ChangeSet { removals, ..ChangeSet::default() };
        change.checks.push(directory.check(Key::Center(interaction.center)));
        self.part_with(interaction, files, &mut change).await?;
        match self.core.store.commit(change).await {
            Ok(_) => {
                self.core.board.forget(interaction.id);
                self.core.chats.transcripts.forget(interaction.id);
                Ok(true)
            }
            // Somebody changed it, or how long it is kept: the next round looks again.
            Err(error) => error.into_conflict().map(|_| false),
        }
    }

    /// Reads what happened to an interaction, for what it has; `None` when some of that cannot be
    /// read, as where a newer program wrote it.
    async fn belongings(
        &self,
        interaction: &Interaction,
    ) -> Result<Option<Belongings>, StoreError> {
        let mut files = files_of(interaction);
        let (subject, mut last) = (SubjectKey::Interaction(interaction.id), (Time(i64::MIN), 0));
        loop {
            let page = self.core.store.history(subject, last.1, HISTORY_PAGE).await?;
            for entry in &page.items {
                last = (entry.at, entry.position);
                files.extend(entry.facts.iter().filter_map(file_of));
            }
            if !page.more {
                break;
            }
        }
        let name = interaction.id.to_string();
        let is_aside = self.core.store.set_aside().iter().any(|one| one.row.contains(&name));
        Ok((!is_aside).then_some(Belongings { files, last }))
    }

    /// Deletes the files that an interaction alone has, and leaves the others to whoever has them
    /// as well.
    async fn part_with(
        &self,
        interaction: &Interaction,
        files: BTreeSet<FileId>,
        change: &mut ChangeSet,
    ) -> Result<(), StoreError> {
        let keys: Vec<Key> = files.into_iter().map(Key::File).collect();
        let records = self.core.store.load(&keys).await?;
        let own = records.into_iter().flatten().filter_map(|found| match found.value {
            Record::File(value)
                if value.interaction == interaction.id && value.deleted.is_none() =>
            {
                Some(Versioned { value, version: found.version })
            }
            _ => None,
        });
        let mut mates = None;
        for Versioned { value: mut file, version: expected } in own.collect::<Vec<_>>() {
            if mates.is_none() {
                mates = Some(self.mates_of(interaction).await?);
            }
            let heir = self.heir_of(&file, mates.as_deref().unwrap_or_default()).await?;
            match heir {
                Some(heir) => {
                    file.interaction = heir.value.id;
                    let (key, version) = (Key::Interaction(heir.value.id), heir.version);
                    let check = Check { key, version };
                    if !change.checks.contains(&check) {
                        change.checks.push(check);
                    }
                }
                None if file.also.len() >= FileRecord::ALSO_MAX => continue,
                // Its name goes at once; what is in it goes with the sweep of files.
                None => {
                    file.deleted = Some(self.core.now());
                    file.name.clear();
                }
            }
            change.puts.push(Put { record: Record::File(file), expected });
        }
        Ok(())
    }

    /// Returns an interaction that has a file as well, and keeps it from now on.
    async fn heir_of(
        &self,
        file: &FileRecord,
        mates: &[Versioned<Interaction>],
    ) -> Result<Option<Versioned<Interaction>>, StoreError> {
        let has = |one: &&Versioned<Interaction>| files_of(&one.value).contains(&file.id);
        if let Some(mate) = mates.iter().find(has) {
            return Ok(Some(mate.clone()));
        }
        let keys: Vec<Key> = file.also.iter().copied().map(Key::Interaction).collect();
        let found = self.core.store.load(&keys).await?.into_iter().flatten();
        let others = found.filter_map(|found| match found.value {
            Record::Interaction(value) => Some(Versioned { value, version: found.version }),
            _ => None,
        });
        Ok(others.into_iter().find(|one| files_of(&one.value).contains(&file.id)))
    }

    /// Returns the other e-mails of an e-mail's thread: what it was forwarded as, its answers.
    async fn mates_of(
        &self,
        interaction: &Interaction,
    ) -> Result<Vec<Versioned<Interaction>>, StoreError> {
        if interaction.media() != Media::Email {
            return Ok(Vec::new());
        }
        let (center, root) = (interaction.center, interaction.thread_root());
        let mut mates: Vec<Versioned<Interaction>> = Vec::new();
        let mut after: Option<InteractionId> = None;
        loop {
            let scope = InteractionScope::InThread { center, root };
            let query = InteractionQuery { after, ..InteractionQuery::of(scope, PAGE) };
            let page = self.core.store.interactions(&query).await?;
            after = page.items.last().map(|last| last.value.id);
            mates.extend(page.items.into_iter().filter(|one| one.value.id != interaction.id));
            if !page.more {
                return Ok(mates);
            }
        }
    }
}

/// Returns the files that an interaction says itself that it has.
fn files_of(interaction: &Interaction) -> BTreeSet<FileId> {
    let email = interaction.email().into_iter();
    let all = email.flat_map(|email| {
        email.attachments.iter().map(|attachment| attachment.file).chain(email.raw)
    });
    all.collect()
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
        Some(Duty::Retention)
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn round(&self) -> Result<(), StoreError> {
        let now = self.core.now();
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.is_none_or(|looked| now.ms_since(looked) >= ROUND_MS);
        if now.ms_since(self.started) < GRACE_MS || !is_due {
            return Ok(());
        }
        let (removed, is_whole) = match self.go_through().await? {
            Round::Whole(removed) => (removed, true),
            Round::Broken(removed) => (removed, false),
        };
        if removed > 0 {
            tracing::info!(removed, "finished interactions were removed that are no longer kept");
        }
        if is_whole {
            *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        Ok(())
    }
}
