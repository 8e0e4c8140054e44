//! The task that writes.
//!
//! It takes what waits, up to the bounds of a batch, and never waits for more. A batch is one
//! transaction in two round trips: everything that it guards is locked and read, its change sets
//! are decided on in memory, and what is left of them is written and committed. Positions are taken
//! last (ADR 0013).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Error, Row};
use tracing::{error, warn};

use crate::committed::Added;
use crate::distribution::BatchCounts;
use crate::error::{CommitError, StoreError};
use crate::hash::fnv1a;
use crate::places::{Places, QUEUE_LEN_CAP};
#[cfg(feature = "conformance")]
use crate::postgres::PostgresFaults;
use crate::postgres::PostgresOptions;
use crate::postgres::connect::{Link, Server};
use crate::postgres::failure::{Verdict, failed, judge};
use crate::postgres::needs::{NUMBERS_MAX, Needs, numbers_of, writes};
use crate::postgres::pipeline::{Prepared, call, together};
use crate::postgres::statements as text;
use crate::postgres::until::{Silent, Until};
use crate::postgres::world::{Applied, World};
use crate::sql::encode::EncodedChange;

const ATTEMPTED: &str = "committing";
/// How often a batch is tried that is in somebody's way.
const TRIES_MAX: u32 = 6;
/// How long to wait before the second try; before each later one twice as long.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a server may take for a batch, with all attempts at it and the connections that they
/// need, before it counts as away: longer than a wait for a lock, and a node that is cut off must
/// refuse within five seconds.
const ANSWER_MAX: Duration = Duration::from_millis(4_500);
/// How long is looked for somebody who knows what became of a batch, and the pause between two
/// looks.
const LOOK_MAX: Duration = Duration::from_secs(10);
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// What became of a change set that was applied.
#[derive(Debug)]
pub(super) struct Written {
    /// The end of the log after it.
    pub(super) position: u64,
    /// What became of each notice, in their order.
    pub(super) added: Vec<Added>,
}

type Outcome = Result<Written, CommitError>;

/// A change set that waits, and who waits for it.
#[derive(Debug)]
struct Job {
    change: Box<EncodedChange>,
    /// Since when.
    since: Instant,
    reply: oneshot::Sender<Outcome>,
}

/// The way to the task that writes. There is one, so that what is handed in first is applied first.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    places: Places,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task, which counts its batches. `salt` is this cluster's.
    pub(super) fn start(
        options: &PostgresOptions,
        server: Server,
        salt: String,
        batches: &Arc<BatchCounts>,
    ) -> Self {
        let places = Places::new(options.queue_len_max, options.queue_bytes_max);
        let (sender, jobs) = channel(options.queue_len_max.clamp(1, QUEUE_LEN_CAP));
        let options = options.clone();
        let committer = Committer {
            jobs,
            places: places.clone(),
            batches: batches.clone(),
            options,
            server,
            salt,
            connection: None,
            away: None,
        };
        let task = tokio::spawn(committer.run());
        Self { jobs: Mutex::new(Some(sender)), places, task: Mutex::new(Some(task)) }
    }

    /// Hands a change set in and waits for what becomes of it; waits for a place first when too
    /// much is waiting. Cancelling it before it has a place means that nothing happens, afterwards
    /// that the job is done unseen.
    pub(super) async fn commit(&self, change: Box<EncodedChange>) -> Outcome {
        let gone = || CommitError::Store(closed(ATTEMPTED));
        let (bytes, since) = (change.bytes, Instant::now());
        let (place, room) = self.places.take(bytes).await.map_err(|_| gone())?;
        let sender = self.jobs.lock().await.clone().ok_or_else(gone)?;
        let (reply, answer) = oneshot::channel();
        sender.send(Job { change, since, reply }).await.map_err(|_| gone())?;
        place.forget();
        room.forget();
        let unknown = || StoreError::OutcomeUnknown { attempted: ATTEMPTED }.into();
        answer.await.unwrap_or_else(|_| Err(unknown()))
    }

    /// Finishes what was handed in and ends the task.
    pub(super) async fn close(&self) {
        self.jobs.lock().await.take();
        if let Some(task) = self.task.lock().await.take()
            && task.await.is_err()
        {
            error!("the task that writes to the database panicked");
        }
        self.places.close();
    }
}

