//! What is wrong with a node and no reason to take it out of service: it is told on `/readyz`, in
//! one sentence of a closed set, and logged when it begins and when it is over.
//!
//! A load balancer that heard of it by a 503 would send everybody to the other nodes, which have
//! the same mailbox, outbox and, mostly, disk (ADR 0035).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_content::space::{DiskSpace, Space as _};
use handoff_domain::Time;
use handoff_engine::{Core, Worker};
use handoff_postoffice::Fetching;
use handoff_store::StoreError;

use crate::alerts::{Present, Watch};
use crate::tls::Serving;

/// How often is looked: soon enough for whoever watches.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// How long a mailbox may fail, in ms: a restart of its server is shorter.
const MAILBOX_MAX_MS: u64 = 5 * 60_000;
/// How long a mail may wait to be sent, in ms: longer than a relay's greylisting and the first
/// two tries.
const OUTBOX_MAX_MS: u64 = 10 * 60_000;
/// How far a reader of the log may be behind it, in entries and for how long, in ms: a busy
/// minute's.
const READER_BEHIND_MAX: u64 = 10_000;
const READER_MAX_MS: u64 = 60_000;

/// What there is to look at: what is wrong now, by name, and since when.
type Look = dyn Fn(Time) -> BTreeMap<String, Time> + Send + Sync;

/// A kind of trouble.
pub(crate) struct Trouble {
    core: Arc<Core>,
    /// Where it is said for those whom mails tell of it.
    said: Arc<Present>,
    name: &'static str,
    /// What is said of it to anybody: names are for the log.
    sentence: &'static str,
    /// How long something may be wrong before it is one.
    patience_ms: u64,
    look: Box<Look>,
    /// What is in trouble, and since when.
    present: Mutex<BTreeMap<String, Time>>,
}

impl Trouble {
    fn new(
        Watch { core, said }: &Watch,
        (name, sentence): (&'static str, &'static str),
        patience_ms: u64,
        look: impl Fn(Time) -> BTreeMap<String, Time> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (core, said, look) = (core.clone(), said.clone(), Box::new(look));
        Arc::new(Self { core, said, name, sentence, patience_ms, look, present: Mutex::default() })
    }

    /// Looks what is wrong for too long, and logs what is new and what is over.
    fn look(&self, now: Time) {
        let mut found = (self.look)(now);
        found.retain(|_, since| now.ms_since(*since) >= self.patience_ms);
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, since) in found.iter().filter(|(what, _)| !present.contains_key(*what)) {
            let for_s = now.ms_since(*since) / 1_000;
            tracing::error!(trouble = self.name, what, for_s, "{}", self.sentence);
        }
        for what in present.keys().filter(|what| !found.contains_key(*what)) {
            tracing::info!(trouble = self.name, what, "this is over: {}", self.sentence);
        }
        self.said.set(self.name, self.sentence, &found);
        *present = found;
    }
}

#[async_trait]
impl Worker for Trouble {
    fn name(&self) -> &'static str {
        self.name
    }

    fn period(&self) -> Duration {
        LOOKED_EVERY
    }

    fn detail(&self) -> Option<String> {
        let count = self.present.lock().unwrap_or_else(PoisonError::into_inner).len();
        (count > 0).then(|| format!("{} ({count}; see the log)", self.sentence))
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.look(self.core.now());
        Ok(())
    }
}

/// Returns what looks for each kind of trouble.
pub(super) fn all(
    watch: &Watch,
    fetching: Arc<Fetching>,
    space: Arc<DiskSpace>,
    certificate: Option<Arc<Serving>>,
) -> impl Iterator<Item = Arc<dyn Worker>> + use<> {
    let certificate = certificate.map(|serving| self::certificate(watch, serving));
    let all = [mailboxes(watch, fetching), outgoing(watch), readers(watch), room(watch, space)];
    all.into_iter().chain(certificate).map(|trouble| -> Arc<dyn Worker> { trouble })
}

