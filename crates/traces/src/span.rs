//! What of an interaction's history is a span: something that began and has ended.

use handoff_domain::event::Cause;
use handoff_domain::{Fact, InteractionId, OfferKind, QueueId, Time, UserId};
use handoff_store::HistoryEntry;
use sha2::{Digest as _, Sha256};

/// Something that began and has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) id: [u8; 8],
    /// The span that it is a part of; `None` of the whole.
    pub(crate) parent: Option<[u8; 8]>,
    pub(crate) what: What,
    pub(crate) began: Time,
    pub(crate) ended: Time,
    /// How it ended, in a word.
    pub(crate) end: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// All of it, from its arrival to its end.
    Interaction,
    Wait(QueueId),
    Offer {
        to: UserId,
        kind: OfferKind,
    },
    Work {
        by: UserId,
    },
}

/// Something that goes on.
#[derive(Clone, Copy)]
struct Open {
    id: [u8; 8],
    what: What,
    began: Time,
}

/// Returns the trace of an interaction: the same wherever it is asked for.
pub(crate) fn trace_of(id: InteractionId) -> [u8; 16] {
    let digest = Sha256::digest(id.to_string());
    std::array::from_fn(|index| digest[index])
}

fn whole_of(id: InteractionId) -> [u8; 8] {
    let digest = Sha256::digest(id.to_string());
    std::array::from_fn(|index| digest[16 + index])
}

/// Follows a history, and keeps what ends after a position.
pub(crate) struct Walk {
    interaction: InteractionId,
    after: u64,
    began: Option<Time>,
    wait: Option<Open>,
    offers: Vec<Open>,
    work: Option<Open>,
    /// Who gave it to the outside world, and gets it back if that does not take it.
    sender: Option<UserId>,
    ended: Vec<Span>,
}

impl Walk {
    pub(crate) fn new(interaction: InteractionId, after: u64) -> Self {
        Self {
            interaction,
            after,
            began: None,
            wait: None,
            offers: Vec::new(),
            work: None,
            sender: None,
            ended: Vec::new(),
        }
    }

    pub(crate) fn finish(self) -> Vec<Span> {
        self.ended
    }

    pub(crate) fn follow(&mut self, entry: &HistoryEntry) {
        for (number, fact) in entry.facts.iter().enumerate() {
            self.take(entry, number, fact);
        }
    }

    fn take(&mut self, entry: &HistoryEntry, number: usize, fact: &Fact) {
        let began = *self.began.get_or_insert(entry.at);
        let open = |what| {
            let seed = format!("{} {} {number}", self.interaction, entry.position);
            let digest = Sha256::digest(seed);
            Open { id: std::array::from_fn(|index| digest[index]), what, began: entry.at }
        };
        match fact {
            Fact::Opened => {
                if let Cause::User(by) = entry.cause {
                    self.work = Some(open(What::Work { by }));
                }
            }
            Fact::Queued { queue, .. } => {
                let open = open(What::Wait(*queue));
                // Whoever brings it in puts it into a queue at once, and did no work on it.
                self.work.take_if(|work| work.began == entry.at && began == entry.at);
                self.leave(entry, "Queued");
                self.wait = Some(open);
            }
            Fact::Offered { to, kind, .. } => {
                self.offers.push(open(What::Offer { to: *to, kind: *kind }));
            }
            Fact::Accepted { by, kind } => {
                let work = open(What::Work { by: *by });
                self.end_offer(entry, *by, "Accepted");
                if kind.role().is_none() {
                    self.end_wait(entry, "Accepted");
                    self.end_work(entry, "HandedOver");
                    self.work = Some(work);
                }
            }
            Fact::Rejected { by } => self.end_offer(entry, *by, "Rejected"),
            Fact::OfferExpired { to } => self.end_offer(entry, *to, "Expired"),
            Fact::OfferRevoked { to, .. } => self.end_offer(entry, *to, "Revoked"),
            Fact::Pulled { by, .. } => self.work = Some(open(What::Work { by: *by })),
            Fact::Taken { by } => {
                let work = open(What::Work { by: *by });
                self.end_wait(entry, "Taken");
                self.work = Some(work);
            }
            Fact::OwnerChanged { to } => {
                let work = open(What::Work { by: *to });
                self.end_work(entry, "HandedOver");
                self.work = Some(work);
            }
            Fact::Parked { .. } => self.leave(entry, "Parked"),
            Fact::SendStarted => {
                self.sender = self.work.and_then(|work| match work.what {
                    What::Work { by } => Some(by),
                    _ => None,
                });
                self.leave(entry, "Sending");
            }
            Fact::DeliveryFailed { .. } | Fact::SendCanceled => {
                self.work = self.sender.take().map(|by| open(What::Work { by }));
            }
            Fact::Completed | Fact::Filed { .. } => self.end(entry, "Completed"),
            Fact::Canceled => self.end(entry, "Canceled"),
            Fact::Sent => self.end(entry, "Sent"),
            _ => {}
        }
    }

    /// It is where nobody has it.
    fn leave(&mut self, entry: &HistoryEntry, end: &'static str) {
        self.end_wait(entry, end);
        self.end_work(entry, end);
        for offer in std::mem::take(&mut self.offers) {
            self.close(offer, entry, "Revoked");
        }
    }

    fn end(&mut self, entry: &HistoryEntry, end: &'static str) {
        self.leave(entry, end);
        let (id, began) = (whole_of(self.interaction), self.began.unwrap_or(entry.at));
        self.close(Open { id, what: What::Interaction, began }, entry, end);
    }

    fn end_wait(&mut self, entry: &HistoryEntry, end: &'static str) {
        if let Some(wait) = self.wait.take() {
            self.close(wait, entry, end);
        }
    }

    fn end_work(&mut self, entry: &HistoryEntry, end: &'static str) {
        if let Some(work) = self.work.take() {
            self.close(work, entry, end);
        }
    }

    fn end_offer(&mut self, entry: &HistoryEntry, user: UserId, end: &'static str) {
        let is_theirs = |open: &Open| matches!(open.what, What::Offer { to, .. } if to == user);
        if let Some(place) = self.offers.iter().rposition(is_theirs) {
            let offer = self.offers.remove(place);
            self.close(offer, entry, end);
        }
    }

    fn close(&mut self, open: Open, entry: &HistoryEntry, end: &'static str) {
        if entry.position <= self.after {
            return;
        }
        let Open { id, what, began } = open;
        let parent = (what != What::Interaction).then(|| whole_of(self.interaction));
        // The clocks of two nodes may be a little apart.
        let ended = entry.at.max(began);
        self.ended.push(Span { id, parent, what, began, ended, end });
    }
}

/// Tells whether something may end by a fact.
pub(crate) const fn may_end_something(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Queued { .. }
            | Fact::Accepted { .. }
            | Fact::Rejected { .. }
            | Fact::OfferExpired { .. }
            | Fact::OfferRevoked { .. }
            | Fact::OwnerChanged { .. }
            | Fact::Parked { .. }
            | Fact::SendStarted
            | Fact::Completed
            | Fact::Filed { .. }
            | Fact::Canceled
            | Fact::Sent
    )
}
