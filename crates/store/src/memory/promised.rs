//! Promised answers, in a map.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{Time, UserId};

use crate::promised::{PROMISED_BYTES_MAX, PROMISED_MAX, PromisedAnswer, PromisedEnd, PromisedRow};

#[derive(Debug, Default)]
pub(super) struct Promised {
    last: u64,
    kept: BTreeMap<u64, PromisedAnswer>,
}

impl Promised {
    pub(super) fn append(&mut self, answers: Vec<PromisedAnswer>) {
        let mut first = BTreeMap::new();
        for answer in answers {
            self.last += 1;
            first.entry(answer.to).or_insert(self.last);
            self.kept.insert(self.last, answer);
        }
        for (user, first) in first {
            self.trim(user, first);
        }
    }

    /// Lets the oldest of a user's answers go that are too many, but none from the `first` on.
    fn trim(&mut self, user: UserId, first: u64) {
        let (mut count, mut bytes) = (0, 0);
        let numbers = self.kept.iter().rev().filter(|(_, answer)| answer.to == user);
        let too_many = numbers.filter_map(|(number, answer)| {
            (count, bytes) = (count + 1, bytes + answer.body.len());
            let is_full = count > PROMISED_MAX || bytes > PROMISED_BYTES_MAX;
            (is_full && *number < first).then_some(*number)
        });
        for number in too_many.collect::<Vec<_>>() {
            self.kept.remove(&number);
        }
    }

    pub(super) fn after(&self, user: UserId, after: u64) -> impl Iterator<Item = PromisedRow> {
        let of_user = self.kept.range(after.saturating_add(1)..);
        of_user.filter(move |(_, answer)| answer.to == user).map(|(number, answer)| PromisedRow {
            number: *number,
            topic: answer.topic,
            body: answer.body.clone(),
        })
    }

    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn end(&self, number: u64) -> PromisedEnd {
        let after = self.kept.range(number.saturating_add(1)..);
        let to: BTreeSet<UserId> = after.map(|(_, answer)| answer.to).collect();
        PromisedEnd { last: self.last, to: to.into_iter().collect() }
    }

    pub(super) fn sweep(&mut self, now: Time, limit: usize) -> u64 {
        let over = self.kept.iter().filter(|(_, answer)| answer.until <= now);
        let over: Vec<u64> = over.map(|(number, _)| *number).take(limit).collect();
        for number in &over {
            self.kept.remove(number);
        }
        over.len() as u64
    }
}
