//! One HTTP/1.1 connection on which a held poll is little more than what it waits for.
//!
//! hyper keeps a read buffer of 8 KiB and all of its own state while a request is answered, which
//! is the most of what a held poll takes. So it answers what can be answered at once; an answer
//! that comes later is waited for without it, with nothing but the stream. When it is there, hyper
//! begins anew, is told a head of ours in place of the client's, and writes the answer to that: it
//! remains the only one who reads and writes HTTP.
//!
//! What must stay true: an answer only waits outside when the whole request was read and the
//! connection goes on after it, so that nothing hyper knew is missed afterwards; and a client that
//! goes away meanwhile is noticed, as hyper would.

mod rewound;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::server::TakesLaterBody;
use rewound::{Backlog, Rewound};

/// What hyper is told when an answer that was waited for is there.
const OWN_HEAD: Bytes = Bytes::from_static(b"POST / HTTP/1.1\r\n\r\n");

/// What a service has for a request.
pub enum Answer<B> {
    /// The response.
    Now(Response<B>),
    /// The response will come; allowed where the request's extensions have [`TakesLaterBody`].
    Later(BoxFuture<'static, Response<B>>),
}

/// A connection; as a future it serves requests until it is closed. Dropping it closes it.
pub struct HttpConnection<'a, I, S, B> {
    http: Arc<Builder>,
    relay: Arc<Relay<S, B>>,
    state: State<'a, I, B>,
    ending: Ending,
}

/// Whether the connection goes on after the present answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    No,
    AfterAnswer,
}

enum State<'a, I, B> {
    /// hyper has the stream.
    Talking(Box<dyn Talk<I> + Send + 'a>),
    /// An answer is waited for.
    Waiting(Rewound<I>, BoxFuture<'static, Response<B>>),
    Closed,
}

/// The service, and what it left to be waited for.
struct Relay<S, B> {
    service: S,
    turn: Mutex<Turn<B>>,
    backlog: Arc<Backlog>,
}

/// Whose turn it is.
enum Turn<B> {
    /// The client's: requests go to the service.
    Client,
    /// An answer has to be waited for.
    Later(BoxFuture<'static, Response<B>>),
    /// Ours: the answer was waited for.
    Answer(Response<B>),
}

impl<'a, I, S, F, B> HttpConnection<'a, I, S, B>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(Request<Incoming>) -> F + Send + Sync + 'a,
    F: Future<Output = Answer<B>> + Send + 'a,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Makes a connection of a stream.
    pub fn new(http: Arc<Builder>, stream: I, service: S) -> Self {
        let backlog = Arc::default();
        let stream = Rewound::new(stream, Arc::clone(&backlog));
        let relay = Arc::new(Relay { service, turn: Mutex::new(Turn::Client), backlog });
        let state = State::Talking(talk(&http, stream, &relay));
        Self { http, relay, state, ending: Ending::No }
    }

    /// Lets the request that is being answered be the last one.
    pub fn graceful_shutdown(&mut self) {
        self.ending = Ending::AfterAnswer;
        if let State::Talking(connection) = &mut self.state {
            connection.graceful_shutdown();
        }
    }

    /// Lets hyper go on once the answer is there.
    fn resume(&self, stream: Rewound<I>, mut response: Response<B>) -> State<'a, I, B> {
        if self.ending == Ending::AfterAnswer {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        *self.relay.turn() = Turn::Answer(response);
        State::Talking(talk(&self.http, stream.before(OWN_HEAD), &self.relay))
    }
}

impl<'a, I, S, F, B> Future for HttpConnection<'a, I, S, B>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(Request<Incoming>) -> F + Send + Sync + 'a,
    F: Future<Output = Answer<B>> + Send + 'a,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Output = hyper::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        loop {
            // While one state is left for the next, the connection counts as closed.
            self.state = match std::mem::replace(&mut self.state, State::Closed) {
                State::Talking(mut connection) => match connection.poll(cx) {
                    Poll::Ready(result) => return Poll::Ready(result),
                    Poll::Pending => match self.relay.take_later() {
                        Some(later) => match connection.into_stream() {
                            Some(stream) => State::Waiting(stream, later),
                            None => State::Closed,
                        },
                        None => {
                            self.state = State::Talking(connection);
                            return Poll::Pending;
                        }
                    },
                },
                State::Waiting(mut stream, mut later) => match later.as_mut().poll(cx) {
                    Poll::Ready(response) => self.resume(stream, response),
                    Poll::Pending if stream.poll_gone(cx).is_ready() => State::Closed,
                    Poll::Pending => {
                        self.state = State::Waiting(stream, later);
                        return Poll::Pending;
                    }
                },
                State::Closed => return Poll::Ready(Ok(())),
            };
        }
    }
}

