//! How far a connection has come, and until when it has to go on.
//!
//! All deadlines of a connection are one value that its task looks at after each step; there is one
//! timer for all of them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::limits::Limits;
use super::permits::Permit;

/// How long a head, or a handshake, may take that is on its way when the server stops: it comes in
/// few packets, and whoever sends it by hand has not begun to hurry.
pub(super) const FINISHING: Duration = Duration::from_millis(500);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing has come yet.
    New { until: Instant },
    /// Nothing of the next request has come.
    Silent { until: Instant },
    /// A head has begun.
    Head { until: Instant },
    /// A request is being answered. How long that takes is not the client's doing.
    Answering,
}

#[derive(Debug)]
struct Progress {
    phase: Phase,
    /// What the client has yet to take; `None` while nothing waits.
    waiting: Option<Waiting>,
    /// How long a head may take.
    head_max: Duration,
}

/// An answer that the client does not take as fast as it is written.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Instant,
    /// What it has taken since.
    bytes: u64,
}

/// One connection's progress. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    limits: Arc<Limits>,
    progress: Arc<Mutex<Progress>>,
}

impl Pace {
    /// Starts with a silent connection. It has no more time than a head: whoever connects has
    /// something to say.
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        let head_max = limits.header_timeout;
        let phase = Phase::New { until: Instant::now() + head_max };
        let progress = Progress { phase, waiting: None, head_max };
        Self { limits, progress: Arc::new(Mutex::new(progress)) }
    }

    /// Notes that the connection was let in: from now on it has the time of a new one.
    pub(super) fn begins(&self) {
        self.lock().phase = Phase::New { until: Instant::now() + self.limits.header_timeout };
    }

    /// Returns until when something has to happen; `None` while it is not the client's turn.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let progress = self.lock();
        let phase_until = match (progress.phase, progress.waiting) {
            // It cannot ask for more before it has the answer, so its silence has not begun.
            (Phase::Silent { .. }, Some(_)) | (Phase::Answering, _) => None,
            (Phase::Silent { until }, None) | (Phase::New { until } | Phase::Head { until }, _) => {
                Some(until)
            }
        };
        let waiting_until = progress.waiting.map(|waiting| {
            // A fixed time and that which its bytes are worth: who takes a byte now and then takes
            // nothing.
            let worth_ms =
                waiting.bytes.saturating_mul(1_000) / self.limits.body_bytes_per_second.max(1);
            waiting.since + self.limits.write_timeout + Duration::from_millis(worth_ms)
        });
        phase_until.into_iter().chain(waiting_until).min()
    }

    /// Notes that the server stops: whoever has yet to finish the head of a request has a moment to
    /// do so, and is answered.
    pub(super) fn hurry(&self) {
        let (now, mut progress) = (Instant::now(), self.lock());
        progress.head_max = progress.head_max.min(FINISHING);
        match &mut progress.phase {
            Phase::Silent { until } => *until = now,
            Phase::New { until } | Phase::Head { until } => {
                *until = (*until).min(now + FINISHING);
            }
            Phase::Answering => {}
        }
    }

    /// Tells whether a request may be on its way whose head is not here: whoever opened the
    /// connection for it did not know that the server stops.
    pub(super) fn is_beginning(&self) -> bool {
        matches!(self.lock().phase, Phase::New { .. } | Phase::Head { .. })
    }

    /// Notes that a request's head is complete.
    pub(super) fn request_came(&self) {
        self.lock().phase = Phase::Answering;
    }

    /// Notes that all of an answer was handed over.
    pub(super) fn answer_is_out(&self) {
        self.lock().phase = Phase::Silent { until: Instant::now() + self.limits.idle_timeout };
    }

    fn bytes_came(&self) {
        let mut progress = self.lock();
        if matches!(progress.phase, Phase::New { .. } | Phase::Silent { .. }) {
            progress.phase = Phase::Head { until: Instant::now() + progress.head_max };
        }
    }

    fn wrote(&self, poll: &Poll<io::Result<usize>>) {
        let mut progress = self.lock();
        match (poll, &mut progress.waiting) {
            (Poll::Ready(Ok(length)), Some(waiting)) => {
                waiting.bytes =
                    waiting.bytes.saturating_add(u64::try_from(*length).unwrap_or(u64::MAX));
            }
            (Poll::Pending, waiting @ None) => {
                *waiting = Some(Waiting { since: Instant::now(), bytes: 0 });
            }
            // An error ends the connection.
            (Poll::Ready(_), _) | (Poll::Pending, Some(_)) => {}
        }
    }

    /// Notes that nothing waits to be written: hyper flushes when its buffer is empty.
    fn flushed(&self) {
        let mut progress = self.lock();
        if progress.waiting.take().is_some() && matches!(progress.phase, Phase::Silent { .. }) {
            progress.phase = Phase::Silent { until: Instant::now() + self.limits.idle_timeout };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's socket, which notes what passes. It carries the permit, so that a connection
/// counts until it is closed, also as a WebSocket.
pub(super) struct PacedStream {
    stream: TcpStream,
    pace: Pace,
    /// Held, not used: it is freed when the socket is closed.
    _seat: Arc<Permit>,
}

impl PacedStream {
    pub(super) fn new(stream: TcpStream, pace: Pace, permit: Arc<Permit>) -> Self {
        Self { stream, pace, _seat: permit }
    }

    /// Waits for the first byte that comes, and leaves it to be read; zero at the end.
    pub(super) async fn first_byte(&self) -> io::Result<u8> {
        let mut byte = [0];
        self.stream.peek(&mut byte).await?;
        Ok(byte[0])
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.bytes_came();
        }
        poll
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.pace.wrote(&poll);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.pace.wrote(&poll);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pace.flushed();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
