//! Carrying out commands: attempt by attempt, until one gets through or is refused.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use handoff_domain::interaction::open::{NewInteraction, open};
use handoff_domain::{
    Arrival, Caller, Command, Interaction, InteractionId, Rejection, UserId, decide, open_letter,
};
use handoff_store::{ChangeSet, CommitError, Key, Receipt, Versioned};

use super::batch::{self, Batch};
use super::commits::Commits;
use super::counts::{CommandCount, CommandCounts};
use super::lanes::Lanes;
use super::load::Read;
use super::message_ids::is_known_message;
use super::request::{
    ATTEMPTS_MAX, CommandRequest, Done, ExecuteError, Failure, Opening, same_request,
};
use super::world::Other;
use crate::core::{Core, Directory};
use crate::outward::Mailboxes;
use crate::views::{self, Views};

/// Longest time spent on one command's attempts, in ms.
const ATTEMPTS_MS_MAX: u64 = 10_000;

/// The one write path.
pub struct Commands {
    pub(super) core: Arc<Core>,
    pub(super) views: Arc<Views>,
    /// The contact centers' own addresses.
    pub(super) mailboxes: Option<Arc<dyn Mailboxes>>,
    commits: Commits,
    lanes: Lanes,
    counts: CommandCounts,
}

impl Commands {
    pub(crate) fn new(
        core: Arc<Core>,
        views: Arc<Views>,
        mailboxes: Option<Arc<dyn Mailboxes>>,
    ) -> Self {
        let commits = Commits::new(core.clone());
        let (lanes, counts) = (Lanes::default(), CommandCounts::default());
        Self { core, views, mailboxes, commits, lanes, counts }
    }

    /// Returns how commands went since the node began, as far as there were any.
    #[must_use]
    pub fn counted(&self) -> Vec<CommandCount> {
        self.counts.counted()
    }

    /// Counts what became of something that was to be taken in.
    pub(crate) fn count_opening(&self, done: &Result<Done, ExecuteError>) {
        self.counts.count_opening(done);
    }

    /// Returns what hands change sets to the store that no decision about an interaction made.
    pub(crate) const fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Carries out a command. When it returns `Ok`, the change is durable.
    ///
    /// Dropping the future leaves the command done or not done, never half done.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::NotFound`] when the actor is a user who may not see the interaction,
    /// [`ExecuteError::Rejected`] when the rules refuse it, [`ExecuteError::Overtaken`] when what
    /// was to be written with it is not as it was, or the store's.
    pub fn execute(
        &self,
        request: &CommandRequest,
    ) -> impl Future<Output = Result<Done, ExecuteError>> + Send {
        let operation = request.command.operation();
        // No function around it that waits: its future is large, and would be there twice.
        self.carry_out(request).inspect(move |done| self.counts.count(operation, done))
    }

    async fn carry_out(&self, request: &CommandRequest) -> Result<Done, ExecuteError> {
        // Whether it was carried out before the commit finds out, which compares receipts first.
        let mut read = Read::Remembered;
        let mut turn = self.lanes.join(request.id).await;
        // Waiting for a turn is no time in which anything was tried.
        let mut started = self.core.now();
        for count in 0..ATTEMPTS_MAX {
            match self.attempt(request, read).await {
                Ok(done) => return Ok(done),
                Err(Failure::Refused(error)) => {
                    // A refusal from memory may rest on an old entry; one from the store may come
                    // after a twin of this request.
                    if read == Read::Remembered {
                        read = Read::Stored;
                        continue;
                    }
                    return self.earlier_of(&request.receipt).await?.ok_or(error);
                }
                Err(Failure::Conflict(key)) => {
                    if turn.is_none() && key == Key::Interaction(request.id) {
                        turn = Some(self.lanes.enter(request.id).await);
                        started = self.core.now();
                    }
                    self.commits.reread(&key).await?;
                    if request.also.iter().any(|put| put.record.key() == key) {
                        return Err(ExecuteError::Overtaken(key));
                    }
                    read = Read::Stored;
                }
                Err(Failure::Fatal(error)) => return Err(error),
            }
            if self.core.now().ms_since(started) > ATTEMPTS_MS_MAX {
                break;
            }
            self.back_off(count).await;
        }
        Err(ExecuteError::Contended(request.id))
    }

    /// Takes in a new interaction. When it returns `Ok`, the interaction is durable.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] when the rules refuse it, or the store's.
    pub async fn open(&self, opening: &Opening) -> Result<Done, ExecuteError> {
        let done = self.take_in(opening).await;
        self.count_opening(&done);
        done
    }

