//! The floor of HTTP: an axum server with one route that answers the same few bytes.

use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// What every answer says; about as much as the answer to a command.
const BODY: &str = r#"{"status":"ok","statusCode":0,"referenceId":1}"#;

/// The path that answers.
pub(super) const PATH: &str = "/bare";

/// Serves until it is killed.
pub(super) async fn serve() -> Result<()> {
    let page = get(|| async { ([("content-type", "application/json")], BODY) });
    let router: Router = Router::new().route(&format!("/api/v2{PATH}"), page);
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, router).await.context("serve")
}

/// A bare server in a process of its own, so that its processor time can be told from the clients'.
pub(super) struct Bare {
    child: Child,
    /// Where it listens.
    pub(super) address: watch::Sender<Option<SocketAddr>>,
}

impl Bare {
    /// Starts the one that `bench` has under this name.
    pub(super) async fn start(name: &str) -> Result<Self> {
        let own = std::env::current_exe().context("find this program")?;
        let mut child = Command::new(own)
            .arg(name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start the bare server")?;
        let output = child.stdout.take().context("the output was asked for")?;
        let Some(line) = BufReader::new(output).lines().next_line().await? else {
            bail!("the bare server ended at once");
        };
        let address = line.parse::<SocketAddr>().context("read the bare server's address")?;
        Ok(Self { child, address: watch::Sender::new(Some(address)) })
    }

    /// Returns its process id.
    pub(super) fn id(&self) -> Result<u32> {
        self.child.id().context("the bare server has ended")
    }
}
