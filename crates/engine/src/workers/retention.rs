//! Retention: removes finished interactions that their contact center no longer keeps.
//!
//! Contacts of whom nothing is left go as well, once nobody has heard of them for long enough.
//!
//! An interaction goes with its history in one commit, which relies on how long the center keeps
//! it. Its files are deleted with it; one that another e-mail has as well becomes that one's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::{Center, Interaction, State, Time};
use handoff_store::{
    ChangeSet, Contact, InteractionQuery, InteractionScope, Key, Kind, Record, Removal, StoreError,
    Versioned,
};

use crate::core::{Core, Duty};
use crate::privacy::{Belongings, Parting};
use crate::worker::Worker;

/// Interactions read at once: a letter may be large.
const PAGE: usize = 50;
/// Contacts read at once.
const CONTACTS_PAGE: usize = 200;
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

    /// Looks at all contacts; returns how many it removed.
    ///
    /// # Errors
    ///
    /// The store's own; what was not removed is removed in the next round.
    pub async fn remove_old_contacts(&self) -> Result<u64, StoreError> {
        match self.go_through_contacts().await? {
            Round::Whole(removed) | Round::Broken(removed) => Ok(removed),
        }
    }

    async fn go_through_contacts(&self) -> Result<Round, StoreError> {
        let is_any = |center: &Center| center.contacts_kept_ms().is_some();
        if !self.core.directory().centers.values().any(is_any) {
            return Ok(Round::Whole(0));
        }
        let had_duty = self.core.has_duty(Duty::Retention);
        let (mut after, mut removed) = (None, 0);
        loop {
            let page = self.core.store.list(Kind::Contact, after, CONTACTS_PAGE).await?;
            after = page.items.last().map(|found| found.value.key());
            for found in page.items {
                let lost_duty = had_duty && !self.core.has_duty(Duty::Retention);
                if lost_duty || self.core.stopping.is_cancelled() {
                    return Ok(Round::Broken(removed));
                }
                let Record::Contact(value) = found.value else { continue };
                if self.removed_contact(&Versioned { value, version: found.version }).await? {
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

    /// Removes a contact if nothing of theirs is left and nobody has heard of them for long enough;
    /// tells whether it did.
    async fn removed_contact(&self, found: &Versioned<Contact>) -> Result<bool, StoreError> {
        let Versioned { value: contact, version } = found;
        let directory = self.core.directory();
        let center = directory.centers.get(&contact.center);
        let Some(kept) = center.and_then(|center| center.contacts_kept_ms()) else {
            return Ok(false);
        };
        let written = contact.profile.as_ref().map(|profile| profile.at);
        if written.unwrap_or(contact.last_seen).max(contact.last_seen) >= self.before(kept) {
            return Ok(false);
        }
        let (center, id) = (contact.center, contact.id);
        let scope = InteractionScope::OfContact { center, contact: id.to_string() };
        let left = self.core.store.interactions(&InteractionQuery::of(scope, 1)).await?;
        if !left.items.is_empty() {
            return Ok(false);
        }
        // A letter of theirs that comes meanwhile writes it.
        let removals = vec![Removal { key: Key::Contact(id), version: *version }];
        let checks = vec![directory.check(Key::Center(center))];
        let change = ChangeSet { removals, checks, ..ChangeSet::default() };
        match self.core.store.commit(change).await {
            Ok(_) => Ok(true),
            Err(error) => error.into_conflict().map(|_| false),
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
        let Some(Belongings { files, last: (at, position), .. }) =
            self.core.belongings(interaction).await?
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
        self.core.part_with(interaction, files, Parting::Deleted, &mut change).await?;
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
        let (removed, mut is_whole) = match self.go_through().await? {
            Round::Whole(removed) => (removed, true),
            Round::Broken(removed) => (removed, false),
        };
        if removed > 0 {
            tracing::info!(removed, "finished interactions were removed that are no longer kept");
        }
        if is_whole {
            let (removed, is_end) = match self.go_through_contacts().await? {
                Round::Whole(removed) => (removed, true),
                Round::Broken(removed) => (removed, false),
            };
            if removed > 0 {
                tracing::info!(removed, "contacts were removed of whom nothing is left");
            }
            is_whole = is_end;
        }
        if is_whole {
            *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        Ok(())
    }
}
