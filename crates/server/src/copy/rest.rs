//! How a server is asked to take no writes: by the socket in its data directory, for as long as
//! whoever asks keeps the answer open. If they are gone before all is copied, it goes on as before.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::body::Body as AnswerBody;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use handoff_store::SqliteStore;
use handoff_store::sqlite::Rest;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use crate::local;

const REST: &str = "/store/rest";
const REST_FOR_GOOD: &str = "/store/rest-for-good";
/// What is said once nothing is written any more.
const RESTS: &[u8] = b"rests\n";
/// What is said when the server is gone: it takes writes again, or is stopped.
const LOST: &str = "the connection to the server was lost; copy again";

/// Returns the routes of the socket by which a store is asked to rest.
pub(crate) fn routes(store: Arc<SqliteStore>) -> Router {
    Router::new()
        .route(REST, post(rest))
        .route(REST_FOR_GOOD, post(rest_for_good))
        .with_state(store)
}

async fn rest(State(store): State<Arc<SqliteStore>>) -> Response {
    match store.rest().await {
        Ok(rest) => {
            tracing::warn!("the store is being copied and takes no writes meanwhile");
            AnswerBody::new(Resting { is_said: false, _rest: rest }).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn rest_for_good(State(store): State<Arc<SqliteStore>>) -> Response {
    match store.rest().await {
        Ok(rest) => {
            rest.for_good();
            tracing::warn!(
                "the store was copied elsewhere and takes no writes any more: stop this server"
            );
            StatusCode::OK.into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// An answer that never ends, and while which nothing is written.
struct Resting {
    is_said: bool,
    _rest: Rest,
}

impl Drop for Resting {
    fn drop(&mut self) {
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
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(RESTS)))))
    }
}

/// A server that takes no writes as long as this is there.
pub(super) struct Rested<'a> {
    directory: &'a Path,
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
    let (mut answer, talking) = post_to(directory, REST).await?;
    let first = answer.frame().await.context(LOST)?.context(LOST)?;
    ensure!(
        first.data_ref().is_some_and(|data| &data[..] == RESTS),
        "the server said something else"
    );
    Ok(Rested { directory, _answer: answer, talking })
}

impl Rested<'_> {
    /// Lets it last until the server is started anew.
    pub(super) async fn for_good(self) -> anyhow::Result<()> {
        let (_, talking) = post_to(self.directory, REST_FOR_GOOD).await?;
        talking.abort();
        Ok(())
    }
}

async fn post_to(directory: &Path, path: &str) -> anyhow::Result<(Incoming, JoinHandle<()>)> {
    let socket = local::connect(directory).await?.context(LOST)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.context(LOST)?;
    let talking = tokio::spawn(async move { drop(connection.await) });
    let request = hyper::Request::post(path).header(HOST, "localhost");
    let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await.context(LOST)?;
    let status = answer.status();
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
        rest.for_good().await.unwrap();
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert!(!takes_writes(&store).await);
        stopping.cancel();
    }
}
