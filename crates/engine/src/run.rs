//! The engine of one node: its rooms, built in one go over one core, and its start and stop.
//!
//! There are two steps, because whoever speaks outward looks up names in the core:
//! [`Core::open`] reads what is stored, and [`Engine::build`] makes the rest around it and around
//! those who speak outward. Nothing is handed in later.

mod marks;
mod notes;

use std::sync::{Arc, Weak};

use handoff_bus::{Hint, Listener, Received};
use handoff_domain::UserId;
use handoff_store::StoreError;

use crate::commands::Commands;
use crate::conversations::Conversations;
use crate::core::{Core, Ears};
use crate::delivery::{Delivery, Owed};
use crate::desks::Desks;
use crate::letters::{Contacts, Letters};
use crate::outward::{Mailboxes, Outward};
use crate::privacy::Erasures;
use crate::views::Views;
use crate::worker::Worker;
use crate::workers::{Speaking, Workers};

pub use marks::{Leaving, Mark};

/// The engine of one node: handles to its rooms, each of which may be used from any task.
pub struct Engine {
    core: Arc<Core>,
    views: Arc<Views>,
    commands: Arc<Commands>,
    desks: Arc<Desks>,
    conversations: Arc<Conversations>,
    letters: Letters,
    contacts: Contacts,
    erasures: Arc<Erasures>,
    delivery: Arc<Delivery>,
    workers: Workers,
    mailboxes: Option<Arc<dyn Mailboxes>>,
}

impl Engine {
    /// Builds the rooms over a core, with readers of the log that keep something of their own
    /// beside the engine's workers, and begins the node's incarnation. Whoever was reachable
    /// on a node that is no more is not any longer, and the grace of agents who do not come back
    /// runs from here (docs/compat/agents.md#reach).
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn build(
        core: Arc<Core>,
        outward: Outward,
        readers: Vec<Arc<dyn Worker>>,
    ) -> Result<Arc<Self>, StoreError> {
        let Outward { publisher, customers, mailboxes, post, finder, statistics } = outward;
        let views = Arc::new(Views::new(core.clone(), finder, statistics));
        let commands = Commands::new(core.clone(), views.clone(), mailboxes.clone());
        let commands = Arc::new(commands);
        let desks = Arc::new(Desks::new(core.clone(), commands.clone(), publisher.clone()));
        let contacts = Contacts::new(core.clone(), commands.clone());
        let conversations =
            Conversations::new(core.clone(), commands.clone(), contacts.clone(), customers);
        let letters = Letters::new(core.clone(), commands.clone(), mailboxes.clone());
        let delivery = Arc::new(Delivery::new(core.clone(), desks.clone(), publisher.clone()));
        let speaking = Speaking { publisher, post };
        let erasures = Arc::new(Erasures::new(core.clone(), commands.clone()));
        let workers =
            Workers::new(&core, &commands, &desks, &delivery, &erasures, speaking, readers);
        core.begin_incarnation().await?;
        desks.forget_dead().await?;
        let conversations = Arc::new(conversations);
        Ok(Arc::new(Self {
            core,
            views,
            commands,
            desks,
            conversations,
            letters,
            contacts,
            erasures,
            delivery,
            workers,
            mailboxes,
        }))
    }

    /// Starts the workers.
    pub fn start(self: &Arc<Self>) {
        let ears: Weak<Self> = Arc::downgrade(self);
        self.core.let_hear(ears);
        for runner in self.workers.runners() {
            self.core.tasks.spawn(runner.clone().run(self.core.clone()));
        }
        self.core.tasks.spawn(self.clone().pass_hints_on(self.core.bus.listen()));
        self.core.tasks.spawn(self.clone().pass_notes_on(self.core.bus.listen_to_notes()));
    }

    /// Passes hints on as they come. One listener for all: a busy server gives thousands of hints a
    /// second.
    async fn pass_hints_on(self: Arc<Self>, mut listener: Listener) {
        loop {
            let received = tokio::select! {
                () = self.core.stopping.cancelled() => return,
                received = listener.receive() => received,
            };
            self.workers.runners().iter().for_each(|runner| runner.receive(&received));
            match received {
                // What this node said itself was heard when it said it.
                Received::Hint(Hint::Streams { from, .. }) if from == self.core.incarnation().0 => {
                }
                Received::Hint(Hint::Streams { users, .. }) => {
                    self.delivery.give_soon(&users_of(&users), Owed::Rows);
                }
                Received::Hint(Hint::Promised(users)) => {
                    self.delivery.give_soon(&users_of(&users), Owed::PromisedAnswers);
                }
                Received::Hint(Hint::Chats(chats)) => self.conversations.tell_changed(&chats),
                // Streams that were missed are found by the periodic look.
                Received::Missed => self.conversations.tell_missed(),
                Received::Hint(
                    Hint::Routing | Hint::Timers | Hint::Directory | Hint::Logins | Hint::Nodes,
                ) => {}
                Received::Closed => return,
            }
        }
    }

    /// Hands this node's duties over to others: it goes on serving whoever asks it.
    pub async fn hand_over(&self) {
        if let Err(error) = self.core.leave_duties().await {
            tracing::warn!(error = %error, "the duties could not be given back; they end by themselves");
        }
    }

    /// Stops the workers and waits for what they have begun.
    pub async fn stop(&self) {
        self.hand_over().await;
        if let Err(error) = self.workers.signs().record_all().await {
            tracing::warn!(error = %error, "the last signs of life could not be recorded");
        }
        self.core.stopping.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
        if let Err(error) = self.core.end_lease().await {
            tracing::warn!(error = %error, "the lease could not be given back; it ends by itself");
        }
    }

    /// Returns what all rooms stand on.
    #[must_use]
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Returns what may be seen.
    #[must_use]
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// Returns the write path.
    #[must_use]
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// Returns the agents' desks.
    #[must_use]
    pub fn desks(&self) -> &Desks {
        &self.desks
    }

    /// Returns the customers' chats.
    #[must_use]
    pub fn conversations(&self) -> &Conversations {
        &self.conversations
    }

    /// Returns the way in of letters.
    #[must_use]
    pub fn letters(&self) -> &Letters {
        &self.letters
    }

    /// Returns those who write.
    #[must_use]
    pub const fn contacts(&self) -> &Contacts {
        &self.contacts
    }

    /// Returns the erasures of contacts.
    #[must_use]
    pub fn erasures(&self) -> &Erasures {
        &self.erasures
    }

    /// Returns whoever knows the centers' own addresses.
    #[must_use]
    pub const fn mailboxes(&self) -> Option<&Arc<dyn Mailboxes>> {
        self.mailboxes.as_ref()
    }

    /// Returns the agents' sessions on this node.
    #[must_use]
    pub fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    #[must_use]
    pub const fn workers(&self) -> &Workers {
        &self.workers
    }
}

impl Ears for Engine {
    fn hear(&self, hint: &Hint) {
        let received = Received::Hint(hint.clone());
        self.workers.runners().iter().for_each(|runner| runner.receive(&received));
        match hint {
            Hint::Streams { users, .. } => self.delivery.give_own(&users_of(users)),
            Hint::Chats(chats) => self.conversations.tell_changed(chats),
            Hint::Routing
            | Hint::Timers
            | Hint::Directory
            | Hint::Logins
            | Hint::Nodes
            | Hint::Promised(_) => {}
        }
    }
}

fn users_of(ids: &[u128]) -> Vec<UserId> {
    ids.iter().copied().map(UserId).collect()
}
