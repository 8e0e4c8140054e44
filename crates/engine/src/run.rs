//! The engine of one node: its rooms, built over one core, and its start and stop.

use std::sync::Arc;

use handoff_bus::{Heard, Hint, Listener};
use handoff_domain::UserId;
use handoff_store::StoreError;

use crate::commands::Commands;
use crate::conversations::Conversations;
use crate::core::{Core, Parts};
use crate::delivery::Delivery;
use crate::desks::Desks;
use crate::letters::{Contacts, Letters};
use crate::outward::{Customers, Mailboxes, Outward, Post, Publisher};
use crate::views::Views;
use crate::worker::{Running, WorkerStatus};
use crate::workers::Workers;

/// The engine of one node: handles to its rooms, each of which may be used from any task.
pub struct Engine {
    core: Arc<Core>,
    views: Arc<Views>,
    commands: Arc<Commands>,
    desks: Arc<Desks>,
    conversations: Arc<Conversations>,
    letters: Arc<Letters>,
    delivery: Arc<Delivery>,
    workers: Workers,
    running: std::sync::Mutex<Vec<Arc<Running>>>,
    outward: Arc<Outward>,
}

impl Engine {
    /// Reads what a starting node must know. Whoever had a contact-center session counts as
    /// unreachable since now, so the grace of agents who do not come back runs from here
    /// (docs/compat/agents.md#reach).
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn open_on(parts: Parts) -> Result<Arc<Self>, StoreError> {
        let core = Core::open(parts).await?;
        let outward = Arc::new(Outward::default());
        let views = Arc::new(Views::new(core.clone()));
        let commands = Arc::new(Commands::new(core.clone(), views.clone(), outward.clone()));
        let desks = Arc::new(Desks::new(core.clone(), commands.clone()));
        let contacts = Contacts::new(core.clone(), commands.clone());
        let conversations =
            Arc::new(Conversations::new(core.clone(), commands.clone(), contacts, outward.clone()));
        let letters = Arc::new(Letters::new(core.clone(), commands.clone(), outward.clone()));
        let delivery = Arc::new(Delivery::new(core.clone(), desks.clone(), outward.clone()));
        let workers = Workers::new(&core, &commands, &desks, &delivery, &outward);
        desks.forget_presence().await?;
        Ok(Arc::new(Self {
            core,
            views,
            commands,
            desks,
            conversations,
            letters,
            delivery,
            workers,
            running: std::sync::Mutex::default(),
            outward,
        }))
    }

    /// Says who speaks to the agents. Only the first call counts.
    pub fn publish_with(&self, publisher: Arc<dyn Publisher>) {
        let _already_set = self.outward.publisher.set(publisher);
    }

    /// Says who speaks to the customers. Only the first call counts.
    pub fn speak_to_customers(&self, customers: Arc<dyn Customers>) {
        let _already_set = self.outward.customers.set(customers);
    }

    /// Says which addresses the contact centers have. Only the first call counts.
    pub fn send_from(&self, mailboxes: Arc<dyn Mailboxes>) {
        let _already_set = self.outward.mailboxes.set(mailboxes);
    }

    /// Says who posts mails. Only the first call counts; until then whatever is sent waits.
    pub fn post_with(&self, post: Arc<dyn Post>) {
        let _already_set = self.outward.post.set(post);
        self.core.outgoing.notify_one();
    }

    /// Starts the workers. `publisher` is who speaks to the agents.
    pub fn start(self: &Arc<Self>, publisher: Arc<dyn Publisher>) {
        self.publish_with(publisher);
        let listener = self.core.bus.listen();
        let running: Vec<Arc<Running>> = self
            .workers
            .all()
            .iter()
            .map(|worker| Arc::new(Running::start(&self.core, worker.clone())))
            .collect();
        *self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = running.clone();
        self.core.tasks.spawn(self.clone().hear(listener, running));
    }

    /// Passes hints on as they come. One listener for all: a busy server gives thousands of hints a
    /// second.
    async fn hear(self: Arc<Self>, mut listener: Listener, workers: Vec<Arc<Running>>) {
        loop {
            let heard = tokio::select! {
                () = self.core.stopping.cancelled() => return,
                heard = listener.hear() => heard,
            };
            workers.iter().for_each(|worker| worker.hear(&heard));
            match heard {
                Heard::Hint(Hint::Streams(users)) => {
                    users.iter().for_each(|user| self.delivery.deliver_soon(UserId(*user)));
                }
                Heard::Hint(Hint::Chats(chats)) => self.conversations.tell_changed(&chats),
                // Streams that were missed are found by the periodic look.
                Heard::Missed => self.conversations.tell_missed(),
                Heard::Hint(Hint::Routing | Hint::Timers | Hint::Directory) => {}
                Heard::Closed => return,
            }
        }
    }

    /// Stops the workers and waits for what they have begun.
    pub async fn stop(&self) {
        self.core.stopping.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
    }

    /// Tells how the workers are doing.
    #[must_use]
    pub fn worker_statuses(&self) -> Vec<WorkerStatus> {
        let running = self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.iter().map(|worker| worker.status()).collect()
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

    /// Returns the agents' sessions on this node.
    #[must_use]
    pub fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// Returns the workers.
    #[must_use]
    pub const fn workers(&self) -> &Workers {
        &self.workers
    }
}