    async fn take_in(&self, opening: &Opening) -> Result<Done, ExecuteError> {
        // As with a command, the commit finds out whether it was taken in before.
        let attempt = async |read| {
            self.again_and_again(opening.new.id, || self.attempt_open(opening, read)).await
        };
        // As with a command: a refusal from memory may rest on an old desk, one from the store may
        // come after a twin of this request.
        match attempt(Read::Remembered).await {
            Err(ExecuteError::Rejected(_)) => {}
            done => return done,
        }
        match attempt(Read::Stored).await {
            Err(error @ ExecuteError::Rejected(_)) => {
                self.earlier_of(&opening.receipts).await?.ok_or(error)
            }
            done => done,
        }
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
                Err(Failure::Conflict(key)) => self.commits.reread(&key).await?,
                Err(Failure::Refused(error) | Failure::Fatal(error)) => return Err(error),
            }
            self.back_off(count).await;
        }
        Err(ExecuteError::Contended(id))
    }

    /// Looks whether a request was carried out before that has any of these proofs.
    async fn earlier_of(
        &self,
        receipts: impl IntoIterator<Item = &Receipt>,
    ) -> Result<Option<Done>, ExecuteError> {
        for receipt in receipts {
            if let Some(done) = self.earlier(receipt).await? {
                return Ok(Some(done));
            }
        }
        Ok(None)
    }

    /// Looks whether the request was carried out before.
    async fn earlier(&self, wanted: &Receipt) -> Result<Option<Done>, ExecuteError> {
        let found = self.core.store.receipt(&wanted.scope, &wanted.key).await?;
        found.map(|receipt| same_request(wanted, receipt)).transpose()
    }

    async fn attempt(&self, request: &CommandRequest, read: Read) -> Result<Done, Failure> {
        let before =
            self.read(request.id, read).await?.ok_or_else(|| Failure::not_found(request.id))?;
        let directory = self.core.directory();
        let command = &as_caller_is_now(&request.command, &directory);
        let world = self.load(&before.value, command, &directory, read).await?;
        let user = command.user();
        if let Some(user) = user {
            let sight = views::sight_of(&before.value, user, &directory);
            world.rely_on_sight(user, &sight.ok_or_else(|| Failure::not_found(request.id))?);
        }
        let decided = decide(&before.value, command, &self.context(&world)?);
        let decision = match decided {
            Ok(decision) => decision,
            Err(rejection) => {
                return Err(self.refused(rejection, world.into_desks(), read).await);
            }
        };
        if batch::is_nothing(&decision) {
            let guards = batch::guards(&world, (request.id, before.version));
            drop(world);
            return self.change_nothing(request, before, guards).await;
        }
        let caller = user.zip(request.reference);
        let sent = batch::message_sent(command, &decision.after);
        let replaced = before.value.version_before(&decision.after);
        // It is seldom there, and would make every command's future larger.
        let keeping = replaced.map(|version| Box::pin(self.keeping(request.id, version)));
        let mut batch = Batch::new(decision, before.version, &world, caller);
        drop(world);
        // A repetition is known by its own before anything else is.
        batch.change.receipts.extend(request.receipt.clone());
        batch.change.receipts.extend(sent);
        if let Some(keeping) = keeping {
            batch.change.puts.push(keeping.await?);
        }
        batch.change.puts.extend(request.also.iter().cloned());
        batch.change.events.extend(request.also_events.iter().cloned());
        batch.change.timers_checked.extend(request.timer);
        self.commit(batch).await
    }

    /// Carries out what changes nothing: the interaction is compared and not written, or each such
    /// command would be in the way of others.
    async fn change_nothing(
        &self,
        request: &CommandRequest,
        before: Versioned<Arc<Interaction>>,
        guards: ChangeSet,
    ) -> Result<Done, Failure> {
        let key = Key::Interaction(request.id);
        let done = Done::Now { interaction: before.value, related: Vec::new() };
        let Some(receipt) = &request.receipt else {
            let found = self.core.store.versions(std::slice::from_ref(&key)).await?;
            return if found == [before.version] { Ok(done) } else { Err(Failure::Conflict(key)) };
        };
        let receipts = vec![receipt.clone()];
        let change = ChangeSet { receipts: receipts.clone(), ..guards };
        match self.commits.make(change).await {
            Ok(_) => Ok(done),
            Err(error) => not_committed(error, &receipts, key),
        }
    }

    /// Returns a refusal for which these desks were looked at. One from memory may rest on old
    /// ones; the next attempt sees the stored ones.
    async fn refused(&self, rejection: Rejection, desks: Vec<UserId>, read: Read) -> Failure {
        if read == Read::Remembered {
            match self.core.load_desks(&desks).await {
                Err(error) if !error.is_unreadable() => return error.into(),
                Ok(()) | Err(_) => {}
            }
        }
        Failure::Refused(rejection.into())
    }

    async fn attempt_open(&self, opening: &Opening, read: Read) -> Result<Done, Failure> {
        let directory = self.core.directory();
        // Whether whoever submits it may see what it follows was asked before; of another contact
        // center it is nothing.
        let parent = match opening.new.parent {
            Some(parent) => {
                let found = self.read(parent, read).await?;
                Some(Other::new(parent, found).filter(|it| it.center == opening.center))
            }
            None => None,
        };
        let world = self.world(&directory, (opening.center, opening.new.id), parent);
        opening.actor.user().into_iter().for_each(|user| world.rely(Key::User(user)));
        let decided = open(opening.new.clone(), &opening.actor, &self.context(&world)?);
        let decision = match decided {
            Ok(decision) => decision,
            Err(rejection) => {
                return Err(self.refused(rejection, world.into_desks(), read).await);
            }
        };
        let caller = opening.actor.user().zip(opening.reference);
        let mut batch = Batch::new(decision, 0, &world, caller);
        drop(world);
        batch.change.receipts.clone_from(&opening.receipts);
        self.commit(batch).await
    }

    /// Commits, enters what was written on the board, and wakes whom it concerns.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<Done, Failure> {
        let receipts = batch.change.receipts.clone();
        let first = batch.change.puts[0].record.key();
        match self.commits.make(batch.change).await {
            Ok(mut written) => {
                let interaction = written.remove(0);
                Ok(Done::Now { interaction, related: written })
            }
            Err(error) => not_committed(error, &receipts, first),
        }
    }

    /// Decides what comes of a letter, which answers `parent`.
    pub(crate) fn decide_letter(
        &self,
        opening: NewInteraction,
        arrival: Arrival,
        parent: Option<Versioned<Arc<Interaction>>>,
    ) -> Result<Batch, Failure> {
        let directory = self.core.directory();
        let subject = (opening.center, opening.id);
        let parent = opening.parent.map(|id| Other::new(id, parent));
        let world = self.world(&directory, subject, parent);
        let decision = open_letter(opening, arrival, &self.context(&world)?)
            .map_err(|rejection| Failure::Refused(rejection.into()))?;
        Ok(Batch::new(decision, 0, &world, None))
    }

    /// Waits a little, longer the more attempts were lost, and never as long as another who lost
    /// the same race.
    async fn back_off(&self, lost: u32) {
        let most_ms = u64::from(lost.min(7)) * 4 + 1;
        let wait_ms = u64::try_from(self.core.ids.random() % u128::from(most_ms)).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}

