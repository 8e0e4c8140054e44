//! Bodies with an eye on the clock: the request's must come in time, and what nobody wanted of it
//! is taken in before the answer goes out; the answer's end is noted.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::limits::Limits;
use super::observer::AccessLine;
use super::pace::Pace;

/// The most that is read and dropped of a body that was not wanted, in bytes (docs/api/README.md,
/// "Codes"). Clients send first and read then; an answer to what they have not finished sending is
/// lost with the connection.
const DROPPED_BYTES_MAX: u64 = 8 << 20;

/// A body came more slowly than is waited for.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
struct TooSlow;

/// A request's body that fails when it comes too slowly: it has a fixed time, and that which its
/// bytes are worth at the least rate.
pub(super) struct TimedBody {
    body: Incoming,
    timeout: Duration,
    bytes_per_second: u64,
    received: u64,
    /// When the handler began to read. What passed before is not the client's doing.
    began: Option<Instant>,
    /// Made when the body first has to be waited for; most bodies come with the head.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    pub(super) fn new(body: Incoming, limits: &Limits) -> Self {
        Self {
            body,
            timeout: limits.body_timeout,
            bytes_per_second: limits.body_bytes_per_second,
            received: 0,
            began: None,
            timer: None,
        }
    }

    fn deadline(&mut self) -> Instant {
        let began = *self.began.get_or_insert_with(Instant::now);
        let worth_ms = self.received.saturating_mul(1_000) / self.bytes_per_second.max(1);
        began + self.timeout + Duration::from_millis(worth_ms)
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let deadline = self.deadline();
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.received =
                    self.received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}

/// A request's body in the hands of whoever is to read it. When they let it go, read or not, it
/// goes back.
pub(super) struct LentBody {
    body: Option<TimedBody>,
    back: Arc<Mutex<Option<TimedBody>>>,
}

/// Where a lent body comes back to.
pub(super) struct Back(Arc<Mutex<Option<TimedBody>>>);

/// Lends a body.
pub(super) fn lend(body: TimedBody) -> (LentBody, Back) {
    let back = Arc::default();
    (LentBody { body: Some(body), back: Arc::clone(&back) }, Back(back))
}

/// Whether a client sends its body at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Sends,
    /// It waits for a word first (`Expect`), and is given the answer in place of that word.
    AwaitsWord,
}

impl Back {
    /// Reads and drops what is left of the body, so that its client sees the answer: up to a bound,
    /// and only as long as it comes in time. It is not there while somebody still reads it.
    pub(super) async fn drop_rest(self, client: Client) {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = body else { return };
        if client == Client::AwaitsWord && body.began.is_none() {
            return;
        }
        // Of what is said to be more, all would have to be read for the answer to be seen.
        if body.is_end_stream()
            || Body::size_hint(&body).exact().is_some_and(|rest| rest > DROPPED_BYTES_MAX)
        {
            return;
        }
        let until = body.received.saturating_add(DROPPED_BYTES_MAX);
        while let Some(Ok(_)) = body.frame().await {
            if body.received > until {
                return;
            }
        }
    }
}

impl Body for LentBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

/// An answer's body, which notes that it was handed over: it is dropped then.
pub(super) struct AnswerBody {
    pub body: axum::body::Body,
    pub pace: Pace,
    /// What is written down of its request, if anything is.
    pub line: Option<Box<AccessLine>>,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let (Some(line), Some(Ok(frame))) = (&mut self.line, &frame) {
            line.add(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        HttpBody::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.body)
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.pace.answer_is_out();
    }
}
