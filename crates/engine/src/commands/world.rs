//! What a decision may look up, gathered for one attempt.

use std::collections::HashMap;
use std::sync::Arc;

use handoff_domain::interaction::decide::World;
use handoff_domain::service::{FileLimits, ServiceKind};
use handoff_domain::{
    Action, CenterId, Command, Desk, Entry, Interaction, InteractionId, Named, Queue, QueueId,
    SystemAction, Target, User, UserId, Workbin, WorkbinId,
};
use handoff_store::{Check, Key, Version, Versioned};

use crate::core::{Board, Directory};
use crate::outward::Mailboxes;

/// What is around one interaction at one moment. It remembers the versions of what it shows,
/// for the guards of the commit.
pub(super) struct LoadedWorld<'a> {
    pub(super) directory: &'a Directory,
    pub(super) board: &'a Board,
    pub(super) center: CenterId,
    pub(super) desks: HashMap<UserId, Versioned<Arc<Desk>>>,
    pub(super) parent: Option<Versioned<Arc<Interaction>>>,
    /// What was said so far, for an agent who comes into a chat.
    pub(super) transcript: Vec<Entry>,
    /// Who would be asked for advice by way of a queue.
    pub(super) adviser: Option<UserId>,
    /// The interaction that the decision is about.
    pub(super) id: InteractionId,
    /// The newest inbound e-mail of its thread, for a draft that is made or sent.
    pub(super) newest_inbound: Option<Interaction>,
    /// The interaction that the writer of a draft says to have seen last.
    pub(super) base: Option<Versioned<Arc<Interaction>>>,
    /// The interaction under which it is to be joined.
    pub(super) joined: Option<Versioned<Arc<Interaction>>>,
    /// The contact centers' own addresses.
    pub(super) mailboxes: Option<&'a dyn Mailboxes>,
}

impl LoadedWorld<'_> {
    /// Returns the version that a changed desk must still have; zero for one that did not exist.
    pub(super) fn desk_version(&self, user: UserId) -> Version {
        self.desks.get(&user).map_or(0, |desk| desk.version)
    }

    /// Returns the check that what an e-mail is joined to is still in the thread that it was in.
    pub(super) fn joined_as_seen(&self) -> Option<Check> {
        let joined = self.joined.as_ref()?;
        Some(Check { key: Key::Interaction(joined.value.id), version: joined.version })
    }
}

impl World for LoadedWorld<'_> {
    fn desk(&self, user: UserId) -> Option<&Desk> {
        self.desks.get(&user).map(|desk| &*desk.value)
    }

    fn user(&self, user: UserId) -> Option<&User> {
        self.directory.user(self.center, user).map(|user| &**user)
    }

    fn queue(&self, queue: QueueId) -> Option<&Queue> {
        self.directory.queue(self.center, queue).map(|queue| &**queue)
    }

    fn workbin(&self, workbin: WorkbinId) -> Option<Workbin> {
        self.directory.workbin(self.center, workbin)
    }

    fn own_workbin(&self, name: &str, owner: UserId) -> Option<Workbin> {
        self.directory.own_workbin(name, self.directory.user(self.center, owner)?)
    }

    fn watchers(&self, workbin: WorkbinId) -> Vec<UserId> {
        self.board.watchers(workbin)
    }

    fn parent(&self) -> Option<&Interaction> {
        self.parent.as_ref().map(|parent| &*parent.value)
    }

    fn adviser(&self) -> Option<UserId> {
        self.adviser
    }

    fn transcript(&self) -> &[Entry] {
        &self.transcript
    }

    fn file_limits(&self, service: &str) -> Option<&FileLimits> {
        let terms = self.directory.service(ServiceKind::Chat, service)?.chat()?;
        Some(&terms.files)
    }

    fn newest_inbound(&self) -> Option<&Interaction> {
        self.newest_inbound.as_ref()
    }

    fn base(&self) -> Option<&Interaction> {
        self.base.as_ref().map(|base| &*base.value)
    }

    fn joined(&self) -> Option<&Interaction> {
        self.joined.as_ref().map(|joined| &*joined.value)
    }

    fn may_send_as(&self, address: &str) -> bool {
        self.mailboxes.is_none_or(|mailboxes| mailboxes.is_ours(self.center, address))
    }

    fn default_sender(&self) -> Option<String> {
        self.mailboxes?.default_sender(self.center)
    }

    fn message_id(&self, sender: &str, sends: u32) -> Option<String> {
        Some(self.mailboxes?.message_id(self.id, sends, sender))
    }
}

/// Returns the user whom a command is about beside those whom the interaction concerns already.
pub(super) fn target_of(command: &Command) -> Option<UserId> {
    match command {
        Command::System(SystemAction::Offer { to: user } | SystemAction::AgentGone { user }) => {
            Some(*user)
        }
        Command::System(_) | Command::Customer(_) => None,
        Command::User(command) => match &command.action {
            Action::Transfer(Target::Agent(Named::Known(user)))
            | Action::Invite(Named::Known(user))
            | Action::Consult(Named::Known(user)) => Some(*user),
            _ => None,
        },
    }
}
