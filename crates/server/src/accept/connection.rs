//! One connection, from the first byte to the last.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use handoff_api::{PeerAddress, refused_for_host};
use handoff_cometd::{Answer, HttpConnection, Identity, LaterBody, whole};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, EXPECT, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::REFUSAL_BODY;
use super::body::{AnswerBody, Client, TimedBody, lend};
use super::entry::{By, Entry, Line};
use super::forwarded;
use super::limits::Limits;
use super::observer::{Observed, Observer};
use super::pace::{FINISHING, Pace, PacedStream};
use super::permits::Permit;

/// The most that is buffered of a head, or of an answer that is not taken, in bytes. It also bounds
/// the head.
const BUFFER_BYTES: usize = 16 * 1_024;

/// What serving a connection needs.
pub(super) struct Connection {
    pub router: Router,
    pub limits: Arc<Limits>,
    pub http: Arc<http1::Builder>,
    pub entry: Entry,
    pub observer: Arc<Observer>,
    pub peer: SocketAddr,
    /// Each answer is the last one of its connection.
    pub leave: CancellationToken,
    pub stop: CancellationToken,
    pub abort: CancellationToken,
}

/// How a connection ended.
enum End {
    /// It did not begin as it has to.
    NotLetIn(io::Error),
    /// Somebody closed it, or it became a WebSocket.
    Closed(hyper::Result<()>),
    /// The client did not go on in time.
    TooSlow,
}

impl Connection {
    /// Serves requests until the connection is closed.
    pub(super) async fn serve(self, stream: TcpStream, permit: Permit) {
        let (permit, pace, peer) = (Arc::new(permit), Pace::new(self.limits.clone()), self.peer);
        let abort = self.abort.clone();
        let paced = PacedStream::new(stream, pace.clone(), permit.clone());
        let served = async {
            match self.let_in(paced, &permit).await {
                Ok((line, by)) => {
                    pace.begins();
                    self.drive(line, by, pace, permit).await
                }
                Err(end) => end,
            }
        };
        let end = tokio::select! {
            end = served => end,
            () = abort.cancelled() => return,
        };
        match end {
            End::Closed(Ok(())) => {}
            End::NotLetIn(error) => tracing::debug!(%peer, %error, "a connection did not begin"),
            End::Closed(Err(error)) => tracing::debug!(%peer, %error, "a connection ended early"),
            End::TooSlow => {
                tracing::debug!(%peer, "a connection was closed because it did not go on in time")
            }
        }
    }

