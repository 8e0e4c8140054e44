//! Changing one desk, again and again until no other is in the way.

use std::sync::{Arc, Mutex};

use handoff_domain::event::Cause;
use handoff_domain::{CenterId, Desk, Media, Rejection, UserId};
use handoff_store::{ChangeSet, Check, Key, Put, Record};

use super::error::{ATTEMPTS_MAX, AgentError};
use super::retire::Seen;
use crate::commands::{Commands, Read};
use crate::core::Core;
use crate::outward::Publisher;

/// The desks of all agents.
pub struct Desks {
    pub(super) core: Arc<Core>,
    pub(super) commands: Arc<Commands>,
    pub(super) publisher: Arc<dyn Publisher>,
    pub(super) seen: Mutex<Seen>,
}

impl Desks {
    pub(crate) fn new(
        core: Arc<Core>,
        commands: Arc<Commands>,
        publisher: Arc<dyn Publisher>,
    ) -> Self {
        let seen = Mutex::new(Seen::beginning_with(core.directory()));
        Self { core, commands, publisher, seen }
    }

    /// Changes one desk: the closure changes it and gives the channels whose state is new, which
    /// the agent is then told. What it relied on beside the desk it puts among the checks. `cause`
    /// is who wants it.
    pub(super) async fn change_desk<F>(
        &self,
        (user, center): (UserId, CenterId),
        cause: Cause,
        change_it: F,
    ) -> Result<(), AgentError>
    where
        F: Fn(&mut Desk, &mut ChangeSet) -> Result<Vec<Media>, Rejection>,
    {
        let mut read = Read::Remembered;
        for _ in 0..ATTEMPTS_MAX {
            let prepared = self.prepare((user, center), cause, &change_it);
            if read == Read::Remembered && !matches!(prepared, Ok(Some(_))) {
                // No guard tells whether that rests on an old entry: another node may have changed
                // the desk a moment before.
                self.core.current_desk(user).await?;
                read = Read::Stored;
                continue;
            }
            let Some(change) = prepared? else { return Ok(()) };
            match self.commands.commits().make(change).await {
                Ok(_) => return Ok(()),
                Err(error) => self.commands.commits().reread(&error.into_conflict()?).await?,
            }
        }
        Err(AgentError::Contended(user))
    }

    /// Works out what is to be committed for a change of a desk as it is remembered; `None` when
    /// that is nothing.
    pub(super) fn prepare<F>(
        &self,
        (user, center): (UserId, CenterId),
        cause: Cause,
        change_it: &F,
    ) -> Result<Option<ChangeSet>, Rejection>
    where
        F: Fn(&mut Desk, &mut ChangeSet) -> Result<Vec<Media>, Rejection>,
    {
        let known = self.core.board.desk(user);
        let expected = known.as_ref().map_or(0, |desk| desk.version);
        let before = known.map(|desk| desk.value);
        let mut desk =
            before.as_deref().cloned().unwrap_or_else(|| Desk::new(user, center, self.core.now()));
        let found = desk.clone();
        let mut change = ChangeSet::default();
        let channels = change_it(&mut desk, &mut change)?;
        let relied = std::mem::take(&mut change.checks);
        // An empty desk is begun for nobody: who was removed a moment ago needs none.
        if desk == found && change == ChangeSet::default() {
            return Ok(None);
        }
        desk.note_changed(&channels, self.core.now());
        change.checks = relied;
        if desk == found {
            // What is set or cleared follows from the desk as it is.
            change.checks.push(Check { key: Key::Desk(user), version: expected });
        } else {
            let facts = desk.facts_since(before.as_deref());
            change.events.push(desk.event(&channels, facts, cause, self.core.now()));
            change.puts.push(Put { record: Record::Desk(desk), expected });
        }
        Ok(Some(change))
    }
}
