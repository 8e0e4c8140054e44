//! What is told: every family of metrics with what it means. docs/operations/observe.md lists them,
//! and a test compares.
//!
//! No label holds an id, a person's name or a word that clients choose.

use std::fmt::{self, Debug, Error, Formatter};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use handoff_api::comet::Comet;
use handoff_api::customer::CustomerDoors;
use handoff_api::wire::operation::operation_name;
use handoff_cometd::Stats;
use handoff_content::space::DiskSpace;
use handoff_domain::{Queue, Time};
use handoff_engine::{CommandCount, Directory, Engine, Outcome};
use handoff_postoffice::Fetching;
use handoff_store::BatchCounts;
use handoff_webhooks::Standing;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::family::{Families, Labels, labelled};
use crate::accept::Acceptor;
use crate::tls::Serving;

/// µs and ms in a second.
const US: f64 = 1_000_000.0;
const MS: f64 = 1_000.0;

/// Where the figures are.
pub(crate) struct Sources {
    pub(crate) engine: Arc<Engine>,
    pub(crate) comet: Comet,
    pub(crate) doors: Arc<CustomerDoors>,
    pub(crate) space: Arc<DiskSpace>,
    pub(crate) fetching: Arc<Fetching>,
    pub(crate) webhooks: Arc<Standing>,
    pub(crate) batches: Arc<BatchCounts>,
    /// Of the server's own TLS, where it speaks that.
    pub(crate) certificate: Option<Arc<Serving>>,
    pub(crate) acceptor: Arc<Acceptor>,
    pub(crate) started: Time,
}

impl Debug for Sources {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl Collector for Sources {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let families = &mut Families(encoder);
        self.process(families)?;
        self.requests(families)?;
        self.work(families)?;
        self.waits(families)?;
        self.sessions(families)?;
        self.commits(families)?;
        self.mail(families)?;
        self.webhooks(families)?;
        self.troubles(families)
    }
}

impl Sources {
    fn process(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let version = labelled("version", env!("CARGO_PKG_VERSION"));
        to.info("build", "The program.", &version)?;
        let started = seconds(self.started);
        to.gauge("start_time_seconds", "When the program started, since the epoch.", started)
    }

    fn requests(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let counts = self.acceptor.requests();
        let rows = counts.counted().map(|one| {
            let class = ("class", one.class.name().to_owned());
            let (method, status) = (one.method.to_owned(), one.status.to_owned());
            ([class, ("method", method), ("status", status)], one.count)
        });
        to.counters("http_requests", "Requests that were answered.", rows)?;
        let rows = counts.durations_us();
        let rows = rows.map(|(class, taken)| (labelled("class", class.name()), taken));
        let help = "From a request's head to its answer's; polls are held.";
        to.histograms("http_request_duration_seconds", help, US, rows)?;
        let open = figure(self.acceptor.open());
        to.gauge("http_connections", "Connections that are open.", open)?;
        let ends = self.certificate.as_ref().map(|serving| seconds(serving.ends()));
        let help = "When the server's certificate expires, since the epoch.";
        to.gauge("certificate_expiry_timestamp_seconds", help, ends)
    }

    fn work(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let rows = self.engine.commands().counted().into_iter().map(command);
        to.counters("commands", "What became of commands.", rows)?;
        let happened = self.engine.core().happened();
        to.counter("interactions_opened", "Interactions that came into being.", happened.opened)?;
        let rows = [
            ("accepted", happened.accepted),
            ("rejected", happened.rejected),
            ("expired", happened.expired),
            ("revoked", happened.revoked),
        ];
        let rows = rows.map(|(how, count)| (labelled("how", how), count));
        to.counters("offers_ended", "Offers, by how they ended.", rows)?;
        let lag = self.engine.core().notified_after_ms();
        let help = "From a change to the sessions of those who are told of it.";
        to.histogram("notification_lag_seconds", help, MS, &lag)
    }

    fn waits(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let core = self.engine.core();
        let (directory, now) = (core.directory(), core.now());
        let waits = core.board().look_at_lines(|lines| lines.waits());
        let queues = || directory.queues.values().map(|queue| (queue, waits.get(&queue.id)));
        let rows = queues().map(|(queue, waits)| {
            (queue_labels(&directory, queue), figure(waits.map_or(0, |waits| waits.count)))
        });
        to.gauges("waiting_interactions", "What waits in a queue without an offer.", rows)?;
        let rows = queues().map(|(queue, waits)| {
            let since = waits.map_or(now, |waits| waits.since);
            (queue_labels(&directory, queue), ago(now, since))
        });
        to.gauges("longest_wait_seconds", "How long the first of these has waited.", rows)
    }

    fn sessions(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let stats = [("agents", self.comet.server().stats()), ("customers", self.doors.stats())];
        let mut gauges = |name, help, of: fn(&Stats) -> usize| {
            let rows = stats.iter().map(|(who, stats)| (labelled("of", *who), figure(of(stats))));
            to.gauges(name, help, rows)
        };
        gauges("cometd_sessions", "CometD sessions.", |stats| stats.sessions)?;
        gauges("cometd_held_polls", "Polls that wait.", |stats| stats.held_polls)?;
        gauges("cometd_websockets", "WebSockets that are open.", |stats| stats.sockets)?;
        let help = "Messages that wait to be fetched or acknowledged.";
        gauges("cometd_queued_messages", help, |stats| stats.queued_messages)
    }