    /// Lets the connection in, which has no more time for that than for a head.
    async fn let_in(&self, mut stream: PacedStream, permit: &Permit) -> Result<(Line, By), End> {
        let peer = self.peer.ip().to_canonical();
        let passing = async {
            let by = self.entry.identify(&mut stream, peer).await?;
            // Before the handshake, in which a client may take its time.
            if by.address != peer && !permit.comes_from(by.address) {
                return Err(io::Error::other("its client has too many connections"));
            }
            Ok((self.entry.encrypted(stream).await?, by))
        };
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(FINISHING).await;
        };
        tokio::select! {
            biased;
            let_in = passing => let_in.map_err(End::NotLetIn),
            () = tokio::time::sleep(self.limits.header_timeout) => Err(End::TooSlow),
            () = stopped => Err(End::TooSlow),
        }
    }

    async fn drive(&self, stream: Line, by: By, pace: Pace, permit: Arc<Permit>) -> End {
        let service = |request| self.answer(request, by, pace.clone(), permit.clone());
        let mut connection = pin!(HttpConnection::new(self.http.clone(), stream, service));
        let mut stopping = pin!(self.stop.cancelled());
        let (mut is_stopping, mut is_last) = (false, false);
        let mut timer = pin!(tokio::time::sleep(self.limits.header_timeout));
        poll_fn(|cx| {
            if !is_stopping && stopping.as_mut().poll(cx).is_ready() {
                is_stopping = true;
                pace.hurry();
            }
            loop {
                // First of all, so that a request which has come is one.
                if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                    return Poll::Ready(End::Closed(result));
                }
                if !is_stopping || is_last || pace.is_beginning() {
                    break;
                }
                is_last = true;
                connection.graceful_shutdown();
            }
            // Everything that moves the deadline happens while the connection is polled, so it is
            // up to date here.
            let Some(deadline) = pace.deadline() else { return Poll::Pending };
            if timer.deadline() != deadline {
                timer.as_mut().reset(deadline);
            }
            timer.as_mut().poll(cx).map(|()| End::TooSlow)
        })
        .await
    }

    /// Notes whom a request is by on a connection that is by a client or a proxy. What came by a
    /// proxy is counted as a connection of its client; it answers where that has too many.
    fn refused_for_client(
        &self,
        request: &mut Request<Body>,
        by: By,
        permit: &Permit,
    ) -> Option<Response<Body>> {
        let proxies = &self.entry.proxies;
        let client = match by.may_forward {
            true => forwarded::client(request.headers(), by.address, proxies),
            false => by.address,
        };
        request.extensions_mut().insert(PeerAddress(client));
        let is_counted = !proxies.have(self.peer.ip()) || permit.comes_from(client);
        (!is_counted).then(too_many)
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        by: By,
        pace: Pace,
        permit: Arc<Permit>,
    ) -> impl Future<Output = Answer<AnswerBody>> + use<> {
        pace.request_came();
        let client = match request.headers().contains_key(EXPECT) {
            true => Client::AwaitsWord,
            false => Client::Sends,
        };
        let (mut back, leave) = (None, self.leave.clone());
        let mut request = request.map(|body| {
            let body = TimedBody::new(body, &self.limits);
            if hyper::body::Body::is_end_stream(&body) {
                return Body::empty();
            }
            let (lent, rest) = lend(body);
            back = Some(rest);
            Body::new(lent)
        });
        let observed = self.observer.begin(&mut request);
        let refused = self.refused_for_client(&mut request, by, &permit);
        let answered = match refused.or_else(|| refused_for_host(&request)) {
            Some(refusal) => Err(refusal),
            None => Ok(self.router.clone().oneshot(request)),
        };
        async move {
            let mut response = match answered {
                Ok(answered) => answered.await.unwrap_or_else(|never| match never {}),
                Err(refusal) => refusal,
            };
            if let Some(back) = back {
                back.drop_rest(client).await;
            }
            match LaterBody::take_from(&mut response) {
                None => Answer::Now(outgoing(response, observed, pace, &permit, &leave)),
                Some(body) => Answer::Later(Box::pin(async move {
                    let filled = body.fill(response).await;
                    whole(outgoing(filled, observed, pace, &permit, &leave)).await
                })),
            }
        }
    }
}

/// What a request is told of whose client there are too many connections.
fn too_many() -> Response<Body> {
    let headers = [(CONTENT_TYPE, "application/json"), (RETRY_AFTER, "1"), (CONNECTION, "close")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, REFUSAL_BODY).into_response()
}

/// Makes a response the connection's own.
fn outgoing(
    mut response: Response<Body>,
    observed: Observed,
    pace: Pace,
    permit: &Permit,
    leave: &CancellationToken,
) -> Response<AnswerBody> {
    let is_within_bounds =
        response.extensions().get::<Identity>().is_none_or(|user| permit.belongs_to(user));
    let is_leaving = leave.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS;
    if !is_within_bounds || is_leaving {
        // What was asked is done already, so it is answered; the connection is what there is too
        // much of, or what whoever keeps it would send a request over while it is being closed.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let line = observed.answered(&mut response);
    response.map(|body| AnswerBody { body, pace, line })
}

/// Returns how HTTP is spoken on all connections.
pub(super) fn http() -> Arc<http1::Builder> {
    let mut http = http1::Builder::new();
    // Hyper's own timer would bound silence between requests and the head alike; `Pace` tells them
    // apart.
    http.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(BUFFER_BYTES);
    Arc::new(http)
}
