//! Center files that are applied while the server serves, and contact centers that are written
//! down as such: one door for whoever operates the machine, by a socket that the program listens
//! on, and `/center` for admins, who have to do with their own contact center and no other.
//!
//! Both do the same. To a file they answer in lines of JSON, as it goes on. What was begun goes on
//! when the client is gone; a stop in between leaves a center that is valid, and applying the file
//! again does the rest.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::mem::take;

use axum::body::{self, Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, on, post};
use axum::{Router, extract::DefaultBodyLimit};
use futures_util::future::BoxFuture;
use futures_util::stream;
use handoff_domain::CenterId;
use handoff_engine::Directory;
use handoff_provision::{
    By, CenterFile, CenterFileError, Listener, NotWritten, Outcome, Plan, Reader, Told, Unnamed,
    Way, center_named, write_down,
};
use handoff_store::{AuditTool, with_causes};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::caller::{Admin, Me};
use crate::error::{Code, Refusal};
use crate::password::FilePasswords;
use crate::request::expect_json;
use crate::shared::Shared;
use crate::wire::listing::parameters;
use crate::{erasures, lost_password};

/// Where the door is at the socket; for admins it is below the root.
pub const PATH: &str = "/center";
/// Most bytes of a request: more than ten thousand users take, each with everything.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Lines that wait for a client who reads slowly. Then the application waits, too.
const LINES_MAX: usize = 16;

/// A center file that is to be applied.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Application {
    /// What messages call the file.
    pub name: String,
    /// What is in it.
    pub text: String,
    /// The passwords that it names by variables, by these.
    #[serde(default)]
    pub passwords: BTreeMap<String, String>,
    /// Whether what it does not name is removed.
    #[serde(default)]
    pub prune: bool,
    /// Queues that take what has no queue to go back to; one for each channel.
    #[serde(default)]
    pub work_to: Vec<String>,
    /// Whether the difference is all that is wanted.
    #[serde(default)]
    pub dry_run: bool,
}

/// One line of the answer. The last one is an outcome or says what failed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Line {
    Outcome(Outcome),
    /// Why it was not applied, or not wholly.
    Failed(String),
    #[serde(untagged)]
    Told(Told),
}

/// The lines, on their way to the client.
struct Lines(mpsc::Sender<Line>);

impl Listener for Lines {
    fn hear(&self, told: Told) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match told {
                // One that finds no room is followed by a later one.
                Told::Progress { .. } => drop(self.0.try_send(Line::Told(told))),
                Told::Warning(_) | Told::Difference(_) => self.send(Line::Told(told)).await,
            }
        })
    }
}

impl Lines {
    async fn send(&self, line: Line) {
        let _is_read = self.0.send(line).await;
    }
}

/// What an admin is told whose file has other mailboxes than the contact center: they connect
/// elsewhere with secrets of the machine's, and write files on it.
const NOT_YOUR_MAILBOXES: &str = "it changes mailboxes, which only whoever operates the server may: apply it on the server's machine, without --url";

/// Who applies a file.
#[derive(Clone)]
enum Applicant {
    /// Whoever may open the socket.
    Operator,
    Admin(Me),
}

/// Returns what answers at the socket.
pub(crate) fn router(shared: &Shared) -> Router {
    let door = on(MethodFilter::POST, of_operator).on(MethodFilter::GET, written_for_operator);
    let door = door.route_layer(DefaultBodyLimit::disable());
    Router::new()
        .route(PATH, door)
        .route(lost_password::PATH, post(lost_password::of_operator))
        .route(erasures::PATH, post(erasures::of_operator))
        .with_state(shared.clone())
}

async fn of_operator(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answer(&shared, Applicant::Operator, &headers, body).await
}

/// `POST /center`
pub(crate) async fn of_admin(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Admin(me): Admin,
    body: Body,
) -> Result<Response, Refusal> {
    answer(&shared, Applicant::Admin(me), &headers, body).await
}

async fn answer(
    shared: &Shared,
    by: Applicant,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    expect_json(headers)?;
    // Before the body, which is large: one that waits would only take memory.
    let only_one = shared.applying().clone().try_lock_owned().map_err(|_| busy())?;
    let bytes = body::to_bytes(body, BYTES_MAX).await.map_err(|_| too_large())?;
    let application = serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::invalid(format!("The body is not as expected: {error}.")))?;
    let (lines, told) = mpsc::channel(LINES_MAX);
    let lines = Lines(lines);
    let it = shared.clone();
    shared.engine().core().see_through(async move {
        let last = match apply(&it, application, &by, &lines).await {
            Ok(outcome) => Line::Outcome(outcome),
            Err(why) => Line::Failed(why),
        };
        drop(only_one);
        lines.send(last).await;
    });
    let lines = stream::unfold(told, async |mut told| Some((as_bytes(&told.recv().await?), told)));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

fn as_bytes(line: &Line) -> Result<Bytes, Infallible> {
    let mut text = serde_json::to_string(line).expect("a line is texts");
    text.push('\n');
    Ok(text.into())
}

fn busy() -> Refusal {
    let sentence = "Another center file is being applied; try again when it is done.";
    Refusal::new(Code::WrongState, sentence)
}