pub(super) fn closed(attempted: &'static str) -> StoreError {
    failed(attempted, "the store is closed")
}

/// Why a batch has no outcome.
enum Failure {
    /// Nothing of it was written, and the same may work at once.
    Again(StoreError),
    /// Something in it cannot be stored; nothing of it was written.
    Refused(StoreError),
    /// Nothing of it was written.
    Nothing(StoreError),
    /// Nothing of it was written, and the database does not answer.
    Away(StoreError),
    /// Nobody knows.
    Unknown,
}

impl Failure {
    /// Says what follows from an error before anything was committed.
    fn of(error: Error) -> Self {
        let verdict = judge(&error);
        let error = failed(ATTEMPTED, error);
        match verdict {
            Verdict::Again | Verdict::Lost => Self::Again(error),
            Verdict::Refused => Self::Refused(error),
            Verdict::Later => Self::Nothing(error),
        }
    }

    fn into_error(self) -> StoreError {
        match self {
            Self::Again(error)
            | Self::Refused(error)
            | Self::Nothing(error)
            | Self::Away(error) => error,
            Self::Unknown => StoreError::OutcomeUnknown { attempted: ATTEMPTED },
        }
    }
}

impl From<Silent> for Failure {
    fn from(silent: Silent) -> Self {
        Self::Away(failed(ATTEMPTED, silent))
    }
}

/// A connection that writes, and what was prepared on it.
struct Connection {
    client: Link,
    prepared: Prepared,
    /// Tells its batches from those of every other connection.
    nonce: String,
    batches: u64,
    /// Whether something that was asked over it may still be answered.
    is_lost: bool,
    #[cfg(feature = "conformance")]
    faults: PostgresFaults,
}

struct Committer {
    jobs: Receiver<Job>,
    places: Places,
    batches: Arc<BatchCounts>,
    options: PostgresOptions,
    server: Server,
    salt: String,
    connection: Option<Connection>,
    /// When the database was last found to be away.
    away: Option<Instant>,
}

