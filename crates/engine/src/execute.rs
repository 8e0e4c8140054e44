//! The one write path: load, decide, commit, wake.
//!
//! A retry happens here and nowhere else: when a guard fails, everything is read again and decided
//! again. Nothing is told to anybody before the commit is durable, and what is told afterwards are
//! hints; the truth is in the rows.

mod commit;
mod lanes;

pub(crate) use commit::Batch;
pub(crate) use lanes::Lanes;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use handoff_domain::interaction::decide::Context;
use handoff_domain::interaction::open::{NewInteraction, open};
use handoff_domain::{
    Action, Actor, CenterId, Command, Interaction, InteractionId, Media, Named, Rejection, UserId,
    Visibility, decide,
};
use handoff_store::{Key, Put, Receipt, StoreError, Versioned};

use crate::directory::Directory;
use crate::engine::Engine;
use crate::query;
use crate::world::{Surroundings, actor_of, target_of};

/// Attempts at one command before it is given up as too contended. Each lost attempt means that
/// another command got through.
const ATTEMPTS_MAX: u32 = 64;
/// Longest time spent on one command's attempts, in ms.
const ATTEMPTS_MS_MAX: u64 = 10_000;

/// A command to carry out.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The interaction.
    pub id: InteractionId,
    /// What should happen.
    pub command: Command,
    /// The number of the caller's request; the notice to them repeats it.
    pub reference: Option<i32>,
    /// Proof of the request, written with it.
    pub receipt: Option<Receipt>,
    /// Records that come into being with it, as the file of an uploaded file's entry.
    pub also: Vec<Put>,
}

