//! Connections.

use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};
use tracing::warn;

use crate::error::StoreError;
use crate::postgres::PostgresOptions;
use crate::postgres::address::{Address, each_host};
use crate::postgres::explain::Sentence;
use crate::postgres::failure::failed;
use crate::postgres::generation::{begin_anew, is_where_it_was};
use crate::postgres::tls::Encrypted;

/// How long a server may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long all hosts may take for it together, in which those that drop what is sent to them leave
/// time for the one that answers.
const CONNECT_ALL_MAX: Duration = Duration::from_secs(4);
/// After so long without an answer a connection counts as lost: a node that is cut off must say so
/// within five seconds.
const SILENT_MAX: Duration = Duration::from_secs(4);
/// How long a read waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(4);

/// What every connection is told first, in milliseconds. The longest statement is a sweep, of
/// seconds at most. Who waits longer for a lock than the writer waits for an answer would be taken
/// for a server that is away. A transaction that pauses is one whose node was stopped or cut off:
/// its locks are others' to wait for. A commit is durable when it is answered, whatever the
/// server's default is.
const SETTINGS: &str = "SET statement_timeout = 30000; SET lock_timeout = 4000; \
     SET idle_in_transaction_session_timeout = 10000; \
     SET default_transaction_isolation = 'read committed'; \
     SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// A connection, which is closed when this is dropped, whatever is still to be answered over it:
/// one to a server that says nothing would otherwise stay for as long as it says nothing.
#[derive(Debug)]
pub(super) struct Link {
    client: Client,
    /// Whether the server has warned of something.
    is_warned: Arc<AtomicBool>,
    /// Keeps it going.
    task: JoinHandle<()>,
}

impl Link {
    /// Tells whether the server has warned of something that it did all the same. Of what is asked
    /// here only a commit can be: somebody ended its wait for a synchronous standby, and it is
    /// answered as if the standby had it.
    pub(super) fn is_warned(&self) -> bool {
        self.is_warned.load(Ordering::Acquire)
    }
}

impl Deref for Link {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Link {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connect for Server {
    fn connect(
        &self,
        _config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async {
            let (client, connection) = self.connect_bare().await?;
            Ok((client, tokio::spawn(carry(connection, Arc::default()))))
        })
    }
}

/// Returns how long one of so many hosts may take to connect.
fn host_max(count: usize) -> Duration {
    CONNECT_MAX.min(CONNECT_ALL_MAX / u32::try_from(count.max(1)).unwrap_or(u32::MAX))
}

/// Keeps a connection going to its end, and notes whether the server warns.
async fn carry(mut connection: Connection<Socket, Encrypted>, is_warned: Arc<AtomicBool>) {
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notice(told)) => {
                if told.parsed_severity() == Some(Severity::Warning) {
                    is_warned.store(true, Ordering::Release);
                    warn!(error = &told as &dyn std::error::Error, "the database warned");
                }
            }
            Ok(_) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "a connection to the database ended");
                return;
            }
        }
    }
}

/// Where the database is, as a connection is opened.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) address: Address,
    /// How to connect to each of its hosts.
    hosts: Arc<[Config]>,
    /// The host that was connected to last, which is tried first.
    last: Arc<AtomicUsize>,
}

impl Server {
    pub(super) fn of(options: &PostgresOptions) -> Result<Self, Sentence> {
        let mut address = Address::read(&options.url, options.password.as_ref())?;
        let config = &mut address.config;
        if config.get_application_name().is_none() {
            config.application_name("handoff");
        }
        config
            .connect_timeout(host_max(config.get_hosts().len()))
            .tcp_user_timeout(SILENT_MAX)
            .keepalives_idle(SILENT_MAX);
        let hosts = each_host(config).into();
        Ok(Self { address, hosts, last: Arc::default() })
    }

    /// Opens a connection that is told nothing, and that whoever opened it keeps going. A host that
    /// says nothing is passed over for the next one, and the last one waited for as long as the
    /// caller waits.
    pub(super) async fn connect_bare(
        &self,
    ) -> Result<(Client, Connection<Socket, Encrypted>), Error> {
        let (first, count) = (self.last.load(Ordering::Relaxed), self.hosts.len());
        let mut refused = None;
        for at in (first..first + count).map(|at| at % count) {
            let connecting = self.hosts[at].connect(self.address.tls.clone());
            let is_last = (at + 1) % count == first;
            let connected = match is_last && refused.is_none() {
                true => connecting.await,
                false => match timeout(host_max(count), connecting).await {
                    Ok(connected) => connected,
                    Err(_silent) => continue,
                },
            };
            match connected {
                Ok(connected) => {
                    self.last.store(at, Ordering::Relaxed);
                    return Ok(connected);
                }
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) => Err(error),
            None => std::future::pending().await,
        }
    }

    /// Opens a connection to a database of which nothing is known yet.
    pub(super) async fn connect_first(&self) -> Result<Link, Error> {
        let (client, connection) = self.connect_bare().await?;
        let is_warned = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(carry(connection, Arc::clone(&is_warned)));
        let link = Link { client, is_warned, task };
        link.batch_execute(SETTINGS).await?;
        Ok(link)
    }

    /// Opens a connection. A database that was restored since, or went on from an earlier state of
    /// it, has another generation before anything is asked over this connection.
    pub(super) async fn connect(&self) -> Result<Link, Error> {
        let link = self.connect_first().await?;
        self.recognise(&link).await?;
        Ok(link)
    }

    /// Begins a new generation of the log if the database is not where it was seen last.
    pub(super) async fn recognise(&self, client: &Client) -> Result<(), Error> {
        if is_where_it_was(client).await? {
            return Ok(());
        }
        // Over a connection and in a task of its own: it may take longer than anybody waits for a
        // connection, and would never be done if each of them began it over.
        let server = self.clone();
        let begun = tokio::spawn(async move {
            let mut own = server.connect_first().await?;
            begin_anew(&mut own).await
        });
        match begun.await {
            Ok(done) => done,
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }

    /// Returns a pool of at most so many connections, none of which is open yet.
    pub(super) fn pool(&self, size: usize) -> Result<Pool, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let address = &self.address;
        let manager = Manager::from_connect(address.config.clone(), self.clone(), recycling);
        let server = self.clone();
        let greeting = Hook::async_fn(move |client: &mut ClientWrapper, _| {
            let server = server.clone();
            Box::pin(async move {
                let greeted = async {
                    client.batch_execute(SETTINGS).await?;
                    server.recognise(client).await
                };
                greeted.await.map_err(HookError::Backend)
            })
        });
        Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(2 * CONNECT_MAX))
            .recycle_timeout(Some(CONNECT_MAX))
            .post_create(greeting)
            .build()
            .map_err(|error| failed("making a pool of connections", error))
    }
}
