//! How a server is asked to take no writes: by the socket in its data directory, for as long as
//! whoever asks keeps the answer open. If they are gone before all is copied, it goes on as before.

use std::collections::BTreeSet;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::body::Body as AnswerBody;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use handoff_engine::{IdSource as _, SystemIds};
use handoff_store::sqlite::Rest;
use handoff_store::{SqliteStore, with_causes};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use crate::local;

const REST: &str = "/store/rest";
const REST_FOR_GOOD: &str = "/store/rest-for-good";
/// What is said when the server is gone: it takes writes again, or is stopped.
const LOST: &str = "the connection to the server was lost; copy again";

/// A store that may be asked to rest.
struct Restful {
    store: Arc<SqliteStore>,
    ids: SystemIds,
    /// The names of the rests that last, which those of no other process have.
    lasting: Mutex<BTreeSet<String>>,
}

impl Restful {
    fn lasting(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the routes of the socket by which a store is asked to rest.
pub(crate) fn routes(store: Arc<SqliteStore>) -> Router {
    Router::new().route(REST, post(rest)).route(REST_FOR_GOOD, post(rest_for_good)).with_state(
        Arc::new(Restful { store, ids: SystemIds::default(), lasting: Mutex::default() }),
    )
}

async fn rest(State(restful): State<Arc<Restful>>) -> Response {
    match restful.store.rest().await {
        Ok(rest) => {
            tracing::warn!("the store is being copied and takes no writes meanwhile");
            let name = format!("{:032x}", restful.ids.random());
            restful.lasting().insert(name.clone());
            AnswerBody::new(Resting { is_said: false, name, restful, _rest: rest }).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Takes the name of a rest that lasts, and in the next line where the store was moved.
async fn rest_for_good(State(restful): State<Arc<Restful>>, asked: String) -> StatusCode {
    let Some((name, to)) = asked.split_once('\n') else { return StatusCode::BAD_REQUEST };
    let Ok(rest) = restful.store.rest().await else { return StatusCode::SERVICE_UNAVAILABLE };
    // Asked while there is another rest: one that still lasts was never interrupted.
    if !restful.lasting().contains(name) {
        return StatusCode::CONFLICT;
    }
    if let Err(error) = restful.store.moved(rest, to) {
        tracing::error!(error = with_causes(&error), "the store is not moved");
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    tracing::warn!(to, "the store was moved and takes no writes any more: stop this server");
    StatusCode::OK
}

/// An answer that never ends, and while which nothing is written.
struct Resting {
    is_said: bool,
    name: String,
    restful: Arc<Restful>,
    /// Ends after it is forgotten that it lasts.
    _rest: Rest,
}

impl Drop for Resting {
    fn drop(&mut self) {
        self.restful.lasting().remove(&self.name);
        tracing::info!("whoever copied the store is gone");
    }
}

impl Body for Resting {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_said {
            return Poll::Pending;
        }
        self.is_said = true;
        Poll::Ready(Some(Ok(Frame::data(format!("{}\n", self.name).into()))))
    }
}

/// A server that takes no writes as long as this is there.
pub(super) struct Rested<'a> {
    directory: &'a Path,
    name: String,
    _answer: Incoming,
    talking: JoinHandle<()>,
}

impl Drop for Rested<'_> {
    fn drop(&mut self) {
        self.talking.abort();
    }
}

/// Asks the server that serves a data directory to take no writes; returns once it takes none.
pub(super) async fn ask(directory: &Path) -> anyhow::Result<Rested<'_>> {
    let (mut answer, talking) = post_to(directory, REST, String::new()).await?;
    let first = answer.frame().await.context(LOST)?.context(LOST)?;
    let said = first.data_ref().and_then(|data| std::str::from_utf8(data).ok());
    let name = said.and_then(|said| said.strip_suffix('\n'));
    let name = name.context("the server said something else")?.to_owned();
    Ok(Rested { directory, name, _answer: answer, talking })
}

impl Rested<'_> {
    /// Lets it last for good: the server takes no writes any more, and no other is started on the
    /// store, which was moved to `to`. Refused when it takes writes again, or is another one.
    pub(super) async fn for_good(self, to: &str) -> anyhow::Result<()> {
        let asked = format!("{}\n{to}", self.name);
        let (_, talking) = post_to(self.directory, REST_FOR_GOOD, asked).await?;
        talking.abort();
        Ok(())
    }
}

async fn post_to(
    directory: &Path,
    path: &str,
    body: String,
) -> anyhow::Result<(Incoming, JoinHandle<()>)> {
    let socket = local::connect(directory).await?.context(LOST)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.context(LOST)?;
    let talking = tokio::spawn(async move { drop(connection.await) });
    let request = hyper::Request::post(path).header(HOST, "localhost");
    let answer =
        sender.send_request(request.body(Full::<Bytes>::from(body))?).await.context(LOST)?;
    let status = answer.status();
    ensure!(status != StatusCode::CONFLICT, "the server took writes meanwhile; copy again");
    ensure!(status.is_success(), "the server refused to take no writes: {status}");
    Ok((answer.into_body(), talking))
}

#[cfg(test)]
mod tests {
    use handoff_store::{ChangeSet, SqliteOptions, Store as _};
    use tokio_util::sync::CancellationToken;

    use super::*;

    async fn takes_writes(store: &SqliteStore) -> bool {
        store.commit(ChangeSet::default()).await.is_ok()
    }

    #[tokio::test]
    async fn a_store_rests_until_whoever_copies_is_gone_or_for_good() {
        let home = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(home.path().join("handoff.db"));
        let store = Arc::new(SqliteStore::open(options).unwrap());
        let listener = local::listen(home.path()).unwrap();
        let stopping = CancellationToken::new();
        tokio::spawn(local::serve(listener, routes(store.clone()), stopping.clone()));
        assert!(takes_writes(&store).await);
        let rest = ask(home.path()).await.unwrap();
        assert!(!takes_writes(&store).await);
        drop(rest);
        while !takes_writes(&store).await {
            tokio::task::yield_now().await;
        }
        let rest = ask(home.path()).await.unwrap();
        rest.for_good("elsewhere").await.unwrap();
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert!(!takes_writes(&store).await);
        stopping.cancel();
    }

    #[tokio::test]
    async fn a_server_that_was_started_anew_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(home.path().join("handoff.db"));
        let store = Arc::new(SqliteStore::open(options).unwrap());
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let listener = local::listen(home.path()).unwrap();
        tokio::spawn(local::serve(listener, routes(store.clone()), first.clone()));
        let rest = ask(home.path()).await.unwrap();
        // Another server, with rests of its own.
        let listener = local::listen(home.path()).unwrap();
        tokio::spawn(local::serve(listener, routes(store.clone()), second.clone()));
        let refused = rest.for_good("elsewhere").await.unwrap_err().to_string();
        assert!(refused.contains("took writes meanwhile; copy again"), "{refused}");
        while !takes_writes(&store).await {
            tokio::task::yield_now().await;
        }
        assert!(!home.path().join("handoff.db-moved").exists());
        first.cancel();
        second.cancel();
    }
}