/// A new interaction to take in.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The interaction.
    pub new: NewInteraction,
    /// Its contact center.
    pub center: CenterId,
    /// Who submits it.
    pub actor: Actor,
    /// The number of the caller's request.
    pub reference: Option<i32>,
    /// Proofs of the request: by its `Idempotency-Key`, by the submitter's external id.
    pub receipts: Vec<Receipt>,
}

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Done {
    /// It was carried out; this is the interaction afterwards, and the draft that it made.
    Now {
        /// The interaction.
        interaction: Arc<Interaction>,
        /// Other interactions that changed or came into being with it.
        related: Vec<Arc<Interaction>>,
    },
    /// It had been carried out before; this is the receipt with the first answer.
    Before(Box<Receipt>),
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// There is no such interaction, or the caller may not see it.
    #[error("no interaction {0} is visible to the caller")]
    NotFound(InteractionId),
    /// The rules refuse it.
    #[error("refused: {0:?}")]
    Rejected(Box<Rejection>),
    /// The idempotency key was used for a request with another body.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// Too many others change the same interaction at once.
    #[error("gave up on interaction {0} after {ATTEMPTS_MAX} contended attempts")]
    Contended(InteractionId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Rejection> for ExecuteError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

/// Whether an attempt reads from memory first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Remembered,
    Stored,
}

impl Engine {
    /// Carries out a command. When it returns `Ok`, the change is durable.
    ///
    /// Dropping the future leaves the command done or not done, never half done.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::NotFound`] when the actor is a user who may not see the interaction,
    /// [`ExecuteError::Rejected`] when the rules refuse it, or the store's.
    pub async fn execute(&self, attempt: &Attempt) -> Result<Done, ExecuteError> {
        if let Some(receipt) = &attempt.receipt
            && let Some(done) = self.earlier(receipt).await?
        {
            return Ok(done);
        }
        let mut read = Read::Remembered;
        let mut turn = self.lanes.join(attempt.id).await;
        // Waiting for a turn is no time in which anything was tried.
        let mut started = self.clock.now();
        for count in 0..ATTEMPTS_MAX {
            match self.attempt(attempt, read).await {
                Ok(done) => return Ok(done),
                Err(Failure::Refused(error)) => {
                    // A refusal from memory may rest on an old entry; one from the store may come
                    // after a twin of this request.
                    if read == Read::Remembered {
                        read = Read::Stored;
                        continue;
                    }
                    return match &attempt.receipt {
                        Some(receipt) => self.earlier(receipt).await?.ok_or(error),
                        None => Err(error),
                    };
                }
                Err(Failure::Conflict(key)) => {
                    if turn.is_none() && key == Key::Interaction(attempt.id) {
                        turn = Some(self.lanes.enter(attempt.id).await);
                        started = self.clock.now();
                    }
                    self.reread(&key).await?;
                    read = Read::Stored;
                }
                Err(Failure::Fatal(error)) => return Err(error),
            }
            if self.clock.now().ms_since(started) > ATTEMPTS_MS_MAX {
                break;
            }
            self.back_off(count).await;
        }
        Err(ExecuteError::Contended(attempt.id))
    }

    /// Takes in a new interaction. When it returns `Ok`, the interaction is durable.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] when the rules refuse it, or the store's.
    pub async fn open(&self, opening: &Opening) -> Result<Done, ExecuteError> {
        for receipt in &opening.receipts {
            if let Some(done) = self.earlier(receipt).await? {
                return Ok(done);
            }
        }
        self.again_and_again(opening.new.id, || self.attempt_open(opening)).await
    }

    /// Attempts to take something new in until no other is in the way.
    pub(crate) async fn again_and_again<F>(
        &self,
        id: InteractionId,
        attempt: impl Fn() -> F,
    ) -> Result<Done, ExecuteError>
    where
        F: Future<Output = Result<Done, Failure>>,
    {
        for count in 0..ATTEMPTS_MAX {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(Failure::Conflict(key)) => self.reread(&key).await?,
                Err(Failure::Refused(error) | Failure::Fatal(error)) => return Err(error),
            }
            self.back_off(count).await;
        }
        Err(ExecuteError::Contended(id))
    }

    /// Looks whether the request was carried out before.
    pub(crate) async fn earlier(&self, wanted: &Receipt) -> Result<Option<Done>, ExecuteError> {
        let found = self.store.receipt(&wanted.scope, &wanted.key).await?;
        found.map(|receipt| same_request(wanted, receipt)).transpose()
    }

    async fn attempt(&self, attempt: &Attempt, read: Read) -> Result<Done, Failure> {
        let before =
            self.read(attempt.id, read).await?.ok_or_else(|| Failure::not_found(attempt.id))?;
        let directory = self.directory();
        let actor = &attempt.command.actor;
        if let Actor::User(caller) = actor
            && !query::may_see(&before.value, caller.user, &directory)
        {
            return Err(Failure::not_found(attempt.id));
        }
        let parent = match before.value.parent {
            Some(parent) => self.read(parent, read).await?,
            None => None,
        };
        let mut users = before.value.people();
        users.extend(target_of(&attempt.command));
        users.extend(actor_of(actor));
        let adviser = match &attempt.command.action {
            Action::ConsultQueue(Named::Known(queue)) => {
                self.adviser(queue, &before.value, &directory)
            }
            _ => None,
        };
        users.extend(adviser);
        let (center, id) = (before.value.center, attempt.id);
        let mut world = self.surroundings(&directory, (center, id), users, parent);
        world.adviser = adviser;
        self.listen_in(&before.value, &attempt.command, &mut world).await?;
        self.look_through_thread(&before.value, &attempt.command, &mut world).await?;
        let decision = decide(&before.value, &attempt.command, &self.context(&world)?)
            .map_err(|rejection| Failure::Refused(rejection.into()))?;
        if commit::is_nothing(&decision) && attempt.receipt.is_none() {
            return Ok(Done::Now { interaction: before.value, related: Vec::new() });
        }
        let caller = actor_of(actor).zip(attempt.reference);
        let sent = commit::message_sent(&attempt.command, &decision.after);
        let mut batch = Batch::new(decision, before.version, &world, caller);
        batch.change.checks =
            commit::relied_on(&attempt.command, &before.value, adviser, &directory);
        batch.change.checks.extend(world.joined_as_seen());
        batch.change.receipts.extend(sent);
        batch.change.receipts.extend(attempt.receipt.clone());
        batch.change.puts.extend(attempt.also.iter().cloned());
        self.commit(batch).await
    }

    async fn attempt_open(&self, opening: &Opening) -> Result<Done, Failure> {
        let directory = self.directory();
        let users = actor_of(&opening.actor).into_iter().collect();
        // Whether whoever submits it may see what it follows was asked before; of another contact
        // center it is nothing.
        let parent = match opening.new.parent {
            Some(parent) => self
                .read(parent, Read::Remembered)
                .await?
                .filter(|it| it.value.center == opening.center),
            None => None,
        };
        let world = self.surroundings(&directory, (opening.center, opening.new.id), users, parent);
        let decision = open(opening.new.clone(), &opening.actor, &self.context(&world)?)
            .map_err(|rejection| Failure::Refused(rejection.into()))?;
        let caller = actor_of(&opening.actor).zip(opening.reference);
        let mut batch = Batch::new(decision, 0, &world, caller);
        batch.change.receipts.clone_from(&opening.receipts);
        self.commit(batch).await
    }

    /// Returns an interaction from memory, or from the store where memory has none or is not to be
    /// trusted.
    async fn read(
        &self,
        id: InteractionId,
        read: Read,
    ) -> Result<Option<Versioned<Arc<Interaction>>>, StoreError> {
        if read == Read::Remembered
            && let Some(known) = self.board.recent(id)
        {
            return Ok(Some(known));
        }
        self.load_interaction(id).await
    }

    /// Gathers what the decision may look up.
    pub(crate) fn surroundings<'a>(
        &'a self,
        directory: &'a Directory,
        (center, id): (CenterId, InteractionId),
        users: BTreeSet<UserId>,
        parent: Option<Versioned<Arc<Interaction>>>,
    ) -> Surroundings<'a> {
        let desks =
            users.into_iter().filter_map(|user| Some((user, self.board.desk(user)?))).collect();
        Surroundings {
            directory,
            board: &self.board,
            activity: &self.activity,
            center,
            desks,
            parent,
            transcript: Vec::new(),
            customer_seen: None,
            adviser: None,
            id,
            newest_inbound: None,
            base: None,
            joined: None,
            mail: &self.mail,
        }
    }

    /// Adds what a decision about a chat looks up: what was said, when somebody comes in who is to
    /// be shown it, and when the customer was last heard of.
    async fn listen_in(
        &self,
        before: &Interaction,
        command: &Command,
        world: &mut Surroundings<'_>,
    ) -> Result<(), StoreError> {
        let Some(chat) = &before.chat else { return Ok(()) };
        world.customer_seen = Some(self.chats.seen(before.id));
        if matches!(command.action, Action::Accept { .. }) {
            let all = usize::try_from(chat.total).unwrap_or(usize::MAX);
            world.transcript = self.transcript(before.id, 0, Visibility::Supervisors, all).await?;
        }
        Ok(())
    }

    /// Adds what a decision about an e-mail looks up: the newest that the customer wrote, when
    /// somebody writes to them, and what it is to be joined to.
    async fn look_through_thread(
        &self,
        before: &Interaction,
        command: &Command,
        world: &mut Surroundings<'_>,
    ) -> Result<(), StoreError> {
        match &command.action {
            Action::CreateDraft(_) | Action::Send(_) if before.media == Media::Email => {
                world.newest_inbound = self.newest_inbound_of(before).await?;
                if let Some(base) = base_of(&command.action) {
                    world.base = self.load_interaction(base).await?;
                }
            }
            Action::Join { parent: Named::Known(parent) } => {
                let found = self.load_interaction(*parent).await?;
                let is_seen = |it: &Interaction| {
                    actor_of(&command.actor)
                        .is_some_and(|user| query::may_see(it, user, world.directory))
                };
                world.joined = found.filter(|found| is_seen(&found.value));
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn context<'a>(
        &'a self,
        world: &'a Surroundings<'_>,
    ) -> Result<Context<'a>, StoreError> {
        let now = self.clock.now();
        Ok(Context {
            now,
            draft_id: self.ids.interaction(now),
            options: &self.options.rules,
            world,
        })
    }

    /// Waits a little, longer the more attempts were lost, and never as long as another who lost
    /// the same race.
    async fn back_off(&self, lost: u32) {
        let most_ms = u64::from(lost.min(7)) * 4 + 1;
        let wait_ms = u64::try_from(self.ids.random() % u128::from(most_ms)).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}

/// How one attempt failed.
pub(crate) enum Failure {
    /// The rules, or visibility, say no.
    Refused(ExecuteError),
    /// This record was changed meanwhile.
    Conflict(Key),
    /// Trying again would not help.
    Fatal(ExecuteError),
}

impl Failure {
    const fn not_found(id: InteractionId) -> Self {
        Self::Refused(ExecuteError::NotFound(id))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Fatal(error.into())
    }
}

/// Returns the first answer to a repeated request, if it is the same request.
/// Returns the e-mail that the writer of a draft says to have seen last.
const fn base_of(action: &Action) -> Option<InteractionId> {
    match action {
        Action::CreateDraft(draft) => draft.base,
        Action::Send(dispatch) => dispatch.base,
        _ => None,
    }
}

fn same_request(wanted: &Receipt, found: Receipt) -> Result<Done, ExecuteError> {
    if found.fingerprint == wanted.fingerprint {
        Ok(Done::Before(Box::new(found)))
    } else {
        Err(ExecuteError::KeyReused)
    }
}
