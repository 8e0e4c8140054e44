//! The kinds of faults: how each begins and ends.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use handoff_testkit::PostgresServer;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::databases::{CONNECTIONS_MAX, Frozen, Stop, blocking};
use super::door::Way;
use super::network::Drop;
use super::scene::{NODES, Scene};

/// How long most faults last: longer than a lease, after which a node's duties are another's.
const LASTS: Duration = Duration::from_secs(12);
/// How long a node is frozen.
const FROZEN: Duration = Duration::from_secs(10);
/// How long what is dead stays so before it is started again.
const DEAD: Duration = Duration::from_secs(2);
/// How long standbys rest: longer than a node waits for the answer to a commit.
const STANDBY_RESTS: Duration = Duration::from_secs(7);
/// How many packets of a hundred are lost, and how late others come.
const LOST_PERCENT: u8 = 20;
const LATE: Duration = Duration::from_millis(100);
/// How far a clock is off, in s.
const CLOCK_OFF: i64 = 3_600;
const TERMINATED_EVERY: Duration = Duration::from_millis(300);

/// What a fault leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The database is where it was.
    Steady,
    /// The standby has taken over, and has all that was acknowledged.
    Promotions,
    /// The database is in an earlier state.
    Restores,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Kind {
    NodeKilled,
    NodeFrozen,
    TwoNodesKilled,
    NodeRestarted,
    AllRestarted,
    AllKilled,
    BalancerRestarted,
    RowHeld,
    TableHeld,
    SnapshotHeld,
    DatabaseRestarted,
    DatabaseCrashed,
    DatabaseFrozen,
    FailedOver,
    StandbyGone,
    StandbyTakenOut,
    StandbyFrozen,
    FailedOverBehind,
    CutOff,
    CutSending,
    CutReceiving,
    PacketsLost,
    PacketsLate,
    DoorSilent,
    BusKilled,
    BusFrozen,
    BusCut,
    BusMessed,
    BackendsEnded,
    ConnectionsUsedUp,
    ClockOff,
    DumpRestored,
    RecoveredToEarlier,
    PromotedWithLoss,
}

impl Kind {
    pub(super) const fn act(self) -> Act {
        match self {
            Self::FailedOver | Self::FailedOverBehind => Act::Promotions,
            Self::DumpRestored | Self::RecoveredToEarlier | Self::PromotedWithLoss => Act::Restores,
            _ => Act::Steady,
        }
    }

    /// Returns the name on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Tells whether it takes a packet filter.
    pub(super) const fn needs_namespaces(self) -> bool {
        matches!(
            self,
            Self::CutOff | Self::CutSending | Self::CutReceiving | Self::PacketsLost | Self::BusCut
        )
    }

    /// Tells whether the bus does not carry hints meanwhile, and nothing else is wrong.
    pub(super) const fn is_of_the_bus(self) -> bool {
        matches!(self, Self::BusKilled | Self::BusFrozen | Self::BusCut | Self::BusMessed)
    }
}

/// What is done once there is service again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// The database gets a standby again.
    Standby,
}

/// A fault that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    pub(super) ended: Instant,
    pub(super) then: Then,
}

/// What faults happen to.
pub(super) struct Stage<'a> {
    pub(super) scene: &'a mut Scene,
    pub(super) random: &'a mut StdRng,
    /// How long a foreign transaction holds what it holds.
    pub(super) held: Duration,
}

