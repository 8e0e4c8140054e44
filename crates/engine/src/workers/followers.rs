//! Offers chats to the supervisors who follow their owners: a reactor, which reads the log.
//!
//! Whatever makes an agent the owner of a chat, a command or a timer, here or on another node, is
//! an entry that tells them. What is offered then follows from the chat and the agent's desk as
//! they are. The desk knows who was offered what, from the commit that offers it; so nodes that act
//! on the same entry offer nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_domain::{Desk, InteractionId, Media, UserId};
use handoff_store::{StoreError, SubjectKey, Told};
use tokio::sync::Notify;

use super::cursor::Cursor;
use crate::commands::Commands;
use crate::core::{Core, Duty};
use crate::desks::{AgentError, Desks};
use crate::worker::Worker;

/// Its name as a reader of the log.
const READER: &str = "followers";
/// Entries read at once.
const PAGE: usize = 500;
/// The shortest time between two looks at the log: while somebody is followed, every commit is a
/// reason for one.
const PAUSE: Duration = Duration::from_millis(20);

/// Offers chats to the supervisors who follow their owners.
pub struct Followers {
    core: Arc<Core>,
    commands: Arc<Commands>,
    desks: Arc<Desks>,
    /// `None` until it was read. Held for a whole round.
    cursor: tokio::sync::Mutex<Option<Cursor>>,
}

/// Whether everybody was offered what follows from some entries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offered {
    All,
    /// Others were in the way too often; the next round tries again.
    NotAll,
}

impl Followers {
    pub(super) fn new(core: Arc<Core>, commands: Arc<Commands>, desks: Arc<Desks>) -> Self {
        Self { core, commands, desks, cursor: tokio::sync::Mutex::default() }
    }

    /// Offers what follows from what was committed since the last round, as far as the board knows
    /// it.
    ///
    /// # Errors
    ///
    /// The store's own; what was not offered is offered in the next round.
    pub async fn offer(&self) -> Result<(), StoreError> {
        let mut held = self.cursor.lock().await;
        let cursor = match &mut *held {
            Some(cursor) => cursor,
            none => none.insert(Cursor::read(&self.core, READER).await?),
        };
        // Before the desks are looked at, so that whoever was followed by then is seen to be.
        let until = self.core.followed.position();
        while cursor.position() < until {
            let followed = self.core.board.supervised();
            if followed.is_empty() {
                cursor.pass(until);
                break;
            }
            let (chats, passed) = self.read_on(cursor.position(), until, &followed).await?;
            if self.offer_all(chats).await? == Offered::NotAll {
                return Ok(());
            }
            cursor.pass(passed);
        }
        cursor.keep(&self.core, &self.commands).await
    }

    /// Returns the chats that may have to be offered by the entries after a position, and up to
    /// where that is so.
    async fn read_on(
        &self,
        from: u64,
        until: u64,
        followed: &BTreeMap<UserId, Arc<Desk>>,
    ) -> Result<(BTreeSet<InteractionId>, u64), StoreError> {
        let mut told = match self.core.store.told_after(from, PAGE).await {
            // Nothing was offered for longer than the log is kept.
            Err(StoreError::Swept { .. }) => {
                return Ok((followed.values().flat_map(|desk| chats_of(desk)).collect(), until));
            }
            page => page?.items,
        };
        told.retain(|told| told.position <= until);
        let passed = told.last().map_or(until, |last| last.position);
        Ok((told.iter().flat_map(|told| concerned(told, followed)).collect(), passed))
    }

    async fn offer_all(&self, chats: BTreeSet<InteractionId>) -> Result<Offered, StoreError> {
        let mut offered = Offered::All;
        for id in chats {
            let result = match self.core.interaction(id).await {
                Ok(Some(chat)) => self.desks.offer_to_followers(&chat).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error.into()),
            };
            let Err(error) = result else { continue };
            if matches!(error, AgentError::Contended(_) | AgentError::Interaction(_)) {
                offered = Offered::NotAll;
            }
            error.into_store_error()?;
        }
        Ok(offered)
    }
}

/// Returns the chats that may have to be offered by one entry: what it is about, if it tells an
/// agent who is followed; and when it is about the desk of an agent or of who follows them, all
/// that the agent has, because they may be followed only now, or their follower be in reach again.
fn concerned(told: &Told, followed: &BTreeMap<UserId, Arc<Desk>>) -> Vec<InteractionId> {
    match told.subject {
        SubjectKey::Interaction(id) => {
            let mut users = told.owners.iter().filter_map(|owner| owner.user());
            users.any(|user| followed.contains_key(&user)).then_some(id).into_iter().collect()
        }
        SubjectKey::Desk(user) => followed
            .values()
            .filter(|desk| desk.user == user || desk.supervised_by.contains_key(&user))
            .flat_map(|desk| chats_of(desk))
            .collect(),
        SubjectKey::Center(_) => Vec::new(),
    }
}

fn chats_of(desk: &Desk) -> impl Iterator<Item = InteractionId> {
    desk.slots.iter().filter(|(_, media)| **media == Media::Chat).map(|(id, _)| *id)
}

#[async_trait]
impl Worker for Followers {
    fn name(&self) -> &'static str {
        READER
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Followers)
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    fn reached(&self) -> Option<u64> {
        self.cursor.try_lock().ok()?.as_ref().map(Cursor::position)
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        match received {
            Received::Hint(Hint::Streams { .. }) => self.core.board.is_anybody_supervised(),
            Received::Missed => true,
            Received::Hint(
                Hint::Routing
                | Hint::Timers
                | Hint::Promised(_)
                | Hint::Directory
                | Hint::Logins
                | Hint::Nodes
                | Hint::Chats(_),
            )
            | Received::Closed => false,
        }
    }

    /// Notified of what other nodes committed when it is on the board.
    fn wakes(&self) -> Arc<Notify> {
        self.core.followed.others_entered.clone()
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.offer().await
    }
}
