//! The floor of HTTP: an axum server with one route that reads a body and answers the same few
//! bytes.

use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use handoff_testkit::Address;
use handoff_testkit::program::{fixed, listening};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// What every answer says; about as much as the answer to a command.
const BODY: &str = r#"{"status":"ok","statusCode":0,"referenceId":1}"#;

pub(super) const PATH: &str = "/bare";

/// Serves until it is killed.
pub(super) async fn serve() -> Result<()> {
    let page = post(|_: Bytes| async { ([("content-type", "application/json")], BODY) });
    let router: Router = Router::new().route(&format!("/api/v2{PATH}"), page);
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await.context("serve")
}

/// A bare server in a process of its own, so that its processor time can be told from the clients'.
pub(super) struct Bare {
    child: Child,
    pub(super) server: SocketAddr,
}

impl Bare {
    /// Starts the one that `bench` has under this name.
    pub(super) async fn start(name: &str) -> Result<Self> {
        let own = std::env::current_exe().context("find this program")?;
        let mut command = Command::new(own);
        command.arg(name).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("start the bare server")?;
        let server = listening(&mut child).await.context("the bare server")?;
        Ok(Self { child, server })
    }

    pub(super) fn address(&self) -> Address {
        fixed(self.server)
    }

    pub(super) fn id(&self) -> Result<u32> {
        self.child.id().context("the bare server has ended")
    }
}
