//! Somebody whom webhooks are sent to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::inbox::BOUND;

/// A message that was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The headers of Standard Webhooks.
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    /// As it came.
    pub bytes: Bytes,
    pub body: Value,
    /// What was answered.
    pub status: u16,
}

type Judge = Box<dyn Fn(&Posted) -> u16 + Send + Sync>;

struct Shared {
    judge: Mutex<Judge>,
    posted: Mutex<Vec<Posted>>,
    came: Notify,
}

/// A server that notes what is posted to it, and answers as it is told.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// Starts one that answers each message with the status that `judge` says.
    pub async fn start(judge: impl Fn(&Posted) -> u16 + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen for webhooks")?;
        let address = listener.local_addr().context("tell where webhooks are listened for")?;
        let judge: Judge = Box::new(judge);
        let (judge, posted, came) = (Mutex::new(judge), Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { judge, posted, came });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { address, shared, serving })
    }

    /// Returns where it is posted to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Has it answer in another way from now on.
    pub fn answer(&self, judge: impl Fn(&Posted) -> u16 + Send + Sync + 'static) {
        *self.shared.judge.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(judge);
    }

    /// Returns all that was posted, in order.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        self.shared.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what was taken, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Posted> {
        self.posted().into_iter().filter(|posted| posted.status < 300).collect()
    }

    /// Waits until what was posted is enough.
    ///
    /// # Errors
    ///
    /// When it is not within [`BOUND`]; it then says what came.
    pub async fn until(&self, is_enough: impl Fn(&[Posted]) -> bool) -> Result<Vec<Posted>> {
        let waiting = async {
            loop {
                let came = self.shared.came.notified();
                let posted = self.posted();
                if is_enough(&posted) {
                    return posted;
                }
                came.await;
            }
        };
        tokio::time::timeout(BOUND, waiting).await.with_context(|| {
            let posted = self.posted();
            let shown: Vec<_> = posted.iter().map(|it| (it.status, it.body.to_string())).collect();
            format!("webhooks did not come; those that did: {shown:#?}")
        })
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| take(&shared, request));
            // Whoever posted may be gone.
            let _served =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(
    shared: &Shared,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let [id, timestamp, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
    let bytes = request.into_body().collect().await?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut posted = Posted { id, timestamp, signature, bytes, body, status: 0 };
    posted.status = shared.judge.lock().unwrap_or_else(PoisonError::into_inner)(&posted);
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = hyper::StatusCode::from_u16(posted.status).unwrap_or_default();
    shared.posted.lock().unwrap_or_else(PoisonError::into_inner).push(posted);
    shared.came.notify_waiters();
    Ok(answer)
}
