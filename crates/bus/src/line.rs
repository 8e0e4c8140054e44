//! A line: what carries messages between nodes, as a pair of channels.
//!
//! What a message says is not the line's matter. It may lose, double and reorder messages, and it
//! may fall silent; [`crate::ClusterBus`] notices that by not hearing itself.

use async_trait::async_trait;
use tokio::sync::mpsc;

/// Why a line could not be opened, with its causes.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An open line. It is lost when either channel is closed, and closes when both are dropped.
#[derive(Debug)]
pub struct Line {
    /// Takes messages for every node, this one included. One waits here at most: whoever takes it
    /// has said the one before.
    pub say: mpsc::Sender<Vec<u8>>,
    /// Brings the messages of every node, this one included. Nothing that was said after the line
    /// was open is missing, but what is lost on the way.
    pub hear: mpsc::Receiver<Vec<u8>>,
}

/// Opens lines.
#[async_trait]
pub trait Connect: Send + Sync + 'static {
    /// Returns the most bytes of a message.
    fn message_bytes_max(&self) -> usize;

    /// Opens a line. Dropping the future leaves none open.
    ///
    /// # Errors
    ///
    /// When there is none now; it may be tried again at any time.
    async fn connect(&self) -> Result<Line, Failure>;
}

#[async_trait]
impl<C: Connect + ?Sized> Connect for Box<C> {
    fn message_bytes_max(&self) -> usize {
        (**self).message_bytes_max()
    }

    async fn connect(&self) -> Result<Line, Failure> {
        (**self).connect().await
    }
}
