//! What nodes say to each other by way of the database: LISTEN and NOTIFY, on a connection that
//! does nothing else.
//!
//! It carries bytes, and knows nothing of what they mean. Nothing is kept: who does not listen at
//! the moment misses it. Each message is a transaction, which takes a lock of the whole server for
//! its end; whoever speaks gathers what there is to say.

use std::future::poll_fn;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Statement};
use tracing::warn;

use crate::error::StoreError;
use crate::postgres::PostgresOptions;
use crate::postgres::connect::Server;
use crate::postgres::explain::Sentence;
use crate::postgres::failure::failed;

/// Messages that were heard and wait for whoever listens.
const HEARD_MAX: usize = 256;

/// A message that is lost in a crash was only a hint, so none waits for the disk; one that is not
/// taken within the time, in ms, is lost with the connection.
const SETTINGS: &str = "SET synchronous_commit = off; SET statement_timeout = 5000";
/// → the channel. Notifications go through all of a database, so it has the schema's name.
const CHANNEL: &str = "SELECT 'handoff_' || md5(current_schema())";
/// channel, payload
const SAY: &str = "SELECT pg_notify($1, $2)";

/// Opens lines between the nodes that share a schema.
#[derive(Debug)]
pub struct PostgresLines(Server);

/// A line to the other nodes. It is lost when either channel is closed, and closes when both are
/// dropped.
#[derive(Debug)]
pub struct PostgresLine {
    /// Takes messages for all nodes, this one included; one waits here at most.
    pub say: mpsc::Sender<Vec<u8>>,
    /// Brings the messages of all nodes, this one included.
    pub hear: mpsc::Receiver<Vec<u8>>,
}

impl PostgresLines {
    /// Most bytes of a message: a payload is shorter than 8,000 bytes, of which four say three.
    pub const BYTES_MAX: usize = 5_997;

    /// Takes the address of a database, which is not connected to yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it is none.
    pub fn new(options: &PostgresOptions) -> Result<Self, StoreError> {
        Ok(Self(Server::of(options).map_err(Sentence::into_error)?))
    }

    /// Opens a line; when it returns, nothing is missed that is said from then on. Dropping the
    /// future leaves none open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the database cannot be reached.
    pub async fn open(&self) -> Result<PostgresLine, StoreError> {
        let bad = |error: Error| failed("opening a line to the other nodes", error);
        let (client, connection) = self.0.connect_bare().await.map_err(bad)?;
        let (to_hear, hear) = mpsc::channel(HEARD_MAX);
        // It ends with the client, or when nobody listens any more.
        tokio::spawn(bring(connection, to_hear));
        client.batch_execute(SETTINGS).await.map_err(bad)?;
        let channel: String = client.query_one(CHANNEL, &[]).await.map_err(bad)?.get(0);
        // The name is letters, digits and a stroke.
        client.batch_execute(&format!("LISTEN {channel}")).await.map_err(bad)?;
        let saying = client.prepare(SAY).await.map_err(bad)?;
        let (say, to_say) = mpsc::channel(1);
        tokio::spawn(speak(client, saying, channel, to_say));
        Ok(PostgresLine { say, hear })
    }
}

/// Says what is to be said, until a message is not taken or nobody says anything any more.
async fn speak(
    client: Client,
    saying: Statement,
    channel: String,
    mut to_say: mpsc::Receiver<Vec<u8>>,
) {
    while let Some(message) = to_say.recv().await {
        let payload = STANDARD_NO_PAD.encode(message);
        if let Err(error) = client.execute(&saying, &[&channel, &payload]).await {
            let error = &error as &dyn std::error::Error;
            warn!(error, "the database took no message for the other nodes");
            return;
        }
    }
}

/// Brings what is said, and keeps the connection going, until it ends or nobody listens any more.
/// What is no message of ours is passed over.
async fn bring<S, T>(mut connection: Connection<S, T>, to_hear: mpsc::Sender<Vec<u8>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let said = tokio::select! {
            said = poll_fn(|context| connection.poll_message(context)) => said,
            // Of a server that says nothing nothing comes, and its connection would stay.
            () = to_hear.closed() => return,
        };
        let message = match said {
            Some(Ok(AsyncMessage::Notification(said))) => STANDARD_NO_PAD.decode(said.payload()),
            Some(Ok(_)) => continue,
            Some(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                return warn!(error, "the line to the other nodes ended");
            }
            None => return,
        };
        if let Ok(message) = message
            && to_hear.send(message).await.is_err()
        {
            return;
        }
    }
}
