//! One HTTP/1.1 connection on which a held poll is little more than what it waits for.
//!
//! hyper keeps a read buffer of 8 KiB and all of its own state while a request is answered, which
//! is the most of what a held poll takes. So an answer that comes later is waited for without it,
//! with nothing but the stream, and written in one piece. hyper begins anew with the next request:
//! it remains the only one who reads HTTP.
//!
//! What must stay true: an answer only waits outside when the whole request was read, all before it
//! is written and the connection goes on after it, so that nothing hyper knew is missed afterwards;
//! and a client that goes away meanwhile is noticed, as hyper would.

mod rewound;
mod whole;

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
use rewound::{Ahead, Backlog, Rewound};
pub use whole::whole;

/// What a service has for a request.
pub enum Answer<B> {
    /// The response.
    Now(Response<B>),
    /// The response will come, [whole]; allowed where the request's extensions have
    /// [`TakesLaterBody`].
    Later(BoxFuture<'static, Response<Bytes>>),
}

/// A connection; as a future it serves requests until it is closed. Dropping it closes it.
pub struct HttpConnection<'a, I, S> {
    http: Arc<Builder>,
    relay: Arc<Relay<S>>,
    state: State<'a, I>,
    ending: Ending,
}

/// Whether the connection goes on after the present answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    No,
    AfterAnswer,
}

enum State<'a, I> {
    /// hyper has the stream.
    Talking(Box<dyn Talk<I> + Send + 'a>),
    /// An answer is waited for.
    Waiting(Rewound<I>, BoxFuture<'static, Response<Bytes>>),
    /// It is written.
    Writing(Rewound<I>, Bytes),
    /// The next request has not begun.
    Resting(Rewound<I>),
    /// The client is told that nothing more comes.
    Closing(Rewound<I>),
    Closed,
}

/// The service, and what it left to be waited for.
struct Relay<S> {
    service: S,
    later: Mutex<Option<BoxFuture<'static, Response<Bytes>>>>,
    backlog: Arc<Backlog>,
}

impl<'a, I, S, F, B> HttpConnection<'a, I, S>
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
        let relay = Arc::new(Relay { service, later: Mutex::default(), backlog });
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

    /// Goes on from a state: to the next one, or back to the same when it has to wait.
    fn go_on(&mut self, state: State<'a, I>, cx: &mut Context<'_>) -> Step<'a, I> {
        match state {
            State::Talking(mut connection) => match connection.poll(cx) {
                Poll::Ready(result) => Step::End(result),
                Poll::Pending => match self.relay.take_later() {
                    Some(later) => Step::Next(match connection.into_stream() {
                        Some(stream) => State::Waiting(stream, later),
                        None => State::Closed,
                    }),
                    None => Step::Wait(State::Talking(connection)),
                },
            },
            State::Waiting(mut stream, mut later) => {
                // Before the answer is asked for: what it takes with it counts as handed over, and
                // somebody has to be there.
                if stream.poll_ahead(cx) == Poll::Ready(Ahead::Gone) {
                    return Step::Next(State::Closed);
                }
                match later.as_mut().poll(cx) {
                    Poll::Ready(response) => Step::Next(self.write(stream, response)),
                    Poll::Pending => Step::Wait(State::Waiting(stream, later)),
                }
            }
            State::Writing(mut stream, mut text) => match stream.poll_write_all(cx, &mut text) {
                Poll::Ready(Ok(())) => Step::Next(State::Resting(stream)),
                // A connection that breaks is the client's affair.
                Poll::Ready(Err(_)) => Step::Next(State::Closed),
                Poll::Pending => Step::Wait(State::Writing(stream, text)),
            },
            State::Resting(stream) if self.ending == Ending::AfterAnswer => {
                Step::Next(State::Closing(stream))
            }
            State::Resting(mut stream) => match stream.poll_ahead(cx) {
                Poll::Ready(Ahead::Gone) => Step::Next(State::Closed),
                Poll::Ready(Ahead::More) => {
                    Step::Next(State::Talking(talk(&self.http, stream, &self.relay)))
                }
                Poll::Pending => Step::Wait(State::Resting(stream)),
            },
            State::Closing(mut stream) => match Pin::new(&mut stream).poll_shutdown(cx) {
                Poll::Ready(_) => Step::Next(State::Closed),
                Poll::Pending => Step::Wait(State::Closing(stream)),
            },
            State::Closed => Step::End(Ok(())),
        }
    }

    /// Begins to write an answer. Whether the connection ends after it may be said by either.
    fn write(&mut self, stream: Rewound<I>, mut response: Response<Bytes>) -> State<'a, I> {
        if says_close(&response) {
            self.ending = Ending::AfterAnswer;
        } else if self.ending == Ending::AfterAnswer {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        State::Writing(stream, whole::encode(&response))
    }
}

/// What comes after a state.
enum Step<'a, I> {
    Next(State<'a, I>),
    /// The same, when something has happened.
    Wait(State<'a, I>),
    End(hyper::Result<()>),
}

impl<'a, I, S, F, B> Future for HttpConnection<'a, I, S>
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
            let state = std::mem::replace(&mut self.state, State::Closed);
            match self.go_on(state, cx) {
                Step::Next(state) => self.state = state,
                Step::Wait(state) => {
                    self.state = state;
                    return Poll::Pending;
                }
                Step::End(result) => return Poll::Ready(result),
            }
        }
    }
}

impl<S> Relay<S> {
    fn later(&self) -> MutexGuard<'_, Option<BoxFuture<'static, Response<Bytes>>>> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is to be waited for, once all that was answered before is out.
    fn take_later(&self) -> Option<BoxFuture<'static, Response<Bytes>>> {
        let mut later = self.later();
        if self.backlog.is_there() { None } else { later.take() }
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

/// Hands a stream to hyper.
fn talk<'a, I, S, F, B>(
    http: &Builder,
    stream: Rewound<I>,
    relay: &Arc<Relay<S>>,
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
        if may_wait(&request) {
            request.extensions_mut().insert(TakesLaterBody);
        }
        let answered = (relay.service)(request);
        let relay = Arc::clone(&relay);
        async move {
            match answered.await {
                Answer::Now(response) => Ok::<_, Infallible>(response),
                Answer::Later(later) => {
                    *relay.later() = Some(later);
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

/// Tells whether an answer says that the connection ends after it.
fn says_close(response: &Response<Bytes>) -> bool {
    let values = response.headers().get_all(CONNECTION).iter();
    let mut words = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
}
