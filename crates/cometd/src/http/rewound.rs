//! A stream that is read from a little before where it is.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of what comes before it is its turn is taken in, in bytes: what is beyond waits in the
/// kernel. Most requests are shorter, and are read at once.
const AHEAD_BYTES: usize = 2_048;

/// Whether something that was to be written waits for room.
#[derive(Debug, Default)]
pub(super) struct Backlog(AtomicBool);

/// What there is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Something.
    More,
    /// Nothing any more: the other side has gone.
    Gone,
}

/// A stream, and what is read before it.
#[derive(Debug)]
pub(super) struct Rewound<I> {
    ahead: Bytes,
    stream: I,
    backlog: Arc<Backlog>,
}

impl Backlog {
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes what became of writing: whoever writes goes on until all is out or there is no room.
    fn note<T>(&self, poll: &Poll<T>) {
        self.0.store(poll.is_pending(), Ordering::Relaxed);
    }
}

impl<I> Rewound<I> {
    pub(super) fn new(stream: I, backlog: Arc<Backlog>) -> Self {
        Self { ahead: Bytes::new(), stream, backlog }
    }

    /// Puts something before all that is to be read.
    pub(super) fn before(self, first: Bytes) -> Self {
        let ahead = match (first.is_empty(), self.ahead.is_empty()) {
            (true, _) => self.ahead,
            (false, true) => first,
            (false, false) => [first, self.ahead].concat().into(),
        };
        Self { ahead, ..self }
    }
}

impl<I: AsyncRead + Unpin> Rewound<I> {
    /// Reads what is there ahead of its turn, once: behind it nothing can be seen.
    pub(super) fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<Ahead> {
        if !self.ahead.is_empty() {
            return Poll::Ready(Ahead::More);
        }
        let mut bytes = [MaybeUninit::uninit(); AHEAD_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        if read.is_err() || buffer.filled().is_empty() {
            return Poll::Ready(Ahead::Gone);
        }
        self.ahead = Bytes::copy_from_slice(buffer.filled());
        Poll::Ready(Ahead::More)
    }
}

impl<I: AsyncWrite + Unpin> Rewound<I> {
    /// Writes all of a text.
    pub(super) fn poll_write_all(
        &mut self,
        cx: &mut Context<'_>,
        text: &mut Bytes,
    ) -> Poll<io::Result<()>> {
        while !text.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, text))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            text.advance(written);
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Rewound<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let length = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..length]);
        self.ahead.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Rewound<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.backlog.note(&poll);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.backlog.note(&poll);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Below may be encryption, which takes what it cannot send yet.
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        self.backlog.note(&poll);
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, BufWriter, duplex};

    use super::*;

    /// As encryption does, a buffer takes what there is no room for yet.
    #[tokio::test]
    async fn what_was_taken_and_is_not_out_is_a_backlog() {
        let (near, mut far) = duplex(16);
        let backlog = Arc::<Backlog>::default();
        let mut stream = Rewound::new(BufWriter::new(near), Arc::clone(&backlog));
        let flushed = poll_fn(|cx| {
            let mut stream = Pin::new(&mut stream);
            assert!(stream.as_mut().poll_write(cx, &[b'x'; 100]).is_ready());
            Poll::Ready(stream.poll_flush(cx).is_ready())
        });
        assert!(!flushed.await && backlog.is_there());
        let (read, flushed) = tokio::join!(
            async { far.read_exact(&mut [0; 100]).await },
            poll_fn(|cx| Pin::new(&mut stream).poll_flush(cx))
        );
        assert!(read.is_ok() && flushed.is_ok() && !backlog.is_there());
    }
}
