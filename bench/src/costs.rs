//! `bench costs`: what a command costs in the embedded store (docs/testing.md#figures).
//!
//! The engine alone, without HTTP and without workers, lives through work items: opened, offered,
//! accepted, changed, completed. What is printed are counts, so they are the same on every machine
//! but for how commits meet in one batch.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_bus::LocalBus;
use handoff_domain::event::Cause;
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Action, Actor, Caller, CenterId, Direction, InteractionId, Media, Medium, Named, Queue, Role,
    Topic, UserCommand, UserData, UserId, Value,
};
use handoff_engine::{
    ChannelChange, CommandRequest, Core, Done, Engine, Opening, Options as Numbers, Outward, Parts,
    Replay, Subscriptions, SystemClock, SystemIds,
};
use handoff_store::sqlite::counts::{Count, Counts};
use handoff_store::{ChangeSet, Put, Record, SqliteOptions, SqliteStore, Store as _};
use handoff_testkit::Center;
use handoff_testkit::center::{ALL, agent};
use tokio::task::JoinSet;

const CENTER: CenterId = CenterId(1);
/// How long an offer may take, in rounds of the router.
const ROUNDS_MAX: usize = 100;

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many work items.
    #[arg(long, default_value_t = 2_048, value_parser = clap::value_parser!(u16).range(1..))]
    items: u16,
    /// How many of them at once, each with an agent of its own: how large batches may become.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=512))]
    at_once: u16,
}

/// One kind of step, with what all of its kind took.
struct Step {
    name: &'static str,
    count: Count,
    bytes: u64,
}

struct Stage {
    engine: Arc<Engine>,
    counts: Counts,
    agents: Vec<UserId>,
    queue: Queue,
    steps: Vec<Step>,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let stage = lived(options).await?;
    let rounds = options.items.div_ceil(options.at_once);
    stage.print(usize::from(rounds) * usize::from(options.at_once));
    Ok(())
}

/// Lets work items live, and returns what that took.
async fn lived(options: &Options) -> Result<Stage> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let mut stage = Stage::open(home.path(), usize::from(options.at_once)).await?;
    for number in 0..options.items.div_ceil(options.at_once) {
        stage.live(i128::from(number)).await.with_context(|| format!("round {number}"))?;
    }
    stage.engine.stop().await;
    Ok(stage)
}

/// What each command took of the store, on average.
pub(crate) struct Each {
    pub(crate) statements: f64,
    pub(crate) pages: f64,
    pub(crate) kb: f64,
}

/// Lets so many work items live, so many of them at once.
pub(crate) async fn each(items: u16, at_once: u16) -> Result<Each> {
    let stage = lived(&Options { items, at_once }).await?;
    let commands = stage.steps.len() * usize::from(items.div_ceil(at_once) * at_once);
    let sum = |value: fn(&Step) -> u64| {
        #[expect(clippy::cast_precision_loss, reason = "counts of some millions")]
        let sum = stage.steps.iter().map(value).sum::<u64>() as f64;
        #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
        let each = sum / commands as f64;
        each
    };
    Ok(Each {
        statements: sum(|step| step.count.written + step.count.read),
        pages: sum(|step| step.count.pages),
        kb: sum(|step| step.bytes) / 1_024.0,
    })
}

/// Returns how many bytes this process has written so far, the copying of the log included.
fn written() -> Result<u64> {
    let io = std::fs::read_to_string("/proc/self/io").context("read /proc/self/io")?;
    let bytes = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    bytes.context("no wchar in /proc/self/io")?.trim().parse().context("read wchar")
}