impl Stage<'_> {
    /// Lets something go wrong, to its end.
    pub(super) async fn strike(&mut self, kind: Kind) -> Result<Over> {
        self.happen(kind).await?;
        let then = match kind {
            Kind::FailedOver | Kind::FailedOverBehind | Kind::StandbyTakenOut => Then::Standby,
            _ => Then::Nothing,
        };
        Ok(Over { ended: Instant::now(), then })
    }

    async fn happen(&mut self, kind: Kind) -> Result<()> {
        let node = self.random.random_range(0..NODES);
        match kind {
            Kind::NodeKilled => self.kill(&[node]).await?,
            Kind::TwoNodesKilled => self.kill(&[node, (node + 1) % NODES]).await?,
            Kind::AllKilled => self.kill(&[0, 1, 2]).await?,
            Kind::NodeFrozen => self.freeze(node).await?,
            Kind::NodeRestarted => self.restart(&[node]).await?,
            Kind::AllRestarted => self.restart(&[0, 1, 2]).await?,
            Kind::BalancerRestarted => self.scene.balancer.restart().await?,
            Kind::RowHeld => self.hold(ROWS_HELD).await?,
            Kind::TableHeld => self.hold_for(TABLE_HELD, FROZEN).await?,
            Kind::SnapshotHeld => self.hold(SNAPSHOT_HELD).await?,
            Kind::DatabaseRestarted => self.database(Stop::Fast).await?,
            Kind::DatabaseCrashed => self.database(Stop::Immediate).await?,
            Kind::DatabaseFrozen => self.freeze_database().await?,
            Kind::FailedOver => self.fail_over().await?,
            Kind::FailedOverBehind => self.fail_over_behind().await?,
            Kind::StandbyGone => self.lose_standby().await?,
            Kind::StandbyTakenOut => self.take_out_standby().await?,
            Kind::StandbyFrozen => self.freeze_standby().await?,
            Kind::CutOff => self.cut(node, Drop::All).await?,
            Kind::CutSending => self.cut(node, Drop::Sent).await?,
            Kind::CutReceiving => self.cut(node, Drop::Received).await?,
            Kind::PacketsLost => self.cut(node, Drop::Some(LOST_PERCENT)).await?,
            Kind::PacketsLate => self.door(node, Way::Late(LATE)).await,
            Kind::DoorSilent => self.door(node, Way::Silent).await,
            Kind::BusKilled => {
                self.scene.nats.kill().await?;
                tokio::time::sleep(LASTS).await;
                self.scene.nats.launch().await?;
            }
            Kind::BusFrozen => {
                self.scene.nats.signal("-STOP").await?;
                tokio::time::sleep(LASTS).await;
                self.scene.nats.signal("-CONT").await?;
            }
            Kind::BusCut => self.cut_ports(node, &[self.scene.nats.port], Drop::All).await?,
            Kind::BusMessed => {
                let _mess = self.scene.nats.mess().await?;
                tokio::time::sleep(LASTS).await;
            }
            Kind::BackendsEnded => self.end_backends().await?,
            Kind::ConnectionsUsedUp => self.use_up_connections().await?,
            Kind::ClockOff => self.set_clock_off(node).await?,
            Kind::DumpRestored | Kind::RecoveredToEarlier | Kind::PromotedWithLoss => {
                anyhow::bail!("{} loses what was acknowledged", kind.name())
            }
        }
        Ok(())
    }

    async fn kill(&mut self, nodes: &[usize]) -> Result<()> {
        for node in nodes {
            self.scene.nodes[*node].kill().await?;
        }
        tokio::time::sleep(DEAD).await;
        for node in nodes {
            self.scene.nodes[*node].restart().await?;
        }
        Ok(())
    }

    async fn freeze(&mut self, node: usize) -> Result<()> {
        self.scene.nodes[node].signal("-STOP").await?;
        tokio::time::sleep(FROZEN).await;
        self.scene.nodes[node].signal("-CONT").await
    }

    async fn restart(&mut self, nodes: &[usize]) -> Result<()> {
        for node in nodes {
            self.scene.nodes[*node].terminate().await?;
        }
        for node in nodes {
            let status = self.scene.nodes[*node].ended().await?;
            let tail = || self.scene.nodes[*node].log_tail();
            ensure!(status.success(), "a node ended with {status}; its log:\n{}", tail());
        }
        for node in nodes {
            self.scene.nodes[*node].restart().await?;
        }
        Ok(())
    }

    async fn hold(&mut self, sql: &str) -> Result<()> {
        self.hold_for(sql, self.held).await
    }

    /// Has a foreign transaction hold something.
    async fn hold_for(&mut self, sql: &str, time: Duration) -> Result<()> {
        let server = self.scene.databases.primary()?;
        let sql = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL search_path = handoff; {sql}; \
             SELECT pg_sleep({}); ROLLBACK",
            time.as_secs()
        );
        let held = blocking(move || server.ask(&sql)).await?;
        held.context("the foreign transaction did not last").map(drop)
    }

    async fn database(&mut self, stop: Stop) -> Result<()> {
        self.scene.databases.stop(stop).await?;
        tokio::time::sleep(DEAD).await;
        self.scene.databases.launch().await
    }

    async fn freeze_database(&mut self) -> Result<()> {
        let server = self.scene.databases.primary()?;
        let frozen = server.clone();
        blocking(move || frozen.freeze()).await?;
        tokio::time::sleep(FROZEN).await;
        blocking(move || server.thaw()).await
    }

    async fn fail_over(&mut self) -> Result<()> {
        self.scene.databases.stop(Stop::Kill).await?;
        tokio::time::sleep(DEAD).await;
        self.scene.databases.fail_over().await
    }

    /// The standby is behind when the primary dies: what commits waited for was not answered.
    async fn fail_over_behind(&mut self) -> Result<()> {
        let standby = self.scene.databases.freeze_standby().await?;
        tokio::time::sleep(DEAD).await;
        self.scene.databases.stop(Stop::Kill).await?;
        standby.thaw_deaf().await?;
        self.scene.databases.fail_over().await
    }

    async fn lose_standby(&mut self) -> Result<()> {
        let standby = self.scene.databases.standby()?;
        let gone = standby.clone();
        blocking(move || gone.kill()).await?;
        tokio::time::sleep(STANDBY_RESTS).await;
        blocking(move || standby.launch()).await?;
        self.scene.databases.follows().await
    }

    async fn take_out_standby(&mut self) -> Result<()> {
        self.scene.databases.drop_standby().await?;
        tokio::time::sleep(STANDBY_RESTS).await;
        self.scene.databases.take_out().await
    }

    async fn freeze_standby(&mut self) -> Result<()> {
        let standby = self.scene.databases.freeze_standby().await?;
        tokio::time::sleep(STANDBY_RESTS).await;
        standby.thaw().await
    }

    async fn cut(&mut self, node: usize, drop: Drop) -> Result<()> {
        let ports = [0, 1].map(|side: usize| self.scene.doors[node][side].address.port());
        self.cut_ports(node, &ports, drop).await
    }

    async fn cut_ports(&mut self, node: usize, ports: &[u16], drop: Drop) -> Result<()> {
        self.scene.network.cut(node, ports, drop).await?;
        tokio::time::sleep(LASTS).await;
        let dropped = self.scene.network.heal(node).await?;
        ensure!(dropped > 0, "no packet was dropped");
        Ok(())
    }

    async fn door(&mut self, node: usize, way: Way) {
        let doors = &self.scene.doors[node];
        doors.iter().for_each(|door| door.set(way));
        tokio::time::sleep(LASTS).await;
        doors.iter().for_each(|door| door.set(Way::Open));
    }

    async fn end_backends(&mut self) -> Result<()> {
        let end = Instant::now() + LASTS / 2;
        let mut ended = 0;
        while Instant::now() < end {
            let told = self.scene.databases.ask(BACKENDS_END).await?;
            ended += told.and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
            tokio::time::sleep(TERMINATED_EVERY).await;
        }
        ensure!(ended > 0, "no backend was ended");
        Ok(())
    }

    /// Takes every connection that the server has, after those of the nodes were ended.
    async fn use_up_connections(&mut self) -> Result<()> {
        let (server, port) = (self.scene.databases.primary()?, self.scene.databases.port());
        // It could not come in any more later.
        let ending = tokio::spawn(blocking(move || server.ask(ALL_END)));
        let end = Instant::now() + LASTS / 2;
        let mut taken = Vec::new();
        while Instant::now() < end && taken.len() < GREETINGS_MAX {
            taken.push(greet(port).await?);
            tokio::time::sleep(GREETED_EVERY).await;
        }
        let ended = ending.await??.and_then(|told| told.parse::<u64>().ok());
        ensure!(ended > Some(0), "no connection of a node was ended");
        Ok(())
    }

    async fn set_clock_off(&mut self, node: usize) -> Result<()> {
        let by = if self.random.random_bool(0.5) { CLOCK_OFF } else { -CLOCK_OFF };
        self.scene.set_clock(node, by)?;
        tokio::time::sleep(LASTS).await;
        self.scene.set_clock(node, 0)
    }
}