fn too_large() -> Refusal {
    let sentence = format!("The body broke off or is larger than {BYTES_MAX} bytes; send less.");
    Refusal::invalid(sentence).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

/// Applies a file; returns how it ended, or why it did not.
async fn apply(
    shared: &Shared,
    mut application: Application,
    applicant: &Applicant,
    lines: &Lines,
) -> Result<Outcome, String> {
    let file = CenterFile::new(&application.name, &application.text);
    let only = match applicant {
        Applicant::Operator => None,
        Applicant::Admin(me) => Some(Only(name_of_center(shared, me))),
    };
    let unnamed = if application.prune { Unnamed::Prune } else { Unnamed::Keep };
    let mailboxes = match applicant {
        Applicant::Operator => shared.engine().mailboxes().cloned(),
        // Which files and variables the machine has is not theirs to know.
        Applicant::Admin(_) => None,
    };
    let passwords = FilePasswords::new(take(&mut application.passwords)).with_mailboxes(mailboxes);
    let plan = plan(shared, applicant.clone(), (file, only), passwords, unnamed).await?;
    let (engine, core) = (shared.engine(), shared.engine().core());
    let by = match applicant {
        Applicant::Operator => By::operator(core.now(), AuditTool::Apply),
        Applicant::Admin(me) => me.by(core.now(), AuditTool::CenterFile),
    };
    let way = match unnamed {
        _ if application.dry_run => Way::DryRun,
        Unnamed::Keep => Way::Write(&**core.store()),
        Unnamed::Prune => Way::PassOn { engine, work_to: &application.work_to },
    };
    let outcome = plan.carry_out(way, by, lines).await;
    // Parts of it may be there, whatever became of the whole.
    shared.directory_changed().await;
    if let Ok(Outcome::Applied { .. }) = outcome {
        tracing::info!(center.file = application.name, "a center file was applied");
    }
    outcome.map_err(|error| why_not(applicant, &error))
}

/// Says why a file was not applied. An admin is shown what is wrong with their file, and nothing of
/// what a library says: whoever operates the server finds that in the log.
fn why_not(applicant: &Applicant, error: &CenterFileError) -> String {
    if let Applicant::Operator = applicant {
        return with_causes(error);
    }
    if error.source().is_some() {
        let error = error as &dyn Error;
        tracing::warn!(error, "a center file could not be applied");
    }
    match error {
        CenterFileError::Store(_) => Refusal::unavailable().sentence,
        other => other.to_string(),
    }
}

/// Compares a file with what is stored, where it may take as long as its passwords do, or as
/// reading it does.
async fn plan(
    shared: &Shared,
    applicant: Applicant,
    (file, only): (CenterFile, Option<Only>),
    passwords: FilePasswords,
    unnamed: Unnamed,
) -> Result<Plan, String> {
    let (core, runtime) = (shared.engine().core().clone(), Handle::current());
    let planned = tokio::task::spawn_blocking(move || {
        if let Some(only) = &only {
            only.refuse_another(&file)?;
        }
        let plan = file.plan(&**core.store(), core.ids(), &passwords, unnamed);
        let plan = runtime.block_on(plan).map_err(|error| why_not(&applicant, &error))?;
        if only.is_some() && plan.difference.changes_mailboxes() {
            return Err(format!("{}: {NOT_YOUR_MAILBOXES}", file.name()));
        }
        Ok(plan)
    });
    planned.await.map_err(|_| "the server stops".to_owned())?
}

/// The only contact center that an admin may change: the name of their own, if it is still there.
struct Only(Option<String>);

fn name_of_center(shared: &Shared, me: &Me) -> Option<String> {
    let directory = shared.engine().core().directory();
    directory.centers.get(&me.center()).map(|own| own.name.clone())
}

impl Only {
    /// Refuses a file that is of another contact center, before it is compared with anything: what
    /// is in another one is not theirs to know.
    fn refuse_another(&self, file: &CenterFile) -> Result<(), String> {
        let named = file.center_name().map_err(|error| with_causes(&error))?;
        if self.0.as_ref() == Some(&named) {
            return Ok(());
        }
        Err(format!(
            "{}: the contact center {named:?} is not yours: an admin changes their own, and whoever operates the server any",
            file.name()
        ))
    }
}

/// `GET /center` at the socket: the contact center that `name` names, or the only one, with the
/// hashes of passwords where `passwordHashes` is `true`.
async fn written_for_operator(State(shared): State<Shared>, uri: Uri) -> Result<Response, Refusal> {
    let asked: BTreeMap<String, String> = parameters(&uri).into_iter().collect();
    let wants_hashes = asked.get("passwordHashes").is_some_and(|wanted| wanted == "true");
    let reader = if wants_hashes { Reader::OperatorWithHashes } else { Reader::Operator };
    let choose =
        move |directory: &Directory| center_named(directory, asked.get("name").map(String::as_str));
    written(&shared, choose, reader).await
}

/// `GET /center`
pub(crate) async fn written_for_admin(
    State(shared): State<Shared>,
    Admin(me): Admin,
) -> Result<Response, Refusal> {
    let own = me.center();
    written(&shared, move |_: &Directory| Ok(own), Reader::Admin).await
}

/// Answers with a contact center as a file, as it is now on every node. A large one takes long to
/// write, and keeps nobody else waiting.
async fn written(
    shared: &Shared,
    choose: impl FnOnce(&Directory) -> Result<CenterId, NotWritten> + Send + 'static,
    reader: Reader,
) -> Result<Response, Refusal> {
    let core = shared.engine().core().clone();
    core.reload_directory().await?;
    let written = tokio::task::spawn_blocking(move || {
        let directory = core.directory();
        let center = choose(&directory)?;
        write_down(&**core.store(), &directory, center, reader)
    });
    let text = written.await.map_err(|_| Refusal::internal())??;
    let headers = [(CONTENT_TYPE, "application/toml"), (CACHE_CONTROL, "private, no-store")];
    Ok((headers, text).into_response())
}