impl Stage {
    async fn open(home: &Path, at_once: usize) -> Result<Self> {
        let made = Center::made().agents((0..at_once).map(agent), Media::Workitem, 1);
        let first = made.users.len() - at_once;
        let agents = made.users[first..].iter().map(|user| user.id).collect::<Vec<_>>();
        let queue = made.queues.first().context("a made center has a queue")?.clone();
        let counts = Counts::default();
        let place = SqliteOptions { counts: counts.clone(), ..SqliteOptions::new(home.join("db")) };
        let store = SqliteStore::open(place)?;
        let puts = made.records().map(|record: Record| Put { record, expected: 0 }).collect();
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await?;
        let parts = Parts {
            store: Arc::new(store),
            bus: Arc::new(LocalBus::default()),
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds::default()),
            options: Numbers::default(),
        };
        let engine =
            Engine::build(Core::open(parts).await?, Outward::default(), Vec::new()).await?;
        let stage = Self { engine, counts, agents, queue, steps: Vec::new() };
        for user in &stage.agents {
            stage.bring_in(*user).await?;
        }
        Ok(stage)
    }

    async fn bring_in(&self, user: UserId) -> Result<()> {
        let subscriptions = Subscriptions {
            name: "/v2/me/interactions".to_owned(),
            topics: [(Topic::Interactions, Replay::Live)].into(),
            under_own_name: false,
        };
        let session = user.to_string();
        self.engine.delivery().subscribe(user, CENTER, &session, subscriptions).await?;
        let desks = self.engine.desks();
        desks.start_contact_session(user, CENTER, &[Media::Workitem], None).await?;
        let ready = ChannelChange::Ready;
        desks.change_channels(user, CENTER, Cause::User(user), None, &ready).await?;
        Ok(())
    }

    /// Lets one work item for each agent live, all of them at once.
    async fn live(&mut self, number: i128) -> Result<()> {
        let begun = self.begin()?;
        let mut opening = JoinSet::new();
        for _ in &self.agents {
            let (engine, new) = (self.engine.clone(), self.opening());
            opening.spawn(async move { engine.commands().open(&new).await });
        }
        while let Some(opened) = opening.join_next().await {
            opened??;
        }
        self.end("open", begun)?;
        let begun = self.begin()?;
        let offered = self.offered().await?;
        self.end("offer", begun)?;
        let data = UserData([("step".to_owned(), Value::Integer(number))].into());
        for (name, action) in [
            ("accept", Action::Accept { nickname: None }),
            ("change", Action::UpdateUserData(data)),
            ("complete", Action::Complete { queue: None }),
        ] {
            let begun = self.begin()?;
            self.all_do(&offered, &action).await?;
            self.end(name, begun)?;
        }
        Ok(())
    }

    fn begin(&self) -> Result<(Count, u64)> {
        Ok((self.counts.now(), written()?))
    }

    fn end(&mut self, name: &'static str, (count, bytes): (Count, u64)) -> Result<()> {
        let (now, bytes) = (self.counts.now(), written()? - bytes);
        let place = self.steps.iter().position(|step| step.name == name);
        let place = place.unwrap_or_else(|| {
            self.steps.push(Step { name, count: Count::default(), bytes: 0 });
            self.steps.len() - 1
        });
        let step = &mut self.steps[place];
        step.count.written += now.written - count.written;
        step.count.read += now.read - count.read;
        step.count.pages += now.pages - count.pages;
        step.bytes += bytes;
        Ok(())
    }

    /// Lets the router run until every agent is offered one, and returns them.
    async fn offered(&self) -> Result<Vec<(UserId, InteractionId)>> {
        for _ in 0..ROUNDS_MAX {
            self.engine.workers().router().route().await?;
            let desks = self.agents.iter().filter_map(|user| self.engine.core().desk(*user));
            let offered: Vec<_> =
                desks.filter_map(|desk| Some((desk.user, *desk.slots.keys().next()?))).collect();
            if offered.len() == self.agents.len() {
                return Ok(offered);
            }
        }
        anyhow::bail!("not every agent was offered something")
    }

    async fn all_do(&self, all: &[(UserId, InteractionId)], action: &Action) -> Result<()> {
        let mut doing = JoinSet::new();
        for (user, id) in all {
            let (roles, groups) = (BTreeSet::from([Role::Agent]), BTreeSet::from([ALL]));
            let command = UserCommand::new(Caller::new(*user, roles, groups), action.clone());
            let (engine, request) = (self.engine.clone(), CommandRequest::new(*id, command));
            doing.spawn(async move { engine.commands().execute(&request).await });
        }
        while let Some(done) = doing.join_next().await {
            ensure!(matches!(done??, Done::Now { .. }), "nothing was done");
        }
        Ok(())
    }

    fn opening(&self) -> Opening {
        let core = self.engine.core();
        let new = NewInteraction {
            id: core.ids().interaction(core.now()),
            center: CENTER,
            medium: Medium::Workitem,
            direction: Direction::Inbound,
            sub_type: "InboundNew".to_owned(),
            external_id: None,
            parent: None,
            contact: None,
            subject: Some("An order to check".to_owned()),
            priority: None,
            user_data: UserData([("customer".to_owned(), Value::Integer(4711))].into()),
            queue: Named::Known(self.queue.clone()),
            skills: [].into(),
            placement: Placement::InQueue,
        };
        let (user, roles) = (self.agents[0], BTreeSet::from([Role::ApiUser]));
        let actor = Actor::User(Caller::new(user, roles, BTreeSet::new()));
        Opening { new, center: CENTER, actor, reference: None, receipts: Vec::new() }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of some millions")]
    fn print(&self, items: usize) {
        println!("{items} work items, {} at once; for each command:", self.agents.len());
        println!("step       statements   reads   pages      KB");
        let line = |name: &str, count: Count, bytes: u64, commands: usize| {
            let each = |count: u64| count as f64 / commands as f64;
            println!(
                "{name:<10} {:>10.2} {:>7.2} {:>7.2} {:>7.2}",
                each(count.written),
                each(count.read),
                each(count.pages),
                each(bytes) / 1_024.0
            );
        };
        let (mut all, mut bytes) = (Count::default(), 0);
        for step in &self.steps {
            line(step.name, step.count, step.bytes, items);
            all.written += step.count.written;
            all.read += step.count.read;
            all.pages += step.count.pages;
            bytes += step.bytes;
        }
        line("all", all, bytes, items * self.steps.len());
    }
}