impl Committer {
    async fn run(mut self) {
        while let Some(batch) = self.gather().await {
            let (changes, replies): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|job| (job.change, job.reply)).unzip();
            let changes: Vec<&EncodedChange> = changes.iter().map(|change| &**change).collect();
            for (reply, outcome) in replies.into_iter().zip(self.commit(&changes).await) {
                // An error means that nobody waits for the answer any more.
                let _ = reply.send(outcome);
            }
        }
    }

    /// Takes what waits, without waiting for more; `None` when no more can come.
    async fn gather(&mut self) -> Option<Vec<Job>> {
        let mut batch = vec![self.first().await?];
        let (mut bytes, mut numbers) = (0, 0);
        loop {
            let last = &batch[batch.len() - 1].change;
            self.places.give_back(last.bytes);
            bytes += last.bytes;
            numbers += numbers_of(last);
            let is_full = batch.len() >= self.options.batch_len_max
                || bytes >= self.options.batch_bytes_max
                || numbers >= NUMBERS_MAX;
            match if is_full { None } else { self.jobs.try_recv().ok() } {
                Some(job) => batch.push(job),
                None => return Some(batch),
            }
        }
    }

    /// Waits for a change set that is worth an attempt. Whoever waited while it was found out that
    /// the database is away is refused: to find it out once more takes as long again.
    async fn first(&mut self) -> Option<Job> {
        loop {
            let job = self.jobs.recv().await?;
            if self.away.is_none_or(|away| job.since > away) {
                return Some(job);
            }
            self.refuse(job);
        }
    }

    /// Commits what can be committed of a batch; returns an outcome for each change set.
    async fn commit(&mut self, changes: &[&EncodedChange]) -> Vec<Outcome> {
        match self.repeated(changes).await {
            Ok(outcomes) => outcomes,
            // One of them cannot be stored. The others do not go down with it.
            Err(Failure::Refused(_)) if changes.len() > 1 => self.commit_each(changes).await,
            Err(failure) => self.failed(failure, changes.len()),
        }
    }

    /// Commits what can be committed, each change set by itself.
    async fn commit_each(&mut self, changes: &[&EncodedChange]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            match self.repeated(std::slice::from_ref(change)).await {
                Ok(alone) => outcomes.extend(alone),
                Err(failure @ (Failure::Away(_) | Failure::Unknown)) => {
                    outcomes.extend(self.failed(failure, 1));
                    break;
                }
                Err(failure) => outcomes.push(Err(failure.into_error().into())),
            }
        }
        // To find out once more that the database is away takes as long again.
        outcomes.resize_with(changes.len(), || Err(failed(ATTEMPTED, Silent).into()));
        outcomes
    }

    /// Returns what is told of so many change sets that a failure kept from being committed.
    fn failed(&mut self, failure: Failure, count: usize) -> Vec<Outcome> {
        if matches!(failure, Failure::Away(_) | Failure::Unknown) {
            self.away = Some(Instant::now());
        }
        self.batches.note_failed();
        let why = failure.into_error();
        let error = &why as &dyn std::error::Error;
        warn!(error, "the database could not be written to for now");
        let told = crate::error::with_causes(&why);
        let each = || {
            Err(CommitError::Store(match why {
                StoreError::OutcomeUnknown { attempted } => {
                    StoreError::OutcomeUnknown { attempted }
                }
                _ => failed(ATTEMPTED, told.clone()),
            }))
        };
        std::iter::repeat_with(each).take(count).collect()
    }

    fn refuse(&self, job: Job) {
        self.places.give_back(job.change.bytes);
        // An error means that nobody waits for the answer any more.
        let _ = job.reply.send(Err(failed(ATTEMPTED, Silent).into()));
    }

    /// Tries a batch until it is in nobody's way, or the database counts as away.
    async fn repeated(&mut self, changes: &[&EncodedChange]) -> Result<Vec<Outcome>, Failure> {
        let until = Until::after(ANSWER_MAX);
        let (begun, mut tries) = (Instant::now(), 1);
        loop {
            match self.attempt(changes, until).await {
                Err(Failure::Again(_)) if tries < TRIES_MAX => {
                    until.wait(tokio::time::sleep(PAUSE * 2_u32.pow(tries - 1))).await?;
                    tries += 1;
                }
                Ok(outcomes) => {
                    self.batches.note_written(changes.len(), begun.elapsed());
                    return Ok(outcomes);
                }
                failed => return failed,
            }
        }
    }

    async fn attempt(
        &mut self,
        changes: &[&EncodedChange],
        until: Until,
    ) -> Result<Vec<Outcome>, Failure> {
        let mut connection = self.connection(until).await?;
        let batch = connection.next_batch();
        let done = connection.decide_and_write(changes, &self.salt, &batch, until).await;
        let done = match done {
            Ok(done) => Ok(done),
            Err(Step::Before(failure)) => {
                // One that is lost has nothing to roll back.
                let rolled_back = until.wait(connection.client.batch_execute("ROLLBACK")).await;
                connection.is_lost = !matches!(rolled_back, Ok(Ok(())));
                Err(failure)
            }
            Err(Step::Silent) => {
                connection.is_lost = true;
                Err(Silent.into())
            }
            Err(Step::Committing(Some(error), _)) if judge(&error) != Verdict::Lost => {
                Err(Failure::of(error))
            }
            Err(Step::Committing(_, decided)) => {
                connection.is_lost = true;
                match self.look_up(&batch, until).await {
                    Some(Some(end)) => Ok(decided.written(end)),
                    Some(None) => Err(Failure::Again(failed(ATTEMPTED, Silent))),
                    None => Err(Failure::Unknown),
                }
            }
        };
        if !connection.is_lost && !connection.client.is_closed() {
            self.connection = Some(connection);
        }
        done
    }

    async fn connection(&mut self, until: Until) -> Result<Connection, Failure> {
        if let Some(connection) = self.connection.take().filter(|it| !it.client.is_closed()) {
            return Ok(connection);
        }
        let open = async || {
            let client = self.server.connect().await?;
            let nonce = client.query_one("SELECT gen_random_uuid()::TEXT", &[]).await?.get(0);
            Ok::<_, Error>(Connection {
                client,
                prepared: Prepared::default(),
                nonce,
                batches: 0,
                is_lost: false,
                #[cfg(feature = "conformance")]
                faults: self.options.faults,
            })
        };
        until.wait(open()).await?.map_err(|error| Failure::Again(failed(ATTEMPTED, error)))
    }

    /// Finds out what became of a batch whose connection was lost while it was committed: its end
    /// if it was, `Some(None)` if it was not, `None` if nobody can tell. Once the database counts
    /// as away whoever waits or comes is refused.
    async fn look_up(&mut self, batch: &str, until: Until) -> Option<Option<End>> {
        #[cfg(feature = "conformance")]
        if self.options.faults.forgets_batches {
            return Some(None);
        }
        let (server, salt) = (self.server.clone(), self.salt.clone());
        let look = async {
            loop {
                match look(&server, &salt, batch).await {
                    Ok(Some(found)) => return found,
                    Ok(None) => warn!("somebody ended the wait for a standby"),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        warn!(error, "looking up what became of a batch of commits failed");
                    }
                }
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        };
        let mut look = pin!(timeout(LOOK_MAX, look));
        tokio::select! {
            found = &mut look => return found.ok(),
            () = until.over() => {}
        }
        loop {
            tokio::select! {
                found = &mut look => return found.ok(),
                Some(job) = self.jobs.recv() => self.refuse(job),
            }
        }
    }
}

