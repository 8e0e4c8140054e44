//! Lines over NATS: one subject, to which every node of a cluster publishes and subscribes.
//!
//! Nothing of NATS' own durability is used: what is lost costs latency. The client's own way of
//! coming back is not used either, for nobody would learn that something was missed: a lost
//! connection is a lost line, and [`crate::ClusterBus`] opens another.

use std::future::ready;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::line::{Connect, Failure, Line};

/// Most bytes of a message: hints about four thousand users, or a note of the longest text and
/// much beside it. NATS takes a megabyte.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// How long a server may take to accept a connection, and to take a message.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How often the client asks the server whether it is there.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Messages that were heard and wait for whoever listens.
const HEARD_MAX: usize = 256;

/// As whom the node connects.
#[derive(Clone, Default)]
pub enum Login {
    /// As whoever the server takes without a name; perhaps for its certificate.
    #[default]
    Nobody,
    User {
        name: String,
        password: String,
    },
    Token(String),
}

/// Where the servers are, and how they are connected to.
#[derive(Clone, Default)]
pub struct Options {
    /// Addresses, `nats://host:4222` or `tls://host:4222`: the first that answers is used.
    pub servers: Vec<ServerAddress>,
    /// The subject that the nodes of this cluster have for themselves.
    pub subject: String,
    pub login: Login,
    /// A PEM file of authorities in place of the system's.
    pub authorities: Option<PathBuf>,
    /// PEM files of the node's certificate and its key, for servers that ask for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// The address of a server.
#[derive(Clone, Debug)]
pub struct ServerAddress(ServerAddr);

impl ServerAddress {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> io::Result<Self> {
        if !["nats://", "tls://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it begins with no scheme"));
        }
        text.parse().map(Self)
    }
}

/// Opens lines over NATS.
pub struct Nats(Options);

impl Nats {
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self(options)
    }

    fn options(&self, lost: &Arc<Notify>) -> ConnectOptions {
        let lost = lost.clone();
        let mut options = ConnectOptions::new()
            .name("handoff")
            .connection_timeout(ANSWER_MAX)
            .ping_interval(PING_EVERY)
            // It has to come back once, or it would try for ever.
            .max_reconnects(1_usize)
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected | Event::Closed) {
                    lost.notify_one();
                }
                ready(())
            });
        options = match &self.0.login {
            Login::Nobody => options,
            Login::User { name, password } => {
                options.user_and_password(name.clone(), password.clone())
            }
            Login::Token(token) => options.token(token.clone()),
        };
        if let Some(authorities) = &self.0.authorities {
            options = options.add_root_certificates(authorities.clone());
        }
        if let Some((certificate, key)) = &self.0.certificate {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        options
    }
}

#[async_trait]
impl Connect for Nats {
    fn message_bytes_max(&self) -> usize {
        MESSAGE_BYTES_MAX
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let lost = Arc::new(Notify::new());
        let servers: Vec<_> = self.0.servers.iter().map(|server| server.0.clone()).collect();
        let client = self.options(&lost).connect(servers).await?;
        let mut heard = client.subscribe(self.0.subject.clone()).await?;
        // What says nothing; it comes back once the server knows of the subscription.
        client.publish(self.0.subject.clone(), Vec::new().into()).await?;
        client.flush().await?;
        timeout(ANSWER_MAX, heard.next()).await?.ok_or("the connection was closed")?;
        let (say, to_say) = mpsc::channel(1);
        let (to_hear, hear) = mpsc::channel(HEARD_MAX);
        let subject = self.0.subject.clone();
        let connection = Connection { client, subject, heard, lost };
        tokio::spawn(connection.carry(to_say, to_hear));
        Ok(Line { say, hear })
    }
}

struct Connection {
    client: Client,
    subject: String,
    heard: Subscriber,
    lost: Arc<Notify>,
}

impl Connection {
    /// Carries messages until the connection is lost or nobody needs it any more.
    async fn carry(mut self, mut to_say: mpsc::Receiver<Vec<u8>>, to_hear: mpsc::Sender<Vec<u8>>) {
        loop {
            let goes_on = tokio::select! {
                () = self.lost.notified() => false,
                message = to_say.recv() => match message {
                    Some(message) => self.say(message).await,
                    None => false,
                },
                message = self.heard.next() => match message {
                    Some(message) => to_hear.send(message.payload.into()).await.is_ok(),
                    None => false,
                },
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Says a message; tells whether it was taken.
    async fn say(&self, message: Vec<u8>) -> bool {
        let said = async {
            self.client.publish(self.subject.clone(), message.into()).await.is_ok()
                && self.client.flush().await.is_ok()
        };
        timeout(ANSWER_MAX, said).await.unwrap_or(false)
    }
}
