//! The erasure of a contact: every word that they wrote, that was written to them and that was
//! written about them goes, and skeletons of their interactions stay (ADR 0042).
//!
//! Whoever asks for it has the contact itself removed, in one commit with a note of what is to be
//! done: [`Erasure`]. The rest is done interaction by interaction. First the words go out of the
//! log, then one commit makes the interaction a skeleton, takes it away from the contact, and
//! counts it in the note. So wherever it ends, what is left to be done is what the contact still
//! has, and nothing is counted twice.

mod known_by;

use std::sync::Arc;
use std::time::Duration;

use handoff_domain::event::{Cause, Subject};
use handoff_domain::{CenterId, ContactId, Event, Fact, Interaction, InteractionId};
use handoff_store::{
    AuditAction, AuditEntry, AuditKind, AuditSource, AuditTarget, ChangeSet, CommitError, Contact,
    Deed, ErasedCounts, Erasure, Extent, FileRecord, InteractionQuery, InteractionScope, Key, Kind,
    Page, Put, Receipt, Record, Removal, StoreError, Version, Versioned, contact_called,
};
use tokio::sync::Notify;

use super::belongings::Parting;
use crate::commands::Commands;
use crate::core::Core;

/// Interactions of a contact read at once: a letter may be large.
const PAGE: usize = 50;
/// Entries of a history whose words are taken out in one transaction.
const ENTRIES_AT_ONCE: usize = 100;
/// How long it rests after each interaction, so that whoever is at work does not notice.
const REST: Duration = Duration::from_millis(20);
/// Erasures looked at at once.
const ERASURES_AT_ONCE: usize = 50;
/// How often it is tried to begin one while letters of the contact come in.
const ATTEMPTS_MAX: usize = 8;
/// Open interactions that a refusal names.
const OPEN_NAMED_MAX: usize = 20;

/// Who wants which contact erased.
#[derive(Clone, Debug)]
pub struct WishToErase {
    pub center: CenterId,
    /// As interactions name it.
    pub contact: String,
    pub source: AuditSource,
    /// Written when it begins.
    pub receipt: Option<Receipt>,
}

/// What an erasure would find.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    pub counts: ErasedCounts,
    /// What is not over and so in the way; the newest, at most 20.
    pub open: Vec<InteractionId>,
    newest: Option<InteractionId>,
}

/// Why an erasure did not begin.
#[derive(Debug, thiserror::Error)]
pub enum NotErased {
    #[error("there is no such contact")]
    Unknown,
    /// These are not over, and maybe more.
    #[error("interactions of the contact are not over")]
    Open(Vec<InteractionId>),
    /// Whoever asks is no longer there.
    #[error("whoever asks for it is gone")]
    AskerGone,
    #[error("the contact is being written by many at once")]
    Contended,
    /// The request was carried out before.
    #[error("it was carried out before")]
    Before(Box<Receipt>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The erasures of all contact centers.
#[derive(Clone)]
pub struct Erasures {
    core: Arc<Core>,
    commands: Arc<Commands>,
    /// Notified when one began here.
    begun: Arc<Notify>,
}

/// Whether what interactions have is counted, or only looked whether they are over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    All,
    Nothing,
}

/// What became of one interaction.
enum Went {
    Erased,
    /// Somebody changed something at the same time.
    Overtaken,
}

/// Notes why an erasure did not go on, of several the first.
fn note(error: StoreError, failed: &mut Option<StoreError>) {
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "an erasure does not go on now; `handoff doctor` tells what cannot be read"
    );
    if !error.is_unreadable() {
        failed.get_or_insert(error);
    }
}

impl Erasures {
    pub(crate) fn new(core: Arc<Core>, commands: Arc<Commands>) -> Self {
        Self { core, commands, begun: Arc::default() }
    }

    pub(crate) fn begun(&self) -> Arc<Notify> {
        self.begun.clone()
    }