    fn commits(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let help = "Change sets that were committed together.";
        to.histogram("commit_batch_size", help, 1.0, &self.batches.sizes.distributed())?;
        let help = "How long such a batch took, its sync included.";
        let taken = self.batches.durations_us.distributed();
        to.histogram("commit_batch_duration_seconds", help, US, &taken)?;
        let failed = self.batches.failed.load(Ordering::Relaxed);
        to.counter("commit_batches_failed", "Batches that were not written.", failed)?;
        let tally = self.engine.core().commit_tally();
        let sum = |counts: &[(_, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
        let rows = [("written", sum(&tally.put_conflicts)), ("read", sum(&tally.check_conflicts))];
        let rows = rows.map(|(record, count)| (labelled("record", record), count));
        let help = "Commits that were refused because a record had changed.";
        to.counters("commit_conflicts", help, rows)?;
        let rows = self.engine.core().readers_behind().into_iter();
        let rows = rows.map(|(reader, behind)| ([("reader", reader)], wide(behind)));
        to.gauges("reader_lag_entries", "Entries that a reader of the log has not read.", rows)
    }

    fn mail(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let (core, states) = (self.engine.core(), self.fetching.states());
        let rows = states.iter().filter_map(|(address, state)| {
            Some((labelled("mailbox", address), seconds(state.last_success?)))
        });
        let help = "When a mailbox was last fetched from here, since the epoch.";
        to.gauges("mailbox_last_success_timestamp_seconds", help, rows)?;
        let now = core.now();
        let rows = states.iter().map(|(address, state)| {
            let since = state.failing_since.unwrap_or(now);
            (labelled("mailbox", address), ago(now, since))
        });
        let help = "For how long a mailbox could not be fetched from here; 0 when it can.";
        to.gauges("mailbox_failing_seconds", help, rows)?;
        let backlog = core.backlog();
        let mails = backlog.map(|backlog| figure(backlog.mails));
        to.gauge("outbox_mails", "Mails that wait to be sent.", mails)?;
        let oldest = backlog.map(|backlog| ago(now, backlog.since.unwrap_or(now)));
        to.gauge("outbox_oldest_seconds", "How long the oldest of these has waited.", oldest)
    }

    fn webhooks(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let rows = self.webhooks.attempts().map(|(how, count)| (labelled("outcome", how), count));
        let help = "Attempts to send an event to a webhook, by how they ended.";
        to.counters("webhook_attempts", help, rows)?;
        let now = self.engine.core().now();
        let oldest = Some(ago(now, self.webhooks.oldest().unwrap_or(now)));
        let help = "How long the oldest event has waited that a webhook is sent from here.";
        to.gauge("webhook_oldest_seconds", help, oldest)?;
        let failing = figure(self.webhooks.failing());
        let help = "Webhooks that are sent from here and whose receivers take nothing.";
        to.gauge("webhooks_failing", help, failing)
    }

    fn troubles(&self, to: &mut Families<'_>) -> Result<(), Error> {
        let rooms = self.space.rooms();
        let of =
            |directory: &std::path::Path| labelled("directory", directory.display().to_string());
        let rows = rooms.iter().map(|room| (of(&room.directory), wide(room.free_bytes)));
        to.gauges("disk_free_bytes", "Room on the disk of a directory.", rows)?;
        let rows = rooms.iter().map(|room| (of(&room.directory), wide(room.reserve_bytes)));
        let help = "The room that is kept for those who work here.";
        to.gauges("disk_reserve_bytes", help, rows)?;
        let workers = self.engine.workers().statuses().into_iter().map(|worker| {
            let is_failing = worker.last_error.is_some();
            (labelled("worker", worker.name), f64::from(u8::from(is_failing)))
        });
        to.gauges("worker_failing", "1 when a worker's last round failed.", workers)?;
        let aside = figure(self.engine.core().store().set_aside().len());
        to.gauge("unreadable_records", "Stored records that were set aside.", aside)
    }
}

fn command(counted: CommandCount) -> (Labels<2>, u64) {
    let operation = counted.operation.map_or("Create", operation_name);
    let outcome = match counted.outcome {
        Outcome::Done => "done",
        Outcome::Repeated => "repeated",
        Outcome::Refused => "refused",
        Outcome::NotFound => "not_found",
        Outcome::Overtaken => "overtaken",
        Outcome::Failed => "failed",
    };
    let labels = [("operation", operation.to_owned()), ("outcome", outcome.to_owned())];
    (labels, counted.count)
}

/// Returns the names of a queue and its contact center, which the operator has given them.
fn queue_labels(directory: &Directory, queue: &Queue) -> Labels<2> {
    let center = directory.centers.get(&queue.center).map_or("", |center| center.name.as_str());
    [("center", center.to_owned()), ("queue", queue.name.clone())]
}

/// Returns a time in seconds since the epoch.
#[expect(clippy::cast_precision_loss, reason = "a figure that is shown needs no 53 bits")]
fn seconds(at: Time) -> f64 {
    at.0 as f64 / MS
}

fn ago(now: Time, since: Time) -> f64 {
    wide(now.ms_since(since)) / MS
}

fn figure(count: usize) -> f64 {
    wide(count as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a figure that is shown needs no 53 bits")]
const fn wide(count: u64) -> f64 {
    count as f64
}