/// Returns what comes of a command whose commit was refused, which had these receipts; `first` is
/// what it is about.
fn not_committed(error: CommitError, receipts: &[Receipt], first: Key) -> Result<Done, Failure> {
    match error {
        CommitError::Conflict { key } => Err(Failure::Conflict(key)),
        CommitError::Timer(_) => Err(Failure::Fatal(ExecuteError::NotDue)),
        CommitError::Receipt(found) if is_known_message(&found) => Err(Failure::Conflict(first)),
        CommitError::Receipt(found) => {
            let wanted = receipts.iter().find(|wanted| wanted.scope == found.scope);
            let wanted = wanted.expect("the store refuses only receipts that were handed in");
            same_request(wanted, *found).map_or_else(|error| Err(Failure::Fatal(error)), Ok)
        }
        CommitError::Store(error) => Err(error.into()),
    }
}

/// Returns a command with the roles and groups that its caller has now: they may have changed since
/// the request came in.
fn as_caller_is_now<'c>(command: &'c Command, directory: &Directory) -> Cow<'c, Command> {
    let Command::User(given) = command else { return Cow::Borrowed(command) };
    let Some(user) = directory.users.get(&given.caller.user) else { return Cow::Borrowed(command) };
    if user.roles == *given.caller.roles && user.groups == *given.caller.groups {
        return Cow::Borrowed(command);
    }
    let mut present = given.clone();
    present.caller = Caller::of(user);
    Cow::Owned(Command::User(present))
}
