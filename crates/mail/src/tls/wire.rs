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
    /// How long a read or write may take.
    patience: Duration,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>, patience: Duration) -> Self {
        Self { stream, buffer: Vec::new(), used: 0, patience }
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
        timeout(self.patience, self.stream.flush())
            .await
            .map_err(|_| Broken::Silent)?
            .map_err(Broken::Failed)
    }

    async fn fill(&mut self) -> Result<(), Broken> {
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
