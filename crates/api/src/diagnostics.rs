//! What can be asked without credentials: the version, and whether the server is well.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use handoff_domain::Time;
use handoff_engine::{CLOCKS_APART_MAX_MS, Core, WorkerStatus};
use handoff_store::NotReady;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::shared::Shared;
use crate::wire::envelope::JsonText;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version<'a> {
    status_code: i32,
    version: &'a str,
}

/// Most unreadable rows that are named; the log has all of them.
const UNREADABLE_SHOWN_MAX: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status_code: i32,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failing: Vec<String>,
    /// Stored rows that were set aside because they cannot be read, by table and key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
    /// What workers say of themselves though nothing is wrong, as that a reader of the log is
    /// rebuilt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<String>,
    /// By how much the server's time is ahead of the machine's clock, in ms, when that was set
    /// back.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_ahead_ms: Option<u64>,
}

impl Health {
    const fn new(status_code: i32, status: &'static str) -> Self {
        Self {
            status_code,
            status,
            failing: Vec::new(),
            unreadable: Vec::new(),
            details: Vec::new(),
            clock_ahead_ms: None,
        }
    }
}

/// `GET /api/v2/diagnostics/version`
pub(crate) async fn version(State(shared): State<Shared>) -> JsonText {
    JsonText::of(&Version { status_code: 0, version: &shared.options().version })
}

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> JsonText {
    JsonText::of(&Health::new(0, "ok"))
}

/// How long what was found out about store and disk holds, in ms. Finding it out writes and syncs,
/// and anybody may ask.
const HOLDS_MS: u64 = 1_000;

/// What is told of a duty that failed here again and again.
const RESTS: &str =
    "it failed here again and again and is left to another node for a minute; the log says why";

/// How long the disks may take to show that they can be written to: less than whoever watches a
/// node waits for an answer, as a shared directory whose server is away may take for ever.
const DISK_MAX: Duration = Duration::from_secs(4);

/// What is told of a node that is about to stop.
const LEAVING: &str = "the node stops";

/// What could not be written to, why, and when that was found out.
#[derive(Clone)]
struct Found {
    at: Time,
    failing: Vec<&'static str>,
    details: Vec<String>,
}

/// What was found out last about store and disk.
#[derive(Clone)]
pub(crate) struct Readiness {
    shared: Shared,
    found: Arc<Mutex<Option<Found>>>,
}

impl Readiness {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared, found: Arc::default() }
    }

    /// Returns what cannot be written to. Whoever asks meanwhile waits for the same answer.
    async fn failing(&self) -> Found {
        let shared = &self.shared;
        let mut found = self.found.lock().await;
        if let Some(found) = &*found
            && shared.engine().core().now().ms_since(found.at) < HOLDS_MS
        {
            return found.clone();
        }
        let (mut failing, mut details) = (Vec::new(), Vec::new());
        let (core, space) = (shared.engine().core(), shared.files().space());
        // At once: whoever asks is told within the time that the slowest of them may take.
        let (ready, clock, written) =
            tokio::join!(core.store().ready(), clock(core), timeout(DISK_MAX, space.probe()));
        if let Err(error) = ready {
            tracing::warn!(error = &error as &dyn std::error::Error, "the store is not ready");
            details.push(format!("store: {}", sentence_of(error.not_ready())));
            failing.push("store");
        } else {
            details.extend(clock);
        }
        if let Err(error) = written.unwrap_or_else(|silent| Err(silent.into())) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nothing can be written to the disk"
            );
            failing.push("disk");
        }
        found.insert(Found { at: shared.engine().core().now(), failing, details }).clone()
    }
}

/// Says why a store takes no commits, to anybody.
const fn sentence_of(why: NotReady) -> &'static str {
    match why {
        NotReady::Away => {
            "the database does not answer; see that it runs and that this node reaches it"
        }
        NotReady::Crowded => "the database has no connection left; raise its max_connections",
        NotReady::Refused => "the database refuses the server's user; the log says why",
        NotReady::ReadOnly => "the database takes no writes; see whether it is a standby",
        NotReady::Full => "the disk of the database is full; make room",
        NotReady::Unfinished => "a dump is being put back into the database; see that it is done",
        NotReady::Forbidden => {
            "the server's user lacks a privilege in the database; the log says which"
        }
        NotReady::Slow => "the database took too long; the log says for what",
        NotReady::Stopped => "a write failed; see to the disk and start the server again",
        NotReady::Other => "it takes no commits; the log says why",
    }
}

/// Says that this node's clock is far from the database's. It is no reason not to be ready: were
/// the database's the wrong one, no node would be.
async fn clock(core: &Core) -> Option<String> {
    let apart = core.clocks_apart_ms().await.ok().flatten()?;
    (apart.unsigned_abs() > CLOCKS_APART_MAX_MS).then(|| {
        let way = if apart > 0 { "ahead of" } else { "behind" };
        format!("clock: {} ms {way} the database's", apart.unsigned_abs())
    })
}

/// `GET /readyz`: the store takes commits, the disks can be written to, the last round of every
/// worker went well, and the node is not about to stop. What fails is told by name, and of the
/// store also why; other causes are in the log. A record that cannot be read is a detail and no
/// reason not to be ready: everything else is served.
pub(crate) async fn readyz(State(readiness): State<Readiness>) -> Response {
    let Found { failing: unwritten, mut details, .. } = readiness.failing().await;
    let shared = &readiness.shared;
    let mut failing: Vec<String> = unwritten.into_iter().map(str::to_owned).collect();
    // First of all, so that a load balancer's log shows that nothing is wrong.
    if shared.engine().core().is_leaving() {
        failing.insert(0, LEAVING.to_owned());
    }
    let workers = shared.engine().workers().statuses();
    failing.extend(
        workers
            .iter()
            .filter(|worker| worker.last_error.is_some())
            .map(|worker| worker.name.to_owned()),
    );
    let aside = shared.engine().core().store().set_aside();
    let said = |worker: &WorkerStatus| {
        worker.detail.as_ref().map(|detail| format!("{}: {detail}", worker.name))
    };
    details.extend(workers.iter().filter_map(said));
    let resting = shared.engine().core().resting_duties();
    details.extend(resting.iter().map(|duty| format!("{}: {RESTS}", duty.name())));
    let details = Health {
        details,
        unreadable: aside.into_iter().map(|one| one.row).take(UNREADABLE_SHOWN_MAX).collect(),
        clock_ahead_ms: Some(shared.engine().core().clock_ahead_ms()).filter(|ahead| *ahead > 0),
        ..Health::new(0, "ready")
    };
    if failing.is_empty() {
        return JsonText::of(&details).into_response();
    }
    let body = JsonText::of(&Health { status_code: 4, status: "not ready", failing, ..details });
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}
