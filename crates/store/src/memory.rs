//! The model: a store that keeps everything in maps under one lock.
//!
//! It says in the plainest way what a store must do, and the other stores are compared with it.
//! Nothing survives the process, so it is for tests and for trying things out.

mod directories;
mod log;
mod promised;
mod select;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use handoff_domain::{
    CenterId, Incarnation, Interaction, InteractionId, Owner, Time, Topic, UserId,
};

use crate::change_set::{ChangeSet, Extent, Guard, Receipt, Timer, TimerKey};
use crate::committed::Committed;
use crate::contact_words::{FoundWord, WordQuery};
use crate::directory::{DirectoryEntry, DirectoryPage};
use crate::erased::{Deed, ErasedWords};
use crate::error::{CommitError, StoreError};
use crate::leases::Leases;
use crate::log::{LogEnd, LogEntry, SubjectKey, Told};
use crate::missed::{Missed, Search};
use crate::nodes::{AboutNode, LivingNode};
use crate::promised::{PromisedEnd, PromisedRow};
use crate::query::{
    Head, HistoryEntry, InteractionQuery, PAGE_BYTES_MAX, PLACES, Page, StreamRow, place,
};
use crate::record::{Key, Kind, Part, Record, Version, Versioned};
use crate::store::{Lease, Store, SweepReport};
use directories::Directories;
use log::Log;
use promised::Promised;

#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    records: BTreeMap<Key, Versioned<Record>>,
    timers: BTreeMap<TimerKey, Time>,
    receipts: BTreeMap<(String, String), Receipt>,
    log: Log,
    promised: Promised,
    leases: Leases,
    directories: Directories,
}

impl MemoryStore {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self, attempted: &'static str) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(StoreError::Unavailable {
                attempted,
                source: "the store is closed".into(),
            });
        }
        Ok(state)
    }
}

impl State {
    fn version(&self, key: &Key) -> Version {
        self.records.get(key).map_or(0, |record| record.version)
    }

    /// Tells why the change cannot be applied; the receipts come before the guards.
    fn refuse(&self, change: &ChangeSet) -> Result<(), CommitError> {
        for receipt in &change.receipts {
            if let Some(existing) = self.receipts.get(&(receipt.scope.clone(), receipt.key.clone()))
            {
                return Err(CommitError::Receipt(Box::new(existing.clone())));
            }
        }
        let is_present = match &change.directory {
            Some(guard) if self.directories.is_as_seen(guard) => true,
            Some(guard) if guard.extent == Extent::Whole => {
                return Err(CommitError::Conflict { key: Key::Center(guard.center) });
            }
            Some(_) | None => false,
        };
        let is_known = |check: &&Guard| is_present && check.key.kind().part() == Part::Directory;
        let puts = change.puts.iter().map(|put| (put.record.key(), put.expected));
        let checks = change.checks.iter().filter(|check| !is_known(check));
        let others = change.removals.iter().chain(checks);
        let mut guards: Vec<_> =
            puts.chain(others.map(|guard| (guard.key.clone(), guard.version))).collect();
        guards.sort();
        if let Some((key, _)) =
            guards.into_iter().find(|(key, version)| self.version(key) != *version)
        {
            return Err(CommitError::Conflict { key });
        }
        let is_other = |timer: &&Timer| self.timers.get(&timer.key) != Some(&timer.due);
        match change.timers_checked.iter().find(is_other) {
            Some(timer) => Err(CommitError::Timer(timer.key)),
            None => Ok(()),
        }
    }

    fn apply(&mut self, change: ChangeSet) -> Committed {
        self.directories.note(&change);
        for put in change.puts.iter().cloned() {
            let versioned = Versioned { version: put.expected + 1, value: put.record };
            self.records.insert(versioned.value.key(), versioned);
        }
        for removal in change.removals {
            self.records.remove(&removal.key);
            if let Key::Interaction(id) = removal.key {
                self.log.forget(SubjectKey::Interaction(id));
            }
        }
        for key in change.timers_cleared {
            self.timers.remove(&key);
        }
        for timer in change.timers_done {
            if self.timers.get(&timer.key) == Some(&timer.due) {
                self.timers.remove(&timer.key);
            }
        }
        for timer in change.timers_set {
            self.timers.insert(timer.key, timer.due);
        }
        for timer in change.timers_put_off {
            let due = self.timers.entry(timer.key).or_insert(timer.due);
            *due = timer.due.max(*due);
        }
        for name in change.receipts_forgotten {
            self.receipts.remove(&name);
        }
        for receipt in change.receipts {
            self.receipts.insert((receipt.scope.clone(), receipt.key.clone()), receipt);
        }
        let added = self.log.append(&change.events);
        self.promised.append(change.promised);
        Committed::of(self.log.end().position, change.puts, change.events, added)
    }

