//! What waits, and how much of each queue's is held.

use std::collections::{BTreeMap, HashMap};

use handoff_domain::routing::{Rank, Waiting};
use handoff_domain::{Interaction, InteractionId, Media, Mode, QueueId, State, Time, Wait};
use handoff_store::Version;

/// Something that waits in a queue and is offered to nobody.
#[derive(Clone, Debug)]
struct Entry {
    id: InteractionId,
    media: Media,
    priority: i64,
    wait: Wait,
}

impl Entry {
    const fn waiting(&self) -> Waiting<'_> {
        Waiting { id: self.id, priority: self.priority, media: &self.media, wait: &self.wait }
    }
}

/// Where an interaction is, by the latest version that was entered.
pub(super) enum Place {
    InLine(QueueId, Rank, Version),
    /// It is offered to somebody from that queue, or came from there into somebody's hands.
    Held(QueueId, Holding, Version),
    /// It is nowhere that is counted. The version stays known until the log has passed it: a read
    /// that began before is entered late and would put it back.
    Left(Version),
}

/// How somebody has what came from a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    Offered,
    InWork,
}

impl Holding {
    /// Tells how an interaction is held, and from which queue it is; drafts are no work of a
    /// queue's.
    fn of(interaction: &Interaction) -> Option<(QueueId, Self)> {
        match &interaction.state {
            State::Invited(wait, _) => Some((wait.queue, Self::Offered)),
            State::Handling(handling) if handling.mode != Mode::Composing => {
                Some((interaction.queue?, Self::InWork))
            }
            State::Queued(_)
            | State::Handling(_)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => None,
        }
    }
}

impl Place {
    const fn version(&self) -> Version {
        match self {
            Self::InLine(_, _, version) | Self::Held(_, _, version) | Self::Left(version) => {
                *version
            }
        }
    }
}

/// How many wait in a queue without an offer, and since when the first of them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueWaits {
    pub count: usize,
    pub since: Time,
}

/// How much of what came from a queue is offered to somebody, and in somebody's hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueHeld {
    pub offered: usize,
    pub in_work: usize,
}

impl QueueHeld {
    const fn count(&mut self, holding: Holding) -> &mut usize {
        match holding {
            Holding::Offered => &mut self.offered,
            Holding::InWork => &mut self.in_work,
        }
    }
}

/// What waits, by queue and in routing order, and how much of each queue's is held.
#[derive(Default)]
pub struct Lines {
    by_queue: BTreeMap<QueueId, BTreeMap<Rank, Entry>>,
    /// By every queue of which anything ever was.
    held: BTreeMap<QueueId, QueueHeld>,
    pub(super) places: HashMap<InteractionId, Place>,
    /// How many are in line.
    pub(super) waiting: usize,
    /// What left since the log was last looked at, and what left in the round before.
    left: [Vec<(InteractionId, Version)>; 2],
}

impl Lines {
    /// Returns what waits in one queue, first in line first.
    pub fn of(&self, queue: QueueId) -> impl Iterator<Item = Waiting<'_>> {
        self.by_queue.get(&queue).into_iter().flat_map(|line| line.values().map(Entry::waiting))
    }

    /// Returns how many wait in each queue in which any do. It visits all that waits.
    #[must_use]
    pub fn waits(&self) -> BTreeMap<QueueId, QueueWaits> {
        let of_one = |(queue, line): (&QueueId, &BTreeMap<Rank, Entry>)| {
            let since = line.values().map(|entry| entry.wait.since).min()?;
            Some((*queue, QueueWaits { count: line.len(), since }))
        };
        self.by_queue.iter().filter_map(of_one).collect()
    }

    /// Returns how much of a queue's is held.
    #[must_use]
    pub fn held_from(&self, queue: QueueId) -> QueueHeld {
        self.held.get(&queue).copied().unwrap_or_default()
    }

    /// Tells whether somebody is known to have an interaction.
    pub(super) fn is_in_work(&self, id: InteractionId) -> bool {
        matches!(self.places.get(&id), Some(Place::Held(_, Holding::InWork, _)))
    }

    /// Returns what is known to be in somebody's hands, or to be offered.
    pub(super) fn held(&self) -> impl Iterator<Item = InteractionId> {
        let held = self.places.iter().filter(|(_, place)| matches!(place, Place::Held(..)));
        held.map(|(id, _)| *id)
    }

    pub(super) fn remove(&mut self, id: InteractionId) {
        match self.places.remove(&id) {
            Some(Place::InLine(queue, rank, _)) => {
                if let Some(line) = self.by_queue.get_mut(&queue) {
                    self.waiting -= 1;
                    line.remove(&rank);
                    if line.is_empty() {
                        self.by_queue.remove(&queue);
                    }
                }
            }
            Some(Place::Held(queue, holding, _)) => {
                *self.held.entry(queue).or_default().count(holding) -= 1;
            }
            Some(Place::Left(_)) | None => {}
        }
    }

    pub(super) fn enter(&mut self, interaction: &Interaction, version: Version) {
        let id = interaction.id;
        if self.places.get(&id).is_some_and(|known| known.version() >= version) {
            return;
        }
        self.remove(id);
        if let Some((queue, holding)) = Holding::of(interaction) {
            *self.held.entry(queue).or_default().count(holding) += 1;
            self.places.insert(id, Place::Held(queue, holding, version));
            return;
        }
        let State::Queued(wait) = &interaction.state else {
            self.left[0].push((id, version));
            self.places.insert(id, Place::Left(version));
            return;
        };
        let (media, priority) = (interaction.media(), interaction.priority);
        let entry = Entry { id, media, priority, wait: wait.clone() };
        let rank = entry.waiting().rank();
        self.by_queue.entry(wait.queue).or_default().insert(rank, entry);
        self.places.insert(id, Place::InLine(wait.queue, rank, version));
        self.waiting += 1;
    }

    /// Forgets the versions of what had left when the log was looked at before: reads that began
    /// before that are over.
    pub(super) fn passed(&mut self) {
        let [left, before] = &mut self.left;
        for (id, version) in std::mem::replace(before, std::mem::take(left)) {
            if matches!(self.places.get(&id), Some(Place::Left(known)) if *known == version) {
                self.places.remove(&id);
            }
        }
    }
}
