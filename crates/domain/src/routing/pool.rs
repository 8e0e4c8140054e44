//! Candidates of one search, best first.
//!
//! While pairs are planned an agent's slots fill and their last offer becomes recent, so their rank
//! among candidates only ever gets worse. That is what makes a heap with late corrections right:
//! whoever comes out with an outdated rank is put back with the present one.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::id::UserId;
use crate::media::Media;
use crate::routing::Agent;
use crate::time::Time;

/// Most candidates that are counted for one choice: a number that somebody reads, and no more work
/// for a plan however large a center is.
pub const COUNTED_MAX: u32 = 100;

/// One agent while pairs are planned: their desk, and what the plan has given them so far.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) agent: Agent<'a>,
    /// Slots that the plan takes, by medium.
    planned: Vec<(&'a Media, u32)>,
    last_offer: Option<Time>,
}

/// An agent's rank among candidates; the smallest is chosen. Never having been offered anything is
/// before every time.
type Preference = (u32, Option<Time>, UserId);

impl<'a> Candidate<'a> {
    pub(super) fn new(agent: Agent<'a>) -> Self {
        Self { agent, planned: Vec::new(), last_offer: agent.desk.last_offer }
    }

    fn planned(&self, media: &Media) -> u32 {
        self.planned.iter().find(|(planned, _)| *planned == media).map_or(0, |(_, count)| *count)
    }

    /// Tells whether one more interaction of that medium fits beside what the plan has given them.
    pub(super) fn has_room(&self, media: &Media) -> bool {
        let Agent { user, desk } = self.agent;
        let all: u32 = self.planned.iter().map(|(_, count)| *count).sum();
        let taken = u32::try_from(desk.slots.len()).unwrap_or(u32::MAX).saturating_add(all);
        desk.occupied(media).saturating_add(self.planned(media)) < user.capacity.of(media)
            && user.capacity.overall.is_none_or(|most| taken < most)
    }

    fn preference(&self, media: &Media) -> Preference {
        let occupied = self.agent.desk.occupied(media).saturating_add(self.planned(media));
        (occupied, self.last_offer, self.agent.user.id)
    }

    /// Makes them an offer at `now`, and a slot of that medium when it takes one.
    pub(super) fn give(&mut self, slot: Option<&'a Media>, now: Time) {
        self.last_offer = Some(now);
        let Some(media) = slot else { return };
        match self.planned.iter_mut().find(|(planned, _)| *planned == media) {
            Some((_, count)) => *count += 1,
            None => self.planned.push((media, 1)),
        }
    }
}

/// The candidates of one search, by their indexes among all, best first.
#[derive(Debug, Default)]
pub(super) struct Pool {
    heap: BinaryHeap<Reverse<(Preference, usize)>>,
}

/// What a pool says about a candidate for one interaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// They did not pass it by.
    Fresh,
    /// They passed it by, but may be asked again.
    Again,
    /// They passed it by and may not be asked yet.
    NotYet,
}

impl Pool {
    pub(super) fn new(
        media: &Media,
        all: &[Candidate<'_>],
        members: impl Iterator<Item = usize>,
    ) -> Self {
        let ranked = members.map(|index| Reverse((all[index].preference(media), index)));
        Self { heap: ranked.collect() }
    }

    /// Returns the best candidate with room, and of how many: of those who did not pass the
    /// interaction by, else of those who may be asked again. Drops whoever has no room, which is
    /// for good, because a plan only ever takes slots.
    pub(super) fn best(
        &mut self,
        media: &Media,
        all: &[Candidate<'_>],
        choice: impl Fn(UserId) -> Choice,
    ) -> Option<(usize, u32)> {
        let mut passed_over = Vec::new();
        let mut again = None;
        let mut chosen = None;
        while let Some(Reverse((preference, index))) = self.heap.pop() {
            let candidate = &all[index];
            if !candidate.has_room(media) {
                continue;
            }
            let present = candidate.preference(media);
            if present != preference {
                self.heap.push(Reverse((present, index)));
                continue;
            }
            passed_over.push(Reverse((present, index)));
            match choice(candidate.agent.user.id) {
                Choice::Fresh => {
                    chosen = Some(index);
                    break;
                }
                Choice::Again => again = again.or(Some(index)),
                Choice::NotYet => {}
            }
        }
        // Everybody who was looked at stays a candidate; the chosen one's rank is corrected when
        // they come out next.
        self.heap.extend(passed_over);
        let (best, how) = match (chosen, again) {
            (Some(index), _) => (index, Choice::Fresh),
            (None, Some(index)) => (index, Choice::Again),
            (None, None) => return None,
        };
        let could = |Reverse((_, index)): &&Reverse<(Preference, usize)>| {
            let candidate = &all[*index];
            candidate.has_room(media) && choice(candidate.agent.user.id) == how
        };
        let counted = self.heap.iter().filter(could).take(COUNTED_MAX as usize);
        Some((best, u32::try_from(counted.count()).unwrap_or(COUNTED_MAX)))
    }
}
