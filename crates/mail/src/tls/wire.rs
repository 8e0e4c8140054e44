//! A connection read line by line, within bounds of size and time.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// How much is asked of the connection at once, in bytes.
const CHUNK_BYTES: usize = 16 * 1024;

/// A byte stream, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The other end closed it.
    #[error("the connection was closed")]
    Closed,
    #[error("the connection failed")]
    Failed(#[source] io::Error),
    /// The other end said nothing, or did not read, for too long.
    #[error("the other end is silent")]
    Silent,
    /// The other end sent a longer line than is allowed.
    #[error("a line is too long")]
    LineTooLong,
}

/// A connection with what was read of it and not yet used.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    /// How much of the buffer has been used.
    used: usize,
    /// What goes out before anything more is read.
    outgoing: Vec<u8>,
    /// How long a read or write may take.
    patience: Duration,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>, patience: Duration) -> Self {
        Self { stream, buffer: Vec::new(), used: 0, outgoing: Vec::new(), patience }
    }

    pub(crate) const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Returns the stream back; nothing, when bytes were read of it that nobody has used.
    pub(super) fn into_stream(self) -> Option<Box<dyn Stream>> {
        (self.used == self.buffer.len()).then_some(self.stream)
    }

    /// Whether something was read that nobody has used.
    pub(crate) fn has_unread(&self) -> bool {
        self.used < self.buffer.len()
    }

    /// Reads up to and with the next LF. What was read stays when the future is dropped.
    pub(crate) async fn line(&mut self, bytes_max: usize) -> Result<Vec<u8>, Broken> {
        let mut searched = 0;
        loop {
            let fresh = &self.buffer[self.used..];
            if let Some(at) = fresh[searched..].iter().position(|&byte| byte == b'\n') {
                let end = searched + at + 1;
                if end > bytes_max {
                    return Err(Broken::LineTooLong);
                }
                let line = fresh[..end].to_vec();
                self.used += end;
                return Ok(line);
            }
            searched = fresh.len();
            if searched > bytes_max {
                return Err(Broken::LineTooLong);
            }
            self.fill().await?;
        }
    }

    /// Reads exactly this many bytes; whoever calls has bounded them.
    pub(crate) async fn exactly(&mut self, bytes: usize) -> Result<Vec<u8>, Broken> {
        while self.buffer.len() - self.used < bytes {
            self.fill().await?;
        }
        let content = self.buffer[self.used..self.used + bytes].to_vec();
        self.used += bytes;
        Ok(content)
    }

    /// Returns what is there, at least one byte.
    pub(crate) async fn some(&mut self) -> Result<Vec<u8>, Broken> {
        if !self.has_unread() {
            self.fill().await?;
        }
        let content = self.buffer[self.used..].to_vec();
        self.used = self.buffer.len();
        Ok(content)
    }

    /// Puts back the end of what [`Self::some`] gave.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.used -= bytes;
    }

    /// Writes bytes down, to go out with what else is before anything more is read: whoever sent
    /// several commands at once gets their answers at once.
    pub(crate) async fn put(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.outgoing.extend_from_slice(bytes);
        if self.outgoing.len() >= CHUNK_BYTES { self.send().await } else { Ok(()) }
    }

    /// Lets everything go out that was put. What went out is not sent again when the future is
    /// dropped.
    pub(crate) async fn send(&mut self) -> Result<(), Broken> {
        while !self.outgoing.is_empty() {
            let sent = timeout(self.patience, self.stream.write(&self.outgoing))
                .await
                .map_err(|_| Broken::Silent)?
                .map_err(Broken::Failed)?;
            if sent == 0 {
                return Err(Broken::Closed);
            }
            self.outgoing.drain(..sent);
        }
        self.flush().await
    }

    /// Writes everything and hands it to the system.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        // Each piece has its own time, so that a large message on a slow line is no silence.
        for piece in bytes.chunks(CHUNK_BYTES) {
            let writing = self.stream.write_all(piece);
            timeout(self.patience, writing)
                .await
                .map_err(|_| Broken::Silent)?
                .map_err(Broken::Failed)?;
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        timeout(self.patience, self.stream.flush())
            .await
            .map_err(|_| Broken::Silent)?
            .map_err(Broken::Failed)
    }

    async fn fill(&mut self) -> Result<(), Broken> {
        if !self.outgoing.is_empty() {
            self.send().await?;
        }
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        self.buffer.reserve(CHUNK_BYTES);
        match timeout(self.patience, self.stream.read_buf(&mut self.buffer)).await {
            Ok(Ok(0)) => Err(Broken::Closed),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Broken::Failed(error)),
            Err(_) => Err(Broken::Silent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_put_goes_out_together_before_more_is_read() {
        let (here, mut there) = tokio::io::duplex(CHUNK_BYTES);
        let mut wire = Wire::new(Box::new(here), Duration::from_secs(60));
        there.write_all(b"one\r\ntwo\r\n").await.unwrap();
        let mut heard = [0; 64];
        for command in ["one\r\n", "two\r\n"] {
            assert_eq!(wire.line(100).await.unwrap(), command.as_bytes());
            wire.put(b"yes\r\n").await.unwrap();
            let hearing = there.read(&mut heard);
            let early = timeout(Duration::ZERO, hearing).await;
            assert!(early.is_err(), "another command is there: {early:?}");
        }
        let more = tokio::spawn(async move { wire.line(100).await });
        let len = there.read(&mut heard).await.unwrap();
        assert_eq!(&heard[..len], b"yes\r\nyes\r\n");
        there.write_all(b"three\r\n").await.unwrap();
        assert_eq!(more.await.unwrap().unwrap(), b"three\r\n");
    }

    #[tokio::test]
    async fn what_is_much_goes_out_at_once() {
        let (here, mut there) = tokio::io::duplex(2 * CHUNK_BYTES);
        let mut wire = Wire::new(Box::new(here), Duration::from_secs(60));
        wire.put(&[b'x'; CHUNK_BYTES]).await.unwrap();
        assert!(wire.outgoing.is_empty());
        assert_eq!(there.read(&mut [0; CHUNK_BYTES]).await.unwrap(), CHUNK_BYTES);
    }
}
