//! The clients: each reads an interaction, then tries something with it, mostly what makes sense
//! and sometimes what does not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use handoff_testkit::center::{self, QUEUE};
use handoff_testkit::{Address, Client, NoAnswer, http};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::checker::Entry;
use super::rules::{Agent, Answer, Call, Place, Request};
use crate::campaign::lock;

/// Half of all calls go to this many interactions, so that clients really meet.
const HOT: usize = 20;
/// The pause before a command is sent again.
const REPEATED_AFTER: Duration = Duration::from_millis(200);
/// The key of the value in the user data.
const VALUE: &str = "value";

pub(crate) struct Shared {
    address: Address,
    pub(crate) users: Vec<String>,
    /// The id of the group's workbin.
    pub(crate) workbin: String,
    pub(crate) manner: Manner,
    /// The interactions that are called at present, by their number.
    pub(crate) slots: Mutex<Vec<Arc<Contested>>>,
    /// Every call so far, with the number of its interaction.
    pub(crate) history: Mutex<Vec<(usize, Entry<Call>)>>,
    /// Set when the clients should end.
    pub(crate) over: AtomicBool,
    /// Counts the moments of calls and answers.
    moments: AtomicU64,
    /// Counts the values that were set.
    values: AtomicU64,
    /// Counts the interactions that were made.
    made: AtomicU64,
    /// What interactions and keys are called after, so that no two loads on a store meet.
    name: String,
    /// The ids of all that were made, by their numbers.
    pub(crate) ids: Mutex<HashMap<usize, String>>,
    /// Counts the commands that were sent more than once.
    pub(crate) repeated: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fencing {
    /// As named.
    Sent,
    /// Left out on the way, though the history says they were named.
    Withheld,
}

/// How clients call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Whether the epochs that clients name reach the program: without them it cannot fence, and
    /// the checker has to notice.
    pub(crate) fencing: Fencing,
    /// The longest pause between two calls of a client, half of it on average.
    pub(crate) pause: Duration,
    /// How long half of all commands are sent again, with the same `Idempotency-Key`, while no
    /// answer comes; none when zero.
    pub(crate) repeated_for: Duration,
}

/// An interaction that clients fight over.
#[derive(Debug)]
pub(crate) struct Contested {
    /// Its number, which names its history.
    pub(crate) number: usize,
    pub(crate) id: String,
}

/// What a client saw of an interaction.
struct Sight {
    place: Place,
    epoch: u64,
    may_accept: bool,
}

impl Shared {
    pub(crate) fn new(
        address: Address,
        users: Vec<String>,
        workbin: String,
        manner: Manner,
    ) -> Self {
        Self {
            address,
            users,
            workbin,
            manner,
            slots: Mutex::default(),
            history: Mutex::default(),
            over: AtomicBool::new(false),
            moments: AtomicU64::new(1),
            values: AtomicU64::new(1),
            made: AtomicU64::new(0),
            name: "contested".to_owned(),
            ids: Mutex::default(),
            repeated: AtomicU64::new(0),
        }
    }

    /// Calls interactions and keys after something else.
    #[must_use]
    pub(crate) fn called(mut self, name: String) -> Self {
        self.name = name;
        self
    }

    pub(crate) fn client(&self, user: &str) -> Client {
        Client::new(&self.address, user)
    }

    pub(crate) async fn make(&self) -> Result<Arc<Contested>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": QUEUE,
            "externalId": format!("{}-{number}", self.name)});
        let made = self.client(&center::submitter(0)).command("/interactions", &body).await?;
        let id = made["id"].as_str().context("no id")?.to_owned();
        let number = usize::try_from(number)?;
        lock(&self.ids).insert(number, id.clone());
        Ok(Arc::new(Contested { number, id }))
    }

    /// Returns the next moment, which is later than all before.
    pub(crate) fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::SeqCst)
    }

    fn record(&self, number: usize, called: u64, answered: Option<u64>, call: Call) {
        lock(&self.history).push((number, Entry { called, answered, call }));
    }

    /// Replaces an interaction that is finished, unless somebody else did so already.
    async fn replace(&self, finished: &Contested) -> Result<()> {
        let fresh = self.make().await?;
        if let Some(slot) = lock(&self.slots).iter_mut().find(|slot| slot.number == finished.number)
        {
            *slot = fresh;
        }
        Ok(())
    }
}

/// A command that was sent. One that is dropped under way is written down without an answer: it may
/// be carried out, and others see what it did.
struct Open {
    shared: Arc<Shared>,
    number: usize,
    called: u64,
    /// `None` once nothing more is to be written down.
    call: Option<Call>,
}

impl Open {
    fn begin(
        shared: &Arc<Shared>,
        contested: &Contested,
        by: Agent,
        request: Request,
        epoch: Option<u64>,
    ) -> Self {
        let call = Some(Call { by, request, epoch, answer: Answer::None });
        Self { shared: Arc::clone(shared), number: contested.number, called: shared.moment(), call }
    }

