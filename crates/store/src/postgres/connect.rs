//! Connections.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, Error, NoTls, Socket};
use tracing::warn;

use crate::error::StoreError;
use crate::postgres::PostgresOptions;
use crate::postgres::failure::failed;

/// How long a server may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// After so long without an answer a connection counts as lost, in seconds.
const SILENT_MAX: Duration = Duration::from_secs(10);
/// How long a read waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What every connection is told first, in milliseconds: longest statement, longest wait for a
/// lock, longest pause within a transaction. A commit is durable when it is answered, whatever the
/// server's default is.
const SETTINGS: &str = "SET statement_timeout = 30000; SET lock_timeout = 5000; \
     SET idle_in_transaction_session_timeout = 10000; \
     SET default_transaction_isolation = 'read committed'; \
     SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// Where the database is, as a connection is opened.
#[derive(Clone, Debug)]
pub(super) struct Server(Config);

impl Server {
    pub(super) fn of(options: &PostgresOptions) -> Result<Self, StoreError> {
        let mut config: Config = options
            .url
            .parse()
            .map_err(|error: Error| failed("reading the database's address", error))?;
        if config.get_application_name().is_none() {
            config.application_name("handoff");
        }
        config
            .connect_timeout(CONNECT_MAX)
            .tcp_user_timeout(SILENT_MAX)
            .keepalives_idle(SILENT_MAX)
            // A replica cannot be written to.
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self(config))
    }

    /// Opens a connection that is told nothing, and that whoever opened it keeps going.
    pub(super) async fn connect_bare(
        &self,
    ) -> Result<(Client, Connection<Socket, NoTlsStream>), Error> {
        self.0.connect(NoTls).await
    }

    /// Opens a connection.
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        let (client, connection) = self.connect_bare().await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error = &error as &dyn std::error::Error;
                warn!(error, "a connection to the database ended");
            }
        });
        client.batch_execute(SETTINGS).await?;
        Ok(client)
    }

    /// Returns a pool of at most so many connections, none of which is open yet.
    pub(super) fn pool(&self, size: usize) -> Result<Pool, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.0.clone(), NoTls, recycling);
        let settings = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(
                async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) },
            )
        });
        Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(2 * CONNECT_MAX))
            .recycle_timeout(Some(CONNECT_MAX))
            .post_create(settings)
            .build()
            .map_err(|error| failed("making a pool of connections", error))
    }
}