    fn sweep_receipts(&mut self, now: Time, limit: usize) -> u64 {
        let mut expired: Vec<_> = self
            .receipts
            .iter()
            .filter_map(|(key, receipt)| Some((receipt.expires?, key.clone())))
            .filter(|(expires, _)| *expires <= now)
            .collect();
        expired.sort();
        expired.truncate(limit);
        for (_, key) in &expired {
            self.receipts.remove(key);
        }
        expired.len() as u64
    }

    /// Removes the oldest records of those that `age` knows the age of, up to a time.
    fn sweep_records(
        &mut self,
        until: Time,
        limit: usize,
        age: impl Fn(&Record) -> Option<Time>,
    ) -> u64 {
        let of =
            |(key, record): (&Key, &Versioned<Record>)| Some((age(&record.value)?, key.clone()));
        let mut old: Vec<_> =
            self.records.iter().filter_map(of).filter(|(at, _)| *at <= until).collect();
        old.sort();
        old.truncate(limit);
        for (_, key) in &old {
            self.records.remove(key);
        }
        old.len() as u64
    }

    fn sweep_logins(&mut self, before: Time, limit: usize) -> u64 {
        let until = Time(before.0.saturating_sub(1));
        self.sweep_records(until, limit, |record| match record {
            Record::LoginSession(session) => Some(session.last_used),
            _ => None,
        })
    }

    fn sweep_claims(&mut self, now: Time, limit: usize) -> u64 {
        self.sweep_records(now, limit, |record| match record {
            Record::Claim(claim) => Some(claim.until),
            _ => None,
        })
    }

    fn sweep_chat_marks(&mut self, now: Time, limit: usize) -> u64 {
        self.sweep_records(now, limit, |record| match record {
            Record::ChatMarks(marks) => Some(marks.until),
            _ => None,
        })
    }

    fn sweep_audit(&mut self, now: Time, limit: usize) -> u64 {
        self.sweep_records(now, limit, |record| match record {
            Record::AuditEntry(entry) => Some(entry.until),
            _ => None,
        })
    }

    fn interactions(&self) -> impl Iterator<Item = (&Interaction, Version)> {
        self.records.values().filter_map(|record| match &record.value {
            Record::Interaction(interaction) => Some((interaction, record.version)),
            _ => None,
        })
    }
}

/// Takes a page from all results, up to `limit` and to [`PAGE_BYTES_MAX`] by `weight`; a page may
/// be longer only where `together` holds between its last and the next.
fn page<T>(
    all: impl Iterator<Item = T>,
    limit: usize,
    weight: impl Fn(&T) -> usize,
    together: impl Fn(&T, &T) -> bool,
) -> Page<T> {
    let (mut items, mut bytes) = (Vec::<T>::new(), 0_usize);
    for next in all {
        let is_full = items.len() >= limit || bytes >= PAGE_BYTES_MAX;
        if is_full && !items.last().is_some_and(|last| together(last, &next)) {
            return Page { items, more: true };
        }
        bytes += weight(&next);
        items.push(next);
    }
    Page { items, more: false }
}