    fn answered(mut self, answer: Answer) {
        self.end(answer);
    }

    /// It was never sent.
    fn forget(mut self) {
        self.call = None;
    }

    fn end(&mut self, answer: Answer) {
        if let Some(call) = self.call.take() {
            let answered = (answer != Answer::None).then(|| self.shared.moment());
            self.shared.record(self.number, self.called, answered, Call { answer, ..call });
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end(Answer::None);
    }
}

/// One client, working as one agent.
pub(crate) struct Caller {
    shared: Arc<Shared>,
    agent: Agent,
    client: Client,
    random: StdRng,
    /// Epochs seen of each interaction, latest last.
    seen: HashMap<usize, Vec<u64>>,
}

impl Caller {
    /// Makes a client of an agent; `seed` decides all that it tries.
    pub(crate) fn new(shared: &Arc<Shared>, agent: Agent, seed: u64) -> Self {
        let client = shared.client(&center::agent(usize::from(agent)));
        let random = StdRng::seed_from_u64(seed);
        Self { shared: Arc::clone(shared), agent, client, random, seen: HashMap::new() }
    }

    /// Calls until it is over.
    pub(crate) async fn run(mut self) -> Result<()> {
        while !self.shared.over.load(Ordering::Relaxed) {
            let contested = self.pick();
            match self.read(&contested).await {
                Ok(Some(sight)) if sight.place != Place::Done => {
                    self.act(&contested, &sight).await?
                }
                Ok(_) => self.shared.replace(&contested).await?,
                Err(_) => self.client.wait_a_little().await,
            }
            let pause = self.shared.manner.pause.mul_f64(self.random.random_range(0.0..=1.0));
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    fn pick(&mut self) -> Arc<Contested> {
        let slots = lock(&self.shared.slots);
        let among = if self.random.random_bool(0.5) { HOT.min(slots.len()) } else { slots.len() };
        Arc::clone(&slots[self.random.random_range(0..among)])
    }

    /// Reads an interaction; `None` when it is not to be seen any more, which is so only after its
    /// end.
    async fn read(&mut self, contested: &Contested) -> Result<Option<Sight>, NoAnswer> {
        let called = self.shared.moment();
        let answer = self.client.get(&format!("/interactions/{}", contested.id)).await?;
        if answer.is_failure() {
            return Err(NoAnswer::Unknown);
        }
        let sight = (answer.code() == 0).then(|| self.sight(&answer.body["interaction"]));
        let answer = match &sight {
            Some((sight, value)) => {
                Answer::Seen { place: sight.place, epoch: sight.epoch, value: *value }
            }
            None => Answer::Refused,
        };
        let call = Call { by: self.agent, request: Request::Read, epoch: None, answer };
        self.shared.record(contested.number, called, Some(self.shared.moment()), call);
        if let Some((sight, _)) = &sight {
            self.seen.entry(contested.number).or_default().push(sight.epoch);
        }
        Ok(sight.map(|(sight, _)| sight))
    }

    fn sight(&self, interaction: &Value) -> (Sight, u64) {
        let owner = interaction["assignedTo"].as_str();
        let owner = owner.and_then(|owner| self.shared.users.iter().position(|user| user == owner));
        let place = match (owner, interaction["state"].as_str()) {
            (Some(owner), _) => Place::Owned(Agent::try_from(owner).unwrap_or(Agent::MAX)),
            (None, Some("InWorkbin")) => Place::Parked,
            (None, Some("Completed")) => Place::Done,
            (None, _) => Place::Waiting,
        };
        let capabilities = interaction["capabilities"].as_array();
        let may_accept = capabilities.is_some_and(|all| all.iter().any(|one| one == "Accept"));
        let epoch = interaction["epoch"].as_u64().unwrap_or(0);
        (Sight { place, epoch, may_accept }, interaction["userData"][VALUE].as_u64().unwrap_or(0))
    }

    /// Tries something with an interaction that was just seen.
    async fn act(&mut self, contested: &Contested, sight: &Sight) -> Result<()> {
        let sensible = self.random.random_bool(0.8);
        let request = if sensible { self.sensible(sight) } else { Some(self.any()) };
        let Some(request) = request else { return Ok(()) };
        let epoch = self.epoch(contested, sight);
        let (path, body) = self.command(contested, request, epoch);
        let open = Open::begin(&self.shared, contested, self.agent, request, epoch);
        let answer = match self.send(&path, &body).await {
            Ok(answer) if answer.is_failure() => Answer::None,
            Ok(answer) if answer.code() == 0 => Answer::Done,
            Ok(answer) => {
                let is_refusal = matches!(answer.code(), 2 | 3 | 6);
                ensure!(is_refusal, "{request:?} was answered {}: {}", answer.status, answer.body);
                Answer::Refused
            }
            Err(NoAnswer::Unknown) => Answer::None,
            Err(NoAnswer::NotSent) => {
                open.forget();
                return Ok(());
            }
        };
        open.answered(answer);
        Ok(())
    }

    /// Sends a command: with a key again and again while there is no answer, or once.
    async fn send(&mut self, path: &str, body: &Value) -> Result<http::Answer, NoAnswer> {
        let call = http::Call::post(path, body);
        let patience = self.shared.manner.repeated_for;
        if patience.is_zero() || self.random.random_bool(0.5) {
            return self.client.send(call).await;
        }
        let key =
            format!("{}-{}", self.shared.name, self.shared.values.fetch_add(1, Ordering::Relaxed));
        let call = call.keyed(&key);
        let (begun, mut was_sent, mut times) = (Instant::now(), false, 0);
        loop {
            let answer = self.client.send(&call).await;
            was_sent |= answer.as_ref().err() != Some(&NoAnswer::NotSent);
            times += 1;
            match answer {
                Ok(answer) if !answer.is_failure() => {
                    self.shared.repeated.fetch_add(u64::from(times > 1), Ordering::Relaxed);
                    return Ok(answer);
                }
                _ if begun.elapsed() < patience => {
                    tokio::time::sleep(REPEATED_AFTER).await;
                }
                _ if was_sent => return Err(NoAnswer::Unknown),
                _ => return Err(NoAnswer::NotSent),
            }
        }
    }

    /// Returns what an agent would do who saw that.
    fn sensible(&mut self, sight: &Sight) -> Option<Request> {
        if sight.may_accept {
            return Some(if self.random.random_bool(0.9) {
                Request::Accept
            } else {
                Request::Reject
            });
        }
        match sight.place {
            Place::Owned(owner) if owner == self.agent => {
                Some(match self.random.random_range(0..100) {
                    0..40 => self.update(),
                    40..60 => self.transfer(),
                    60..75 => Request::PlaceInQueue,
                    75..97 => Request::Park,
                    _ => Request::Complete,
                })
            }
            Place::Parked => Some(Request::Pull),
            // Nothing to be done by them; now and then they try all the same.
            Place::Owned(_) | Place::Waiting => None,
            Place::Done => None,
        }
    }

    fn any(&mut self) -> Request {
        match self.random.random_range(0..7) {
            0 => Request::Accept,
            1 => Request::Reject,
            2 => self.transfer(),
            3 => Request::PlaceInQueue,
            4 => Request::Park,
            5 => Request::Pull,
            _ => self.update(),
        }
    }

    fn update(&self) -> Request {
        Request::Update { value: self.shared.values.fetch_add(1, Ordering::Relaxed) }
    }

    fn transfer(&mut self) -> Request {
        let to = self.random.random_range(0..self.shared.users.len());
        Request::Transfer { to: Agent::try_from(to).unwrap_or(Agent::MAX) }
    }

    /// Returns the epoch that the command names: mostly the one just seen, at times an older one,
    /// at times none.
    fn epoch(&mut self, contested: &Contested, sight: &Sight) -> Option<u64> {
        let seen = self.seen.get(&contested.number).map_or(&[][..], Vec::as_slice);
        match self.random.random_range(0..10) {
            0..6 => Some(sight.epoch),
            6..8 if !seen.is_empty() => Some(seen[self.random.random_range(0..seen.len())]),
            _ => None,
        }
    }

    fn command(
        &self,
        contested: &Contested,
        request: Request,
        epoch: Option<u64>,
    ) -> (String, Value) {
        let mut body = match request {
            Request::Accept => json!({"operationName": "Accept"}),
            Request::Reject => json!({"operationName": "Reject"}),
            Request::Transfer { to } => {
                json!({"operationName": "Transfer", "userName": center::agent(usize::from(to))})
            }
            Request::PlaceInQueue => json!({"operationName": "PlaceInQueue", "queueName": QUEUE}),
            Request::Park => {
                json!({"operationName": "PlaceInWorkbin", "workbin": self.shared.workbin})
            }
            Request::Pull => json!({"operationName": "PullInteraction", "id": contested.id}),
            Request::Update { value } => {
                json!({"operationName": "UpdateUserData", "userData": {VALUE: value}})
            }
            Request::Complete | Request::Read => json!({"operationName": "Complete"}),
        };
        if let (Fencing::Sent, Some(epoch)) = (self.shared.manner.fencing, epoch) {
            body["epoch"] = epoch.into();
        }
        let path = match request {
            Request::Pull => format!("/workbins/{}", self.shared.workbin),
            _ => format!("/me/interactions/{}", contested.id),
        };
        (path, body)
    }
}