fn mailboxes(watch: &Watch, fetching: Arc<Fetching>) -> Arc<Trouble> {
    let told = ("mailboxes", "a mailbox cannot be fetched for five minutes");
    Trouble::new(watch, told, MAILBOX_MAX_MS, move |_| {
        let states = fetching.states().into_iter();
        states.filter_map(|(address, state)| Some((address, state.failing_since?))).collect()
    })
}

fn outgoing(watch: &Watch) -> Arc<Trouble> {
    let told = ("outgoing mail", "a mail waits for ten minutes to be sent");
    let looked_at = watch.core.clone();
    Trouble::new(watch, told, OUTBOX_MAX_MS, move |_| {
        let oldest = looked_at.backlog().and_then(|backlog| backlog.since);
        oldest.map(|since| ("the outbox".to_owned(), since)).into_iter().collect()
    })
}

fn readers(watch: &Watch) -> Arc<Trouble> {
    let told = ("readers", "a reader of the log is far behind it");
    let (looked_at, known) = (watch.core.clone(), Mutex::<BTreeMap<String, Time>>::default());
    Trouble::new(watch, told, READER_MAX_MS, move |now| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = looked_at.readers_behind().into_iter();
        let behind = behind.filter(|(_, entries)| *entries > READER_BEHIND_MAX);
        *known = behind
            .map(|(reader, _)| {
                let since = known.get(&reader).copied().unwrap_or(now);
                (reader, since)
            })
            .collect();
        known.clone()
    })
}

fn room(watch: &Watch, space: Arc<DiskSpace>) -> Arc<Trouble> {
    let told = ("room", "the disk has less room than is reserved; strangers are refused");
    Trouble::new(watch, told, 0, move |now| {
        space.is_short().then(|| ("store.reserve_bytes".to_owned(), now)).into_iter().collect()
    })
}

fn certificate(watch: &Watch, serving: Arc<Serving>) -> Arc<Trouble> {
    let told = ("certificate", "the server's certificate expires within two weeks, or has");
    Trouble::new(watch, told, 0, move |now| {
        serving.is_bad(now).then(|| ("tls.certificate".to_owned(), now)).into_iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use handoff_bus::LocalBus;
    use handoff_engine::{Options, Parts, SystemClock, SystemIds};
    use handoff_store::MemoryStore;

    use super::*;

    async fn core() -> Arc<Core> {
        let core = Core::open(Parts {
            store: Arc::new(MemoryStore::default()),
            bus: Arc::new(LocalBus::default()),
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds::default()),
            options: Options::default(),
        });
        core.await.unwrap()
    }

    #[tokio::test]
    async fn what_is_wrong_for_long_is_told_without_names_until_it_is_over() {
        let wrong = Arc::new(Mutex::new(BTreeMap::from([("a@demo.example".to_owned(), Time(0))])));
        let seen = wrong.clone();
        let watch = Watch { core: core().await, said: Arc::default() };
        let trouble = Trouble::new(&watch, ("mailboxes", "it fails"), 300, move |_| {
            seen.lock().unwrap().clone()
        });
        let told = |now| {
            trouble.look(Time(now));
            trouble.detail()
        };
        assert_eq!(told(299), None);
        assert_eq!(told(300).as_deref(), Some("it fails (1; see the log)"));
        wrong.lock().unwrap().insert("b@demo.example".to_owned(), Time(100));
        assert_eq!(told(400).as_deref(), Some("it fails (2; see the log)"));
        wrong.lock().unwrap().clear();
        assert_eq!(told(401), None);
    }

    #[tokio::test]
    async fn a_mailbox_may_fail_for_five_minutes() {
        let fetching: Arc<Fetching> = Arc::default();
        let watch = Watch { core: core().await, said: Arc::default() };
        let trouble = mailboxes(&watch, fetching.clone());
        fetching.failed("a@demo.example", Time(0));
        trouble.look(Time(299_999));
        assert_eq!(trouble.detail(), None);
        trouble.look(Time(300_000));
        assert!(trouble.detail().is_some_and(|said| !said.contains('@')));
        fetching.went_well("a@demo.example", Time(300_001));
        trouble.look(Time(300_001));
        assert_eq!(trouble.detail(), None);
    }
}