    /// Counts what an erasure of a contact would find now, and changes nothing; `None` of a contact
    /// of whom nothing is known.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn weigh(
        &self,
        center: CenterId,
        contact: &str,
    ) -> Result<Option<Weighed>, StoreError> {
        let contact = &contact_called(contact);
        let known = self.contact(center, contact).await?;
        let mut weighed = self.looked_at(center, contact, Counting::All).await?;
        weighed.counts.contacts = u64::from(known.is_some());
        weighed.counts.receipts += self.of_requests(center, contact).await?.len() as u64;
        Ok((known.is_some() || weighed.newest.is_some()).then_some(weighed))
    }

    /// Begins to erase a contact, durable on return; returns how far it is, when it goes on
    /// already. Letters that come afterwards are of a new contact.
    ///
    /// # Errors
    ///
    /// [`NotErased`] says why it does not begin.
    pub async fn ask(&self, wish: &WishToErase) -> Result<Erasure, NotErased> {
        let WishToErase { center, source, receipt, .. } = wish;
        let contact = &contact_called(&wish.contact);
        for _ in 0..ATTEMPTS_MAX {
            if let Some(running) = self.running(*center, contact).await? {
                return Ok(running.value);
            }
            // Before the interactions: a letter that comes in between writes the contact.
            let known = self.contact(*center, contact).await?;
            let Weighed { open, newest, .. } =
                self.looked_at(*center, contact, Counting::Nothing).await?;
            if known.is_none() && newest.is_none() {
                return Err(NotErased::Unknown);
            }
            if !open.is_empty() {
                return Err(NotErased::Open(open));
            }
            let erasure = Erasure {
                center: *center,
                contact: contact.clone(),
                asked: self.core.now(),
                source: source.clone(),
                newest,
                counts: ErasedCounts {
                    contacts: u64::from(known.is_some()),
                    ..ErasedCounts::default()
                },
            };
            let mut change = self.beginning(&erasure, known.as_ref())?;
            change.receipts.extend(receipt.clone());
            match self.commands.commits().make(change).await {
                Ok(_) => {
                    self.begun.notify_one();
                    return Ok(erasure);
                }
                Err(CommitError::Receipt(receipt)) => return Err(NotErased::Before(receipt)),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conflict { .. }) => self.core.reload_directory().await?,
                Err(CommitError::Timer(_)) => unreachable!("it checks no timers"),
            }
        }
        Err(NotErased::Contended)
    }

    /// Returns the erasure of a contact that goes on.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn running(
        &self,
        center: CenterId,
        contact: &str,
    ) -> Result<Option<Versioned<Erasure>>, StoreError> {
        let key = Erasure::key_of(center, &contact_called(contact));
        let found = self.core.store.load_one(&key).await?;
        Ok(found.and_then(|found| match found.value {
            Record::Erasure(value) => Some(Versioned { value, version: found.version }),
            _ => None,
        }))
    }

    /// Goes on with all erasures to their ends; returns how many are over.
    ///
    /// # Errors
    ///
    /// The store's first; what was not erased is erased in the next round. One that fails keeps the
    /// others from nothing, and neither does one of whom something cannot be read.
    pub async fn go_on(&self) -> Result<u64, StoreError> {
        let (mut after, mut over, mut failed) = (None, 0, None);
        loop {
            let page = self.core.store.list(Kind::Erasure, after, ERASURES_AT_ONCE).await?;
            after = page.items.last().map(|found| found.value.key());
            let mut done = Vec::new();
            for found in page.items {
                let Record::Erasure(value) = found.value else { continue };
                let found = Versioned { value, version: found.version };
                match self.carry_out(found).await {
                    Ok(erasure) => done.extend(erasure),
                    Err(error) => note(error, &mut failed),
                }
            }
            if !done.is_empty() && self.is_scrubbed().await {
                for erasure in done {
                    match self.end(erasure).await {
                        Ok(is_over) => over += u64::from(is_over),
                        Err(error) => note(error, &mut failed),
                    }
                }
            }
            if !page.more || self.core.is_stopping() {
                return failed.map_or(Ok(over), Err);
            }
        }
    }

    /// Sees to it that what was replaced is gone from the store's own files, before anybody is told
    /// that it is; tells whether it is gone.
    async fn is_scrubbed(&self) -> bool {
        let scrubbed = self.core.store.scrub().await;
        if let Err(error) = &scrubbed {
            // A backup may read for long, and keeps nobody from anything else.
            tracing::info!(error = %error, "the end of an erasure waits");
        }
        scrubbed.is_ok()
    }

    /// Returns the files of an interaction that are there, also those that are another's as well.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn files_of(&self, interaction: &Interaction) -> Result<Vec<FileRecord>, StoreError> {
        let belongings = self.core.belongings(interaction).await?;
        let files = belongings.map(|belongings| belongings.files).unwrap_or_default();
        let keys: Vec<Key> = files.into_iter().map(Key::File).collect();
        let found = self.core.store.load(&keys).await?.into_iter().flatten();
        Ok(found
            .filter_map(|found| match found.value {
                Record::File(file) if file.deleted.is_none() => Some(file),
                _ => None,
            })
            .collect())
    }

    async fn contact(
        &self,
        center: CenterId,
        contact: &str,
    ) -> Result<Option<Versioned<Contact>>, StoreError> {
        // Whoever submits an interaction may call its contact whatever they like.
        let Ok(id) = contact.parse::<ContactId>() else { return Ok(None) };
        let found = self.core.load_contact(id).await?;
        Ok(found.filter(|found| found.value.center == center))
    }

    /// Reads interactions of a contact, the newest first, below one. With `strict` none is left out
    /// that cannot be read.
    async fn page(
        &self,
        center: CenterId,
        contact: &str,
        after: Option<InteractionId>,
        strict: bool,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let scope = InteractionScope::OfContact { center, contact: contact.to_owned() };
        let query = InteractionQuery { after, strict, ..InteractionQuery::of(scope, PAGE) };
        self.core.store.interactions(&query).await
    }

    /// Looks at all interactions of a contact. Where one cannot be read nobody knows whether it is
    /// over.
    async fn looked_at(
        &self,
        center: CenterId,
        contact: &str,
        counting: Counting,
    ) -> Result<Weighed, StoreError> {
        let (mut weighed, mut after) = (Weighed::default(), None);
        loop {
            let page = self.page(center, contact, after, true).await?;
            after = page.items.last().map(|last| last.value.id);
            weighed.newest = weighed.newest.or(page.items.first().map(|first| first.value.id));
            for Versioned { value: interaction, .. } in &page.items {
                if !interaction.is_ended() && weighed.open.len() < OPEN_NAMED_MAX {
                    weighed.open.push(interaction.id);
                }
                if counting == Counting::All {
                    let (counts, _) = self.erased_of(interaction, Deed::Count).await?;
                    weighed.counts.add(&counts);
                }
            }
            if !page.more {
                return Ok(weighed);
            }
        }
    }

    /// Returns the commit that begins an erasure.
    fn beginning(
        &self,
        erasure: &Erasure,
        known: Option<&Versioned<Contact>>,
    ) -> Result<ChangeSet, NotErased> {
        let directory = self.core.directory();
        let mut change = ChangeSet {
            directory: Some(directory.guard(erasure.center, Extent::Checked)),
            ..ChangeSet::default()
        };
        if let Some(by) = &erasure.source.by {
            let user = directory.user(erasure.center, by.id).filter(|user| user.enabled);
            change.checks.push(directory.check(Key::User(user.ok_or(NotErased::AskerGone)?.id)));
        }
        change.removals.extend(
            known
                .map(|known| Removal { key: Key::Contact(known.value.id), version: known.version }),
        );
        change.puts.push(Put { record: Record::Erasure(erasure.clone()), expected: 0 });
        change.puts.push(self.entry(erasure, AuditAction::ErasureBegan).put());
        Ok(change)
    }

    fn entry(&self, erasure: &Erasure, action: AuditAction) -> AuditEntry {
        let apart =
            u64::try_from(self.core.ids.random() & u128::from(u64::MAX)).unwrap_or_default();
        let (now, source) = (self.core.now(), erasure.source.clone());
        let target = AuditTarget {
            kind: AuditKind::Contact,
            id: erasure.contact.clone(),
            // Their name is among what goes.
            name: String::new(),
        };
        AuditEntry::of(erasure.center, now, apart, action, source).on(target)
    }

    /// Erases all that a contact had when it was asked for; returns it where nothing of that is
    /// left.
    async fn carry_out(
        &self,
        mut erasure: Versioned<Erasure>,
    ) -> Result<Option<Versioned<Erasure>>, StoreError> {
        let Erasure { center, contact, newest, .. } = erasure.value.clone();
        let Some(newest) = newest else { return self.forgotten(erasure).await };
        // What is newer is of whoever came afterwards.
        let beyond = Some(InteractionId(newest.0.saturating_add(1)));
        let (mut after, mut is_overtaken) = (beyond, false);
        loop {
            let page = self.page(center, &contact, after, false).await?;
            after = page.items.last().map(|last| last.value.id);
            for found in page.items.iter().filter(|found| found.value.is_ended()) {
                if self.core.is_stopping() {
                    return Ok(None);
                }
                match self.erase(&mut erasure, found).await? {
                    Went::Erased => {}
                    Went::Overtaken => {
                        is_overtaken = true;
                        let Some(now) = self.running(center, &contact).await? else {
                            return Ok(None);
                        };
                        erasure = now;
                    }
                }
                tokio::time::sleep(REST).await;
            }
            if !page.more {
                break;
            }
        }
        if is_overtaken {
            self.begun.notify_one();
            return Ok(None);
        }
        let left = self.page(center, &contact, beyond, true).await?.items;
        if let Some(Versioned { value: left, .. }) = left.first() {
            // It began afterwards on a node whose clock is behind, or came to the contact late.
            tracing::warn!(interaction = %left.id, "an erasure waits until an interaction is over");
            return Ok(None);
        }
        self.forgotten(erasure).await
    }

    /// Makes one interaction a skeleton.
    async fn erase(
        &self,
        erasure: &mut Versioned<Erasure>,
        found: &Versioned<Interaction>,
    ) -> Result<Went, StoreError> {
        let Versioned { value: interaction, version } = found;
        let (counts, mut change) = self.erased_of(interaction, Deed::Erase).await?;
        let mut after = interaction.clone();
        after.erase();
        let by = erasure.value.source.by.as_ref();
        change.events.push(Event {
            at: self.core.now(),
            cause: by.map_or(Cause::Operator, |by| Cause::User(by.id)),
            facts: vec![Fact::Erased],
            subject: Subject::Interaction(after.clone()),
            notices: Vec::new(),
        });
        let id = after.id;
        change.puts.push(Put { record: Record::Interaction(after), expected: *version });
        let mut noted = erasure.value.clone();
        noted.counts.add(&counts);
        let expected = erasure.version;
        change.puts.push(Put { record: Record::Erasure(noted.clone()), expected });
        match self.commands.commits().make(change).await {
            Ok(_) => {
                self.core.chats.transcripts.forget(id);
                *erasure = Versioned { value: noted, version: expected + 1 };
                Ok(Went::Erased)
            }
            Err(error) => {
                self.core.board.forget(id);
                error.into_conflict().map(|_| Went::Overtaken)
            }
        }
    }

    /// Takes the words of an interaction out of the log, or counts them. Returns what there is of
    /// it, and what beside its record is to be written with it.
    async fn erased_of(
        &self,
        interaction: &Interaction,
        deed: Deed,
    ) -> Result<(ErasedCounts, ChangeSet), StoreError> {
        let id = interaction.id;
        let mut counts = ErasedCounts { interactions: 1, ..ErasedCounts::default() };
        let mut after = Some(0);
        while let Some(from) = after {
            let words = self.core.store.erase_words(id, from, ENTRIES_AT_ONCE, deed).await?;
            counts.log_entries += words.log_entries;
            counts.stream_rows += words.stream_rows;
            after = words.next;
        }
        let belongings = self.core.belongings(interaction).await?;
        let belongings = belongings.ok_or_else(|| StoreError::Corrupt {
            what: format!("what happened to the interaction {id} cannot be read whole"),
        })?;
        counts.history_entries = belongings.entries;
        counts.messages = belongings.messages;
        let mut change = ChangeSet::default();
        self.core.part_with(interaction, belongings.files, Parting::Erased, &mut change).await?;
        let gone = change.puts.iter().filter_map(|put| match &put.record {
            Record::File(file) if file.erased => Some(file.bytes),
            _ => None,
        });
        (counts.files, counts.file_bytes) =
            gone.fold((0, 0), |(files, all), bytes| (files + 1, all + bytes));
        change.receipts_forgotten = self.of_interaction(interaction).await?;
        counts.receipts = change.receipts_forgotten.len() as u64;
        let marks = Key::ChatMarks(id);
        let version = self.version(&marks).await?;
        if version > 0 {
            change.removals.push(Removal { key: marks, version });
            counts.chat_marks = 1;
        }
        Ok((counts, change))
    }

    async fn version(&self, key: &Key) -> Result<Version, StoreError> {
        let versions = self.core.store.versions(std::slice::from_ref(key)).await?;
        Ok(versions.first().copied().unwrap_or_default())
    }

    /// Ends an erasure of which nothing is left to be done: it becomes an entry of the audit, with
    /// the receipt.
    async fn end(&self, erasure: Versioned<Erasure>) -> Result<bool, StoreError> {
        let Versioned { value: erasure, version } = erasure;
        let receipt = self.core.erasure_receipt(&erasure, self.core.now()).await?;
        let mut entry = self.entry(&erasure, AuditAction::Erased);
        entry.receipt = Some(receipt);
        let key = Erasure::key_of(erasure.center, &erasure.contact);
        let change = ChangeSet {
            removals: vec![Removal { key, version }],
            puts: vec![entry.put()],
            ..ChangeSet::default()
        };
        match self.core.store.commit(change).await {
            Ok(_) => {
                tracing::info!(
                    interactions = erasure.counts.interactions,
                    "a contact was erased; the receipt is in the audit"
                );
                Ok(true)
            }
            // Another node was faster.
            Err(error) => error.into_conflict().map(|_| false),
        }
    }
}
