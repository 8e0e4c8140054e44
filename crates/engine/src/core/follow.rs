//! Following the log: what other nodes committed is read and entered on the board.
//!
//! What this node committed is there already, so a node that is alone reads nothing but the end of
//! the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_bus::Hint;
use handoff_store::{Key, Record, StoreError, SubjectKey, Told, Versioned};
use tokio::sync::Notify;

use super::Core;
use super::board::CurrentBoard;

/// Entries read at once.
const PAGE: usize = 500;
/// Records loaded at once.
const LOADED_AT_ONCE: usize = 200;
/// Commits of this node that are remembered while the look at the log does not get on. What is
/// forgotten is read again as if it were another's.
const OWN_MAX: usize = 10_000;

/// How far the board has followed the log.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    reached: Mutex<Reached>,
    /// Notified when something that another node committed was entered.
    pub(crate) others_entered: Arc<Notify>,
    /// How many rounds of catching up began.
    begun: AtomicU64,
    /// The last of them that came to its end. Whoever has it locked is in a round.
    finished: tokio::sync::Mutex<u64>,
}

#[derive(Debug, Default)]
struct Reached {
    position: u64,
    /// What this node committed after it: the last position by the first, one entry for each run.
    own: BTreeMap<u64, u64>,
}

impl Reached {
    /// Moves on over what this node committed itself.
    fn pass_own(&mut self) {
        while let Some(run) = self.own.first_entry()
            && *run.key() <= self.position + 1
        {
            self.position = self.position.max(run.remove());
        }
    }
}

impl Followed {
    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that everything up to a position is on the board.
    pub(super) fn begin_after(&self, position: u64) {
        let mut reached = self.lock();
        reached.position = reached.position.max(position);
        reached.pass_own();
    }

    /// Notes a commit of this node, which is on the board: the position of its last event and how
    /// many it had.
    pub(crate) fn note_own(&self, last: u64, events: usize) {
        let first = last.saturating_sub(events as u64) + 1;
        let mut reached = self.lock();
        if events == 0 || last <= reached.position {
            return;
        }
        let before = reached.own.range(..=first).next_back();
        match before.map(|(begin, end)| (*begin, *end)) {
            Some((begin, end)) if end + 1 >= first => reached.own.insert(begin, end.max(last)),
            _ => reached.own.insert(first, last),
        };
        if reached.own.len() > OWN_MAX {
            reached.own.clear();
        }
    }

    /// Returns up to where the board knows what was committed.
    pub(crate) fn position(&self) -> u64 {
        let mut reached = self.lock();
        reached.pass_own();
        reached.position
    }

    /// Tells whether another node committed something before what is known of this node's own
    /// commits: it is not on the board yet, and what came after it is.
    pub(crate) fn lacks_earlier(&self) -> bool {
        let mut reached = self.lock();
        reached.pass_own();
        !reached.own.is_empty()
    }

    fn is_own(&self, position: u64) -> bool {
        let reached = self.lock();
        reached.own.range(..=position).next_back().is_some_and(|(_, last)| *last >= position)
    }
}

impl Core {
    /// Enters on the board what other nodes committed since the last look, and wakes those who have
    /// something to do for it.
    ///
    /// # Errors
    ///
    /// The store's own; what was not read is read in the next round.
    pub async fn follow_log(&self) -> Result<(), StoreError> {
        self.current_board().await?;
        self.board.log_passed();
        Ok(())
    }

