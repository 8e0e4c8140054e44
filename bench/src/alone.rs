//! The engine over an embedded store, without HTTP and without workers until they are started.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use handoff_bus::LocalBus;
use handoff_domain::event::Cause;
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Action, Actor, Caller, CenterId, Direction, FileId, InteractionId, Media, Medium, Named, Queue,
    QueueId, Role, Time, Topic, UserCommand, UserData, UserId, Value,
};
use handoff_engine::{
    ChannelChange, CommandRequest, Core, Done, Engine, NewLetter, Opening, Options, Outward, Parts,
    RawMessage, Replay, Subscriptions, SystemClock, SystemIds, Worker,
};
use handoff_faults::mails::MAILBOX;
use handoff_mail::letter::{Reading, read};
use handoff_mail::token::Signer;
use handoff_store::{ChangeSet, Kind, Put, Record, SqliteOptions, SqliteStore, Store as _};
use handoff_testkit::Center;
use handoff_testkit::center::{ALL, agent};
use rusqlite::Connection;
use tokio::task::JoinSet;

const CENTER: CenterId = CenterId(1);
/// Rows of each kind that one commit of the sweep removes, as in the program.
const SWEPT_AT_ONCE: usize = 1_000;
/// How long an offer may take, in rounds of the router.
const ROUNDS_MAX: usize = 100;

/// Which queue something comes to.
#[derive(Clone, Copy)]
pub(crate) enum To {
    /// The one that all agents serve.
    Everybody,
    /// One that nobody serves, so that it stays there.
    Nobody,
}

/// Returns the bytes of a database that are in use.
pub(crate) fn bytes_in_use(database: &Path) -> Result<f64> {
    let connection = Connection::open(database).context("open the database")?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
    let [pages, free, size]: [u32; 3] =
        [number("page_count")?, number("freelist_count")?, number("page_size")?];
    Ok(f64::from(pages - free) * f64::from(size))
}

pub(crate) struct Alone {
    pub(crate) engine: Arc<Engine>,
    agents: Vec<UserId>,
    queue: Queue,
    quiet: Queue,
    letters: Arc<Queue>,
}

/// The agents of a contact center.
#[derive(Clone, Copy)]
pub(crate) struct Agents {
    pub(crate) count: usize,
    /// How many work items each has room for.
    pub(crate) room: usize,
}

/// Returns a contact center whose offers stand.
fn made(agents: Agents) -> Center {
    let names = (0..agents.count).map(agent);
    let center = Center::made().invites_for_s(86_400).agents(names, Media::Workitem, agents.room);
    let center = center.queue(QueueId(2), "quiet", Media::Workitem, &[], &[]);
    center.queue(QueueId(3), "letters", Media::Email, &[], &[])
}

impl Alone {
    /// Opens a store; a new one gets a contact center. `readers` is asked for readers of the log.
    pub(crate) async fn open(
        place: SqliteOptions,
        agents: Agents,
        readers: impl FnOnce(Arc<SqliteStore>, Arc<SystemClock>) -> Vec<Arc<dyn Worker>>,
    ) -> Result<Self> {
        let made = made(agents);
        let users =
            made.users[made.users.len() - agents.count..].iter().map(|user| user.id).collect();
        let [queue, quiet, letters] = [0, 1, 2].map(|place| made.queues[place].clone());
        let letters = Arc::new(letters);
        let store = Arc::new(SqliteStore::open(place)?);
        if store.list(Kind::Center, None, 1).await?.items.is_empty() {
            let puts = made.records().map(|record: Record| Put { record, expected: 0 }).collect();
            store.commit(ChangeSet { puts, ..ChangeSet::default() }).await?;
        }
        let clock = Arc::new(SystemClock::default());
        let readers = readers(store.clone(), clock.clone());
        let parts = Parts {
            store,
            bus: Arc::new(LocalBus::default()),
            clock,
            ids: Arc::new(SystemIds::default()),
            options: Options::default(),
        };
        let engine = Engine::build(Core::open(parts).await?, Outward::default(), readers).await?;
        Ok(Self { engine, agents: users, queue, quiet, letters })
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.engine.stop().await;
        self.engine.core().store().close().await;
        Ok(())
    }

    /// Lets every agent be reachable and ready.
    pub(crate) async fn bring_in(&self) -> Result<()> {
        for user in &self.agents {
            let subscriptions = Subscriptions {
                name: "/v2/me/interactions".to_owned(),
                topics: [(Topic::Interactions, Replay::Live)].into(),
                under_own_name: false,
            };
            let session = user.to_string();
            self.engine.delivery().subscribe(*user, &session, subscriptions).await?;
            let desks = self.engine.desks();
            desks.start_contact_session(*user, CENTER, &[Media::Workitem], None).await?;
            let ready = ChannelChange::Ready;
            desks.change_channels(*user, CENTER, Cause::User(*user), None, &ready).await?;
        }
        Ok(())
    }

    /// Opens so many interactions at once.
    pub(crate) async fn open_some(
        &self,
        count: usize,
        to: To,
        placement: &Placement,
    ) -> Result<()> {
        let mut opening = JoinSet::new();
        for _ in 0..count {
            let (engine, new) = (self.engine.clone(), self.opening(to, *placement));
            opening.spawn(async move { engine.commands().open(&new).await });
        }
        while let Some(opened) = opening.join_next().await {
            opened??;
        }
        Ok(())
    }

    /// Lets the router run until every agent is offered one, and returns them.
    pub(crate) async fn offered(&self) -> Result<Vec<(UserId, InteractionId)>> {
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

    /// Lets every agent do the same with theirs, all at once.
    pub(crate) async fn all_do(
        &self,
        all: &[(UserId, InteractionId)],
        action: &Action,
    ) -> Result<()> {
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

    /// Sweeps everything that ever is.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let core = self.engine.core();
        let now = Time(core.now().0 + 1);
        while core.store().sweep(now, now, now, SWEPT_AT_ONCE).await?.total() > 0 {}
        Ok(())
    }

    /// Takes a letter in, as a message that is kept already.
    pub(crate) async fn take_in(&self, raw: &[u8]) -> Result<()> {
        let core = self.engine.core();
        let file = FileId::compose(core.now(), core.ids().random());
        let new = NewLetter {
            center: CENTER,
            mailbox: MAILBOX.to_owned(),
            queue: self.letters.clone(),
            letter: read(raw, &Reading::new(&Signer::new([7; 32])))?,
            attachments: Vec::new(),
            raw: Some(RawMessage { file, bytes: raw.len() as u64 }),
            raw_hash: String::new(),
            user_data: UserData::default(),
        };
        let taken = self.engine.letters().take_in_letter(&new).await?;
        ensure!(taken.is_new, "a letter came twice");
        Ok(())
    }

    /// Returns an interaction that is opened, by an agent who may.
    pub(crate) fn opening(&self, to: To, placement: Placement) -> Opening {
        let core = self.engine.core();
        let queue = match to {
            To::Everybody => &self.queue,
            To::Nobody => &self.quiet,
        };
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
            queue: Named::Known(queue.clone()),
            skills: [].into(),
            placement,
        };
        let (user, roles) = (self.agents[0], BTreeSet::from([Role::ApiUser]));
        let actor = Actor::User(Caller::new(user, roles, BTreeSet::new()));
        Opening { new, center: CENTER, actor, reference: None, receipts: Vec::new() }
    }

    pub(crate) fn agents(&self) -> usize {
        self.agents.len()
    }
}