/// Looks for a batch; `None` when a standby may not have it yet.
async fn look(server: &Server, salt: &str, batch: &str) -> Result<Option<Option<End>>, Error> {
    let client = server.connect().await?;
    let number = vec![fnv1a(&format!("{salt} batch {batch}")).cast_signed()];
    // While the old connection's transaction is not over, its number cannot be had.
    let calls = [
        call!(text::NUMBERS_LOCK, number, vec![true]),
        call!(text::BATCH_FIND, batch),
        call!(text::STANDBY_AWAIT),
    ];
    let mut prepared = Prepared::default();
    prepared.all_of(&client, &calls).await?;
    let found = together(&client, &prepared, Some("BEGIN"), &calls, Some("COMMIT")).await?;
    Ok((!client.is_warned()).then(|| found[1].first().map(End::of)))
}

/// Where the log and the promised answers ended after a batch.
#[derive(Clone, Copy, Debug)]
struct End {
    position: u64,
}

impl End {
    fn of(row: &Row) -> Self {
        Self { position: row.get::<_, i64>(0).cast_unsigned() }
    }
}

/// Where a batch failed.
enum Step {
    /// Nothing can have been committed.
    Before(Failure),
    /// The same, and the server does not answer.
    Silent,
    /// The statements that write were sent with the one that commits; there is no error when the
    /// server does not answer.
    Committing(Option<Error>, Decided),
}

impl From<Silent> for Step {
    fn from(_: Silent) -> Self {
        Self::Silent
    }
}

impl From<Error> for Step {
    fn from(error: Error) -> Self {
        Self::Before(Failure::of(error))
    }
}

impl From<StoreError> for Step {
    fn from(error: StoreError) -> Self {
        // What one change set names cannot be read; the others do not go down with it.
        Self::Before(match error.is_unreadable() {
            true => Failure::Refused(error),
            false => Failure::Nothing(error),
        })
    }
}

/// What was decided on each change set of a batch with so many events.
struct Decided {
    outcomes: Vec<Result<Applied, CommitError>>,
    events: u64,
}

impl Decided {
    fn written(self, end: End) -> Vec<Outcome> {
        let base = end.position - self.events;
        let written = |Applied { place, added }| {
            let added = added.into_iter();
            let added = added.map(|(after, numbers)| Added { after: after.after(base), numbers });
            Written { position: base + place, added: added.collect() }
        };
        self.outcomes.into_iter().map(|outcome| outcome.map(written)).collect()
    }
}

impl Connection {
    fn next_batch(&mut self) -> String {
        self.batches += 1;
        format!("{} {}", self.nonce, self.batches)
    }