/// Some of what agents' commands write: their desks, and where the work is.
const ROWS_HELD: &str = "SELECT COUNT(*) FROM (SELECT id FROM desks ORDER BY id LIMIT 2 FOR UPDATE) \
     AS held";
const TABLE_HELD: &str = "LOCK TABLE interactions IN ACCESS EXCLUSIVE MODE";
const SNAPSHOT_HELD: &str = "SELECT COUNT(*) FROM interactions";
/// The first of the nodes' connections to be found, at random.
const BACKENDS_END: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM (SELECT pid \
     FROM pg_stat_activity WHERE application_name = 'handoff' ORDER BY random() LIMIT 3) AS chosen";

/// The same with all, once others have come in.
const ALL_END: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM (SELECT pid FROM \
     pg_stat_activity, pg_sleep(2) WHERE application_name = 'handoff') AS all_of_them";
/// How many connections are tried at most: several times as many as there are.
const GREETINGS_MAX: usize = 6 * CONNECTIONS_MAX;
const GREETED_EVERY: Duration = Duration::from_millis(10);

/// Opens a connection and says who it is, and nothing more.
async fn greet(port: u16) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let words = b"user\0postgres\0database\0postgres\0application_name\0taken\0\0";
    let length = u32::try_from(words.len() + 8)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&196_608_u32.to_be_bytes()).await?;
    stream.write_all(words).await?;
    Ok(stream)
}

