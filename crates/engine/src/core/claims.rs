//! Claims: what acts outside, as posting a mail or reading a mailbox, is claimed in the store
//! before by the node that does it, so that no other does the same.
//!
//! A claim lasts until a time, or until whoever made it is found dead by their lease, and is
//! renewed while the work goes on. A node that cannot renew its claim, or cannot see that it still
//! has it, stops: another may have begun. The clocks of nodes are believed to differ by less than
//! what is left of a claim when it is renewed.

use std::time::Duration;

use handoff_domain::{Interaction, State, Time};
use handoff_store::{ChangeSet, Claim, Key, Put, Record, Removal, StoreError, Version, Versioned};

use super::Core;

/// How long a claim lasts, in ms: a node that was killed keeps others from its work for so long at
/// most, and a store that stands still for a few seconds makes nobody lose theirs.
const CLAIMED_MS: u64 = 10_000;
/// How long a claim lasts that is for as long as the node lives, in ms: it leans on the node's
/// lease, and is written again when half of it is over.
const LEANING_MS: u64 = 600_000;
/// How often a claim is renewed, or looked at, while the work goes on, in ms: most work is over
/// before the first time, and one renewal may fail.
const RENEWED_MS: u64 = 3_000;
/// Attempts at one claim: each that is lost means that another node claimed, or a sweep came by.
const ATTEMPTS_MAX: u32 = 3;

/// What a claim is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFor {
    /// One attempt at something, soon over: it is for seconds, and renewed every few.
    Attempt,
    /// As long as the node lives: it is renewed seldom, because each renewal is a commit.
    Incarnation,
}

impl ClaimFor {
    const fn lasts_ms(self) -> u64 {
        match self {
            Self::Attempt => CLAIMED_MS,
            Self::Incarnation => LEANING_MS,
        }
    }

    /// Tells whether a claim of this node's needs no renewal yet.
    fn is_enough(self, until: Time, now: Time) -> bool {
        self == Self::Incarnation && until.ms_since(now) > LEANING_MS / 2
    }
}

/// A claim of this node's.
#[derive(Clone, Debug)]
pub struct Claimed {
    key: String,
    what_for: ClaimFor,
    /// Until when this node relies on it without having looked again.
    until: Time,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub enum Claiming {
    Ours(Claimed),
    /// Another node has it, at least until then.
    Taken {
        until: Time,
    },
}

/// Returns what one attempt at one mail is claimed by. What comes after it is claimed anew, by
/// whichever node is first.
pub(crate) fn claim_of_attempt(mail: &Interaction) -> String {
    match mail.state {
        State::Sending { since, attempt, .. } => format!("mail {} {} {attempt}", mail.id, since.0),
        _ => format!("mail {}", mail.id),
    }
}

impl Core {
    /// Claims what `key` names for this node, or renews its claim. Within the node nobody else may
    /// claim the same.
    ///
    /// # Errors
    ///
    /// The store's own; it is then not known whether it is claimed.
    pub async fn claim(&self, key: &str, what_for: ClaimFor) -> Result<Claiming, StoreError> {
        let by = self.incarnation();
        for _ in 0..ATTEMPTS_MAX {
            let (now, found) = (self.now(), self.load_claim(key).await?);
            let other = found.as_ref().map(|found| &found.value);
            let other = other.filter(|other| other.by != by && other.until > now);
            if let Some(other) = other
                && self.store.living().await?.contains(&other.by)
            {
                return Ok(Claiming::Taken { until: other.until });
            }
            let relied_on = now.plus_ms(CLAIMED_MS);
            let claimed = Claimed { key: key.to_owned(), what_for, until: relied_on };
            let own = found.as_ref().map(|found| &found.value).filter(|own| own.by == by);
            if own.is_some_and(|own| what_for.is_enough(own.until, now)) {
                return Ok(Claiming::Ours(claimed));
            }
            let until = now.plus_ms(what_for.lasts_ms());
            let record = Record::Claim(Claim { key: key.to_owned(), by, until });
            let put = Put { record, expected: found.map_or(0, |found| found.version) };
            let change = ChangeSet { puts: vec![put], ..ChangeSet::default() };
            if self.wrote(change).await? {
                return Ok(Claiming::Ours(claimed));
            }
        }
        Ok(Claiming::Taken { until: self.now().plus_ms(RENEWED_MS) })
    }

    /// Renews a claim for as long as it is waited for; returns when it is lost. Dropping the future
    /// leaves the claim until it ends.
    pub async fn keep(&self, mut claimed: Claimed) {
        loop {
            tokio::time::sleep(Duration::from_millis(RENEWED_MS)).await;
            let left = Duration::from_millis(claimed.until.ms_since(self.now()));
            match tokio::time::timeout(left, self.claim(&claimed.key, claimed.what_for)).await {
                Ok(Ok(Claiming::Ours(renewed))) => claimed = renewed,
                // A store that does not answer does not keep the claim from ending.
                Ok(Ok(Claiming::Taken { .. })) | Err(_) => return,
                Ok(Err(_)) if self.now() >= claimed.until => return,
                Ok(Err(_)) => {}
            }
        }
    }

    /// Releases a claim before it ends, so that another node need not wait.
    ///
    /// # Errors
    ///
    /// The store's own; the claim then ends by itself.
    pub async fn release(&self, claimed: &Claimed) -> Result<(), StoreError> {
        let found = self.load_claim(&claimed.key).await?;
        let Some(found) = found.filter(|found| found.value.by == self.incarnation()) else {
            return Ok(());
        };
        let (key, version): (Key, Version) = (Key::Claim(claimed.key.clone()), found.version);
        let removals = vec![Removal { key, version }];
        self.wrote(ChangeSet { removals, ..ChangeSet::default() }).await.map(drop)
    }

    async fn load_claim(&self, key: &str) -> Result<Option<Versioned<Claim>>, StoreError> {
        let found = self.store.load_one(&Key::Claim(key.to_owned())).await?;
        Ok(found.and_then(|Versioned { value, version }| match value {
            Record::Claim(value) => Some(Versioned { value, version }),
            _ => None,
        }))
    }

    /// Commits a change of a claim; tells whether nobody was faster.
    async fn wrote(&self, change: ChangeSet) -> Result<bool, StoreError> {
        match self.store.commit(change).await {
            Ok(_) => Ok(true),
            Err(error) => error.into_conflict().map(|_| false),
        }
    }
}