    async fn decide_and_write(
        &mut self,
        changes: &[&EncodedChange],
        salt: &str,
        batch: &str,
        until: Until,
    ) -> Result<Vec<Outcome>, Step> {
        let mut world = until.wait(self.read(changes, salt, batch)).await??;
        let outcomes: Vec<_> = changes.iter().map(|change| world.apply(change)).collect();
        let decided = Decided { outcomes, events: world.events.len() as u64 };
        let applied = || changes.iter().zip(&decided.outcomes).filter(|(_, it)| it.is_ok());
        if applied().next().is_none() {
            until.wait(self.client.batch_execute("ROLLBACK")).await??;
            // A receipt answers for what it was written with.
            if decided.outcomes.iter().any(|it| matches!(it, Err(CommitError::Receipt(_)))) {
                until.wait(self.client.execute(text::STANDBY_AWAIT, &[])).await??;
            }
            return Ok(decided.written(End { position: 0 }));
        }
        if !applied().any(|(change, _)| writes(change)) {
            return Ok(decided.written(until.wait(self.end_seen()).await??));
        }
        let written = world.writes(batch)?;
        #[cfg(feature = "conformance")]
        let written =
            if self.faults.has_plain_sequences { written.by_sequences() } else { written };
        until.wait(self.prepared.all_of(&self.client, &written.calls)).await??;
        let sent = together(&self.client, &self.prepared, None, &written.calls, Some("COMMIT"));
        let Ok(sent) = until.wait(sent).await else {
            return Err(Step::Committing(None, decided));
        };
        #[cfg(feature = "conformance")]
        let sent = self.lose_answer(sent).await;
        match sent {
            Ok(_) if self.client.is_warned() => Err(Step::Committing(None, decided)),
            Ok(rows) => Ok(decided.written(End::of(&rows[written.end][0]))),
            Err(error) => Err(Step::Committing(Some(error), decided)),
        }
    }

    /// Ends a transaction in which nothing was written; returns where the log ended in it.
    async fn end_seen(&mut self) -> Result<End, Error> {
        let calls = [call!(text::END_READ), call!(text::STANDBY_AWAIT)];
        self.prepared.all_of(&self.client, &calls).await?;
        let end = together(&self.client, &self.prepared, None, &calls, Some("COMMIT")).await?;
        Ok(End::of(&end[0][0]))
    }

    /// Loses the connection after a commit if that is planned.
    #[cfg(feature = "conformance")]
    async fn lose_answer<T>(&self, sent: Result<T, Error>) -> Result<T, Error> {
        let every = self.faults.lose_answer_of_every;
        if every > 0 && self.batches.is_multiple_of(every) {
            self.client.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())").await?;
        }
        sent
    }

    /// Locks and reads what a batch needs.
    async fn read<'a>(
        &mut self,
        changes: &[&'a EncodedChange],
        salt: &str,
        batch: &str,
    ) -> Result<World<'a>, Step> {
        let needs = Needs::of(changes, salt, batch);
        let calls = needs.calls();
        #[cfg(feature = "conformance")]
        let calls = if self.faults.is_without_locks { needs.calls_without_locks() } else { calls };
        self.prepared.all_of(&self.client, &calls).await?;
        let found = together(&self.client, &self.prepared, Some("BEGIN"), &calls, None).await?;
        let mut world = World::of(&needs, found)?;
        self.complete(&needs, changes, &mut world).await?;
        Ok(world)
    }

    /// Reads what is seldom needed: heads that there were none of, and records of directories that
    /// are no longer as they were seen.
    async fn complete(
        &mut self,
        needs: &Needs<'_>,
        changes: &[&EncodedChange],
        world: &mut World<'_>,
    ) -> Result<(), Step> {
        if world.heads.len() < needs.owners() {
            let calls = [needs.heads_call(text::HEADS_MAKE), needs.heads_call(text::HEADS_LOCK)];
            self.prepared.all_of(&self.client, &calls).await?;
            let found = together(&self.client, &self.prepared, None, &calls, None).await?;
            world.heads.take(&found[1])?;
        }
        if world.has_other_directory(changes) {
            let calls = needs.checked_calls();
            self.prepared.all_of(&self.client, &calls).await?;
            let found = together(&self.client, &self.prepared, None, &calls, None).await?;
            for (kind, rows) in needs.checked_kinds().zip(&found) {
                world.take(kind, rows)?;
            }
        }
        Ok(())
    }
}
