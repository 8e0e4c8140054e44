//! An intake that remembers: what is in it is durable.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use handoff_domain::id::InteractionId;
use handoff_mail::ports::{Arrival, Checkpoint, Checkpoints, Extent, Intake, NotNow, Taken};

/// What the intake does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    /// What it should.
    #[default]
    Honest,
    /// It answers before anything is durable, and then nothing is: the control.
    Hasty,
}

/// Taken messages and checkpoints.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    manner: Manner,
    taken: Mutex<Vec<Arrival>>,
    known: Mutex<BTreeMap<(String, Vec<u8>), InteractionId>>,
    checkpoints: Mutex<HashMap<(String, String), Checkpoint>>,
    /// How many more times it is not possible now.
    pub(crate) not_now: AtomicUsize,
    /// Messages with this in them are refused.
    pub(crate) refuse: Mutex<Option<Vec<u8>>>,
    calls: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(manner: Manner) -> Self {
        Self { manner, ..Self::default() }
    }

    /// Whether this message is durable: taken in, or refused for good.
    pub(crate) fn has(&self, raw: &[u8]) -> bool {
        self.is_refused(raw) || self.taken.lock().unwrap().iter().any(|arrival| holds(arrival, raw))
    }

    /// How many interactions were made of this message.
    pub(crate) fn count(&self, raw: &[u8]) -> usize {
        self.taken.lock().unwrap().iter().filter(|arrival| holds(arrival, raw)).count()
    }

    pub(crate) fn taken(&self) -> Vec<Arrival> {
        self.taken.lock().unwrap().clone()
    }

    /// How often something was handed in, again or not.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn kept(&self, mailbox: &str, folder: &str) -> Option<Checkpoint> {
        self.checkpoints.lock().unwrap().get(&(mailbox.to_owned(), folder.to_owned())).copied()
    }

    fn is_refused(&self, raw: &[u8]) -> bool {
        let refuse = self.refuse.lock().unwrap();
        refuse.as_ref().is_some_and(|mark| raw.windows(mark.len()).any(|window| window == mark))
    }

    fn may(&self) -> Result<(), NotNow> {
        let less = |left: usize| left.checked_sub(1);
        match self.not_now.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
            Ok(_) => Err(NotNow("the test said so".into())),
            Err(_) => Ok(()),
        }
    }
}

fn holds(arrival: &Arrival, raw: &[u8]) -> bool {
    match arrival.extent {
        Extent::Whole => arrival.raw.ends_with(raw),
        Extent::Headers { .. } => raw.starts_with(&arrival.raw),
    }
}

#[async_trait]
impl Intake for Ledger {
    async fn take_in(&self, arrival: Arrival) -> Result<Taken, NotNow> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.may()?;
        if self.is_refused(&arrival.raw) {
            return Ok(Taken::Refused { reason: "the test does not like it".into() });
        }
        if self.manner == Manner::Hasty {
            return Ok(Taken::New(InteractionId(0)));
        }
        let mut known = self.known.lock().unwrap();
        let key = (arrival.mailbox.clone(), arrival.raw.clone());
        if let Some(id) = known.get(&key) {
            return Ok(Taken::Known(*id));
        }
        let id = InteractionId(known.len() as u128 + 1);
        known.insert(key, id);
        self.taken.lock().unwrap().push(arrival);
        Ok(Taken::New(id))
    }
}

#[async_trait]
impl Checkpoints for Ledger {
    async fn checkpoint(&self, mailbox: &str, folder: &str) -> Result<Option<Checkpoint>, NotNow> {
        Ok(self.kept(mailbox, folder))
    }

    async fn keep(
        &self,
        mailbox: &str,
        folder: &str,
        checkpoint: Checkpoint,
    ) -> Result<(), NotNow> {
        self.checkpoints
            .lock()
            .unwrap()
            .insert((mailbox.to_owned(), folder.to_owned()), checkpoint);
        Ok(())
    }
}