    /// Returns the board for an answer, after it has caught up with the log. When no other node
    /// committed anything, that is one read of the store.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn current_board(&self) -> Result<CurrentBoard<'_>, StoreError> {
        let asked = self.followed.begun.load(Ordering::SeqCst);
        let mut finished = self.followed.finished.lock().await;
        // One round that began after they asked is enough for all who waited.
        if *finished <= asked {
            let round = self.followed.begun.fetch_add(1, Ordering::SeqCst) + 1;
            self.catch_up().await?;
            *finished = round;
        }
        Ok(CurrentBoard::new(&self.board))
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        loop {
            let from = self.followed.position();
            let page = match self.store.told_after(from, PAGE).await {
                // This node was away for longer than the log is kept.
                Err(StoreError::Swept { .. }) => return self.reload_board().await,
                page => page?,
            };
            let Some(last) = page.items.last() else { return Ok(()) };
            let others = page.items.iter().filter(|told| !self.followed.is_own(told.position));
            let keys: BTreeSet<Key> = others.flat_map(concerned).collect();
            let keys: Vec<Key> = keys.into_iter().collect();
            for keys in keys.chunks(LOADED_AT_ONCE) {
                self.enter_others(keys).await?;
            }
            self.followed.begin_after(last.position);
            if !keys.is_empty() {
                self.followed.others_entered.notify_one();
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Reads again what the board may have wrong of what is in somebody's hands.
    pub(super) async fn reload_held(&self) -> Result<(), StoreError> {
        let keys: Vec<Key> = self.board.in_doubt().into_iter().map(Key::Interaction).collect();
        for keys in keys.chunks(LOADED_AT_ONCE) {
            self.enter_others(keys).await?;
        }
        Ok(())
    }

    async fn enter_others(&self, keys: &[Key]) -> Result<(), StoreError> {
        let as_of = self.board.desk_changes();
        let found = match self.store.load(keys).await {
            // One of them is set aside; the others are read one by one.
            Err(error) if error.is_unreadable() && keys.len() > 1 => {
                for key in keys {
                    Box::pin(self.enter_others(std::slice::from_ref(key))).await?;
                }
                return Ok(());
            }
            Err(error) if error.is_unreadable() => return Ok(()),
            found => found?,
        };
        let (mut routing, mut said) = (false, Vec::new());
        for (key, found) in keys.iter().zip(found) {
            let Some(Versioned { value, version }) = found else {
                match key {
                    Key::Desk(user) => self.board.remove_desk(*user, as_of),
                    Key::Interaction(id) => self.board.forget(*id),
                    _ => {}
                }
                continue;
            };
            match value {
                Record::Interaction(interaction) => {
                    routing |= interaction.wait().is_some() && interaction.offer().is_none();
                    self.wake_outbox(&interaction.state);
                    said.extend(interaction.chat().map(|_| interaction.id.0));
                    // It may have been erased, and says little otherwise.
                    if interaction.is_ended() {
                        self.chats.transcripts.forget(interaction.id);
                    }
                    self.board.enter_interaction(Arc::new(interaction), version);
                }
                Record::Desk(desk) => {
                    routing = true;
                    self.board.enter_desk(Arc::new(desk), version, as_of);
                }
                _ => {}
            }
        }
        // The other nodes read the same log.
        if routing {
            self.bus.wake_here(Hint::Routing);
        }
        if !said.is_empty() {
            self.bus.wake_here(Hint::Chats(said.into()));
        }
        Ok(())
    }
}

/// Returns the records that a commit may have changed: what its event is about, and the desks of
/// those who are told. Whoever gains or loses a slot is told.
fn concerned(told: &Told) -> impl Iterator<Item = Key> {
    let subject = match told.subject {
        SubjectKey::Interaction(id) => Some(Key::Interaction(id)),
        SubjectKey::Desk(user) => Some(Key::Desk(user)),
        // The directory has a reader of its own.
        SubjectKey::Center(_) => None,
    };
    let desks = told.owners.iter().filter_map(|owner| owner.user()).map(Key::Desk);
    subject.into_iter().chain(desks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_commits_are_passed_and_those_of_others_are_not() {
        let followed = Followed::default();
        followed.begin_after(10);
        // Commits that lie close together are noted in any order.
        followed.note_own(14, 2);
        followed.note_own(11, 1);
        followed.note_own(12, 1);
        assert_eq!(followed.position(), 14);
        followed.note_own(17, 2);
        assert_eq!(followed.position(), 14, "15 is another's");
        assert!(followed.lacks_earlier());
        assert_eq!([15, 16, 17, 18].map(|at| followed.is_own(at)), [false, true, true, false]);
        followed.begin_after(15);
        assert_eq!(followed.position(), 17);
        followed.note_own(17, 1);
        followed.note_own(17, 0);
        assert_eq!((followed.position(), followed.lacks_earlier()), (17, false));
    }

    #[test]
    fn what_is_remembered_of_own_commits_is_bounded() {
        let followed = Followed::default();
        for n in 0..3 * OWN_MAX as u64 {
            followed.note_own(2 * n + 2, 1);
            assert!(followed.lock().own.len() <= OWN_MAX);
        }
        assert_eq!(followed.position(), 0);
    }
}