fn rows_page(all: impl Iterator<Item = StreamRow>, limit: usize) -> Page<StreamRow> {
    page(all, limit, StreamRow::weight, |last, next| last.position == next.position)
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, change: ChangeSet) -> Result<Committed, CommitError> {
        debug_assert!(change.guards_what_it_clears(), "a timer is cleared by its name alone");
        let mut state = self.state("committing")?;
        state.refuse(&change)?;
        Ok(state.apply(change))
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        let state = self.state("loading records")?;
        Ok(keys.iter().map(|key| state.records.get(key).cloned()).collect())
    }

    async fn versions(&self, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
        let state = self.state("reading versions")?;
        Ok(keys.iter().map(|key| state.version(key)).collect())
    }

    async fn list(
        &self,
        kind: Kind,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        let state = self.state("listing records")?;
        let all = state
            .records
            .iter()
            .filter(|(key, _)| {
                key.kind() == kind && after.as_ref().is_none_or(|after| *key > after)
            })
            .map(|(_, record)| record.clone());
        Ok(page(all, limit, |_| 0, |_, _| false))
    }

    async fn directory_versions(&self) -> Result<BTreeMap<CenterId, Version>, StoreError> {
        Ok(self.state("reading how often directories were changed")?.directories.versions.clone())
    }

    async fn directory_after(
        &self,
        center: CenterId,
        version: Version,
        limit: usize,
    ) -> Result<DirectoryPage, StoreError> {
        let state = self.state("reading what was changed in a directory")?;
        let (version, changed, more) = state.directories.changed_after(center, version, limit);
        let entry = |key: Key| match state.records.get(&key) {
            Some(record) => DirectoryEntry::Is(record.clone()),
            None => DirectoryEntry::Gone(key),
        };
        Ok(DirectoryPage { version, entries: changed.into_iter().map(entry).collect(), more })
    }

    async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let state = self.state("querying interactions")?;
        let mut all: Vec<_> = state
            .interactions()
            .filter(|(interaction, _)| select::is_selected(interaction, query))
            .collect();
        if query.scope.is_newest_first() {
            all.reverse();
        }
        let all = all
            .into_iter()
            .map(|(interaction, version)| Versioned { value: interaction.clone(), version });
        Ok(page(all, query.limit, |item| item.value.weight(), |_, _| false))
    }

    async fn contact_words(&self, query: &WordQuery) -> Result<Page<FoundWord>, StoreError> {
        let state = self.state("looking for contacts")?;
        let contacts = state.records.values().filter_map(|record| match &record.value {
            Record::Contact(contact) => Some(contact),
            _ => None,
        });
        Ok(page(query.of_all(contacts).into_iter(), query.limit, |_| 0, |_, _| false))
    }

    async fn census(&self, center: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let state = self.state("counting interactions")?;
        let mut counts = PLACES.map(|place| (place, 0));
        for (interaction, _) in
            state.interactions().filter(|(interaction, _)| interaction.center == center)
        {
            let place = place(interaction);
            if let Some((_, count)) = counts.iter_mut().find(|(name, _)| *name == place) {
                *count += 1;
            }
        }
        Ok(counts.to_vec())
    }

    async fn timers(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        let state = self.state("reading timers")?;
        let mut all: Vec<_> = state.timers.iter().map(|(key, due)| (*due, *key)).collect();
        all.sort();
        let count = all.iter().take(limit).take_while(|(due, _)| *due <= now).count();
        let next = all.get(count).map(|(due, _)| *due);
        Ok((all.into_iter().take(count).map(|(due, key)| Timer { key, due }).collect(), next))
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        Ok(self.state("reading the end of the log")?.log.end())
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Page<LogEntry>, StoreError> {
        let state = self.state("reading the log")?;
        let all = state.log.after(position)?.map(|(at, event)| LogEntry::of(at, event));
        Ok(page(all, limit, LogEntry::weight, |_, _| false))
    }

    async fn told_after(&self, position: u64, limit: usize) -> Result<Page<Told>, StoreError> {
        let state = self.state("reading who was told")?;
        let all = state.log.after(position)?.map(|(at, event)| Told::of(at, event));
        Ok(page(all, limit, Told::weight, |_, _| false))
    }

    async fn renew_generation(&self) -> Result<LogEnd, StoreError> {
        Ok(self.state("renewing the log")?.log.renew())
    }

    async fn stream(
        &self,
        owner: Owner,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError> {
        let state = self.state("reading a stream")?;
        Ok(rows_page(state.log.rows(owner, after), limit))
    }

    async fn head(&self, owner: Owner) -> Result<Head, StoreError> {
        Ok(self.state("reading a head")?.log.head(owner))
    }

    async fn missed(
        &self,
        owner: Owner,
        after: &BTreeMap<Topic, u64>,
        limit: usize,
    ) -> Result<Missed, StoreError> {
        let state = self.state("reading what was missed")?;
        let (head, Search { oldest, first, .. }) = state.log.missed(owner, after);
        // Before the first there is none.
        let rows = first.map(|first| state.log.rows(owner, first - 1));
        let rows = rows_page(rows.into_iter().flatten(), limit);
        Ok(Missed { head, oldest, rows, promised: state.promised.last() })
    }

    async fn promised(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<PromisedRow>, StoreError> {
        let state = self.state("reading promised answers")?;
        let all = state.promised.after(user, after);
        Ok(page(all, limit, |row| row.body.len(), |_, _| false))
    }

    async fn promised_after(&self, number: u64) -> Result<PromisedEnd, StoreError> {
        Ok(self.state("reading who was promised answers")?.promised.end(number))
    }

    async fn history(
        &self,
        subject: SubjectKey,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let state = self.state("reading a history")?;
        let all = state
            .log
            .history
            .iter()
            .filter(|((key, position), _)| *key == subject && *position > after)
            .map(|(_, entry)| entry.clone());
        Ok(page(all, limit, |_| 0, |_, _| false))
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<Receipt>, StoreError> {
        let state = self.state("reading a receipt")?;
        Ok(state.receipts.get(&(scope.to_owned(), key.to_owned())).cloned())
    }

    async fn receipts_beginning(
        &self,
        scope: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        let state = self.state("looking for receipts")?;
        let from = (scope.to_owned(), beginning.to_owned());
        let found = state.receipts.range(from..).map(|(_, receipt)| receipt);
        let is_one = |it: &&Receipt| it.scope == scope && it.key.starts_with(beginning);
        Ok(found.take_while(is_one).take(limit).cloned().collect())
    }

    async fn erase_words(
        &self,
        interaction: InteractionId,
        _after: u64,
        _limit: usize,
        deed: Deed,
    ) -> Result<ErasedWords, StoreError> {
        Ok(self.state("taking the words out of the log")?.log.erase(interaction, deed))
    }

    async fn sweep(
        &self,
        now: Time,
        streams_before: Time,
        logins_before: Time,
        limit: usize,
    ) -> Result<SweepReport, StoreError> {
        let mut state = self.state("sweeping")?;
        let (log_entries, stream_rows) = state.log.sweep(streams_before, limit);
        Ok(SweepReport {
            log_entries,
            stream_rows,
            receipts: state.sweep_receipts(now, limit),
            login_sessions: state.sweep_logins(logins_before, limit),
            promised: state.promised.sweep(now, limit),
            claims: state.sweep_claims(now, limit),
            chat_marks: state.sweep_chat_marks(now, limit),
            audit_entries: state.sweep_audit(now, limit),
        })
    }

    async fn latest(&self) -> Result<Option<Time>, StoreError> {
        let state = self.state("reading the latest time")?;
        let told = state.log.latest();
        let interactions = state.records.keys().filter_map(|key| match key {
            Key::Interaction(id) => Some(id.created()),
            _ => None,
        });
        Ok(told.into_iter().chain(interactions).max())
    }

    async fn begin_lease(&self, node: Incarnation, for_ms: u64) -> Result<(), StoreError> {
        self.state("beginning a lease")?.leases.begin(node, for_ms);
        Ok(())
    }

    async fn renew_lease(&self, node: Incarnation, for_ms: u64) -> Result<Lease, StoreError> {
        Ok(self.state("renewing a lease")?.leases.renew(node, for_ms))
    }

    async fn end_lease(&self, node: Incarnation) -> Result<(), StoreError> {
        self.state("ending a lease")?.leases.end(node);
        Ok(())
    }

    async fn living(&self) -> Result<BTreeSet<Incarnation>, StoreError> {
        Ok(self.state("reading who lives")?.leases.living())
    }

    async fn take_duties(
        &self,
        node: Incarnation,
        wanted: &[&str],
    ) -> Result<BTreeSet<String>, StoreError> {
        Ok(self.state("taking duties")?.leases.take_duties(node, wanted))
    }

    async fn leave_duties(&self, node: Incarnation, names: &[&str]) -> Result<(), StoreError> {
        self.state("leaving duties")?.leases.leave_duties(node, names);
        Ok(())
    }

    async fn describe_node(&self, node: Incarnation, about: AboutNode) -> Result<(), StoreError> {
        self.state("describing a node")?.leases.describe(node, about);
        Ok(())
    }

    async fn nodes(&self) -> Result<Vec<LivingNode>, StoreError> {
        Ok(self.state("reading the nodes")?.leases.nodes())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.state("taking commits").map(|_| ())
    }

    async fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }
}
