//! What readers were found to be allowed, remembered: the rules are asked about every operation,
//! and agents are told with each message of a chat what they may do, which it nearly never changes.
//!
//! A list follows from the outline of the interaction and from the reader's record, and holds for
//! no other of either. It is an aid: what was let go is asked for again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::{Caller, Interaction, InteractionId, Operation, Outline, Role, User, UserId};

use crate::wire::operation::operation_name;

/// Most lists: of each interaction and reader the last one. More than two thousand agents hold at
/// the same time.
const LISTS_MAX: usize = 4_096;
/// Most bytes of the outline that each goes by; a larger one is asked about again and again. Only
/// an e-mail with many recipients or notes has such a one.
const OUTLINE_BYTES_MAX: usize = 4 << 10;

#[derive(Debug, Default)]
pub struct OperationLists(Mutex<Lists<Known>>);

#[derive(Debug)]
struct Lists<K> {
    known: HashMap<Reading, K>,
    /// In the order in which they were first asked for.
    order: VecDeque<Reading>,
}

impl<K> Default for Lists<K> {
    fn default() -> Self {
        Self { known: HashMap::new(), order: VecDeque::new() }
    }
}

/// Who reads what.
type Reading = (InteractionId, UserId);

#[derive(Debug)]
struct Known {
    outline: Outline,
    reader: Arc<User>,
    names: Arc<[&'static str]>,
}

impl Known {
    fn is_of(&self, outline: &Outline, reader: &Arc<User>) -> bool {
        (Arc::ptr_eq(&self.reader, reader) || self.reader == *reader) && self.outline == *outline
    }
}

impl OperationLists {
    /// Returns the names of the operations that `reader` may use now.
    #[must_use]
    pub fn of(&self, interaction: &Interaction, reader: &Arc<User>) -> Arc<[&'static str]> {
        let (outline, reading) = (Outline::of(interaction), (interaction.id, reader.id));
        if let Some(names) = self.known(reading, &outline, reader) {
            return names;
        }
        let names: Arc<[&'static str]> = allowed(&outline, reader).into();
        if outline.weight() <= OUTLINE_BYTES_MAX {
            let (reader, names) = (Arc::clone(reader), Arc::clone(&names));
            self.lists().keep(reading, Known { outline, reader, names });
        }
        names
    }

    fn known(
        &self,
        reading: Reading,
        outline: &Outline,
        reader: &Arc<User>,
    ) -> Option<Arc<[&'static str]>> {
        let lists = self.lists();
        let known = lists.known.get(&reading).filter(|known| known.is_of(outline, reader))?;
        Some(Arc::clone(&known.names))
    }

    fn lists(&self) -> MutexGuard<'_, Lists<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Lists<K> {
    /// Keeps one in place of the last of that reading; at the bound the oldest goes.
    fn keep(&mut self, reading: Reading, known: K) {
        if self.known.insert(reading, known).is_some() {
            return;
        }
        self.order.push_back(reading);
        if self.order.len() > LISTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

fn allowed(outline: &Outline, reader: &User) -> Vec<&'static str> {
    if [Role::Agent, Role::Supervisor].iter().all(|role| !reader.roles.contains(role)) {
        return Vec::new();
    }
    let caller = Caller::of(reader);
    let is_open = |operation: &Operation| operation.is_open_to(&reader.roles);
    let operations = outline
        .operations(&caller)
        .filter(|(operation, refusal)| refusal.is_none() && is_open(operation));
    operations.map(|(operation, _)| operation_name(operation)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_list_is_kept_of_each_reading_and_the_oldest_goes() {
        let mut lists = Lists::default();
        let reading = |number: u64| (InteractionId::compose(number, 1), UserId(7));
        for number in 0..=LISTS_MAX as u64 {
            lists.keep(reading(number), "first");
            lists.keep(reading(number), "second");
            assert!(lists.known.len() <= LISTS_MAX);
            assert_eq!(lists.known.len(), lists.order.len());
        }
        assert_eq!(lists.known.get(&reading(0)), None);
        assert_eq!(lists.known.get(&reading(1)), Some(&"second"));
    }
}