impl<S, B> Relay<S, B> {
    fn turn(&self) -> MutexGuard<'_, Turn<B>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is to be waited for, once all that was answered before is out.
    fn take_later(&self) -> Option<BoxFuture<'static, Response<B>>> {
        let mut turn = self.turn();
        match std::mem::replace(&mut *turn, Turn::Client) {
            Turn::Later(later) if !self.backlog.is_there() => Some(later),
            other => {
                *turn = other;
                None
            }
        }
    }

    /// Takes the answer that was waited for.
    fn take_answer(&self) -> Option<Response<B>> {
        let mut turn = self.turn();
        match std::mem::replace(&mut *turn, Turn::Client) {
            Turn::Answer(response) => Some(response),
            other => {
                *turn = other;
                None
            }
        }
    }
}

/// hyper's connection, whose type has no name.
trait Talk<I> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>>;

    fn graceful_shutdown(&mut self);

    /// Takes the stream back, with what was read ahead; `None` if it became a WebSocket.
    fn into_stream(self: Box<Self>) -> Option<Rewound<I>>;
}

impl<I, S, B> Talk<I> for UpgradeableConnection<TokioIo<Rewound<I>>, S>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Incoming, ResBody = B> + Unpin,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        Future::poll(Pin::new(self), cx)
    }

    fn graceful_shutdown(&mut self) {
        Pin::new(self).graceful_shutdown();
    }

    fn into_stream(self: Box<Self>) -> Option<Rewound<I>> {
        let parts = (*self).into_parts()?;
        // Copied, even if it is empty: it shares hyper's large buffer.
        let ahead = Bytes::copy_from_slice(&parts.read_buf);
        Some(parts.io.into_inner().before(ahead))
    }
}

/// Gives hyper a stream.
fn talk<'a, I, S, F, B>(
    http: &Builder,
    stream: Rewound<I>,
    relay: &Arc<Relay<S, B>>,
) -> Box<dyn Talk<I> + Send + 'a>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(Request<Incoming>) -> F + Send + Sync + 'a,
    F: Future<Output = Answer<B>> + Send + 'a,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let relay = Arc::clone(relay);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let relay = Arc::clone(&relay);
        let asked = match relay.take_answer() {
            Some(response) => Err(response),
            None => {
                if may_wait(&request) {
                    request.extensions_mut().insert(TakesLaterBody);
                }
                Ok((relay.service)(request))
            }
        };
        async move {
            let answer = match asked {
                Ok(asked) => asked.await,
                Err(response) => Answer::Now(response),
            };
            match answer {
                Answer::Now(response) => Ok::<_, Infallible>(response),
                Answer::Later(later) => {
                    *relay.turn() = Turn::Later(later);
                    std::future::pending().await
                }
            }
        }
    });
    Box::new(http.serve_connection(TokioIo::new(stream), service).with_upgrades())
}

/// Tells whether the connection goes on as it is after the answer.
fn may_wait(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    let mut words = headers.get_all(CONNECTION).iter();
    request.version() == Version::HTTP_11
        && !headers.contains_key(EXPECT)
        && words.all(|word| word.as_bytes().eq_ignore_ascii_case(b"keep-alive"))
}