/// A return to an earlier state.
pub(super) enum Loss {
    /// To what a dump says.
    Dump(Option<String>),
    /// To a moment, by a backup and archived logs.
    Recovery { backup: Option<PostgresServer>, until: String },
    /// To what a standby has that nobody waited for.
    Promotion(Option<Frozen>),
}

impl Loss {
    /// Takes what is gone back by; what happens before [`Loss::lose_from`] is kept.
    pub(super) async fn prepare(kind: Kind, scene: &Scene) -> Result<Self> {
        Ok(match kind {
            Kind::DumpRestored => Self::Dump(None),
            Kind::RecoveredToEarlier => {
                let backup = Some(scene.databases.backup().await?);
                Self::Recovery { backup, until: String::new() }
            }
            Kind::PromotedWithLoss => Self::Promotion(None),
            other => anyhow::bail!("{} loses nothing", other.name()),
        })
    }

    /// From here on everything gets lost.
    pub(super) async fn lose_from(&mut self, scene: &Scene) -> Result<()> {
        match self {
            Self::Dump(dump) => *dump = Some(scene.databases.dump().await?),
            Self::Recovery { until, .. } => {
                let now = scene.databases.ask("SELECT clock_timestamp()").await?;
                *until = now.context("the primary does not answer")?;
            }
            Self::Promotion(standby) => {
                // It falls behind, and nobody waits for it.
                scene.databases.take_out().await?;
                *standby = Some(scene.databases.freeze_standby().await?);
            }
        }
        Ok(())
    }

    /// Puts the database back; returns when that was done.
    pub(super) async fn strike(&mut self, scene: &mut Scene) -> Result<Instant> {
        match self {
            Self::Dump(dump) => {
                let dump = dump.take().context("there is no dump")?;
                scene.databases.put_back(dump).await?;
            }
            Self::Recovery { backup, until } => {
                let backup = backup.take().context("there is no backup")?;
                // What is not archived is lost with the server: the moment must be among the rest.
                scene.databases.archive().await?;
                scene.databases.recover(backup, until).await?;
            }
            Self::Promotion(standby) => {
                let standby = standby.take().context("no standby fell behind")?;
                scene.databases.stop(Stop::Kill).await?;
                standby.thaw_deaf().await?;
                scene.databases.fail_over().await?;
            }
        }
        Ok(Instant::now())
    }

    /// Has the database followed by a standby again.
    pub(super) async fn settle(self, scene: &mut Scene) -> Result<()> {
        match self {
            Self::Dump(_) => Ok(()),
            Self::Recovery { .. } | Self::Promotion(_) => scene.databases.join().await,
        }
    }
}
