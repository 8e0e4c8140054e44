//! The control: a server without an accept loop of its own has to be found out by the same attacks.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::net::TcpListener;

use super::attack::{Ends, Kind, Script, follow};
use crate::campaign::demand_noticed;

/// How many connections each attack has.
const CONNECTIONS: usize = 40;

/// Attacks a bare server in all ways that any server would have to withstand.
pub(super) async fn run() -> Result<()> {
    let router: Router = Router::new()
        .route("/api/v2/diagnostics/version", get(|| async { "{}" }))
        .route("/api/v2/me", post(|body: Bytes| async move { body }))
        .route("/api/v2/notifications", post(|body: Bytes| async move { body }));
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    let server = listener.local_addr()?;
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    println!("attacking a bare server…");
    let (silent, head, slow_head, body) = tokio::try_join!(
        attack(server, Kind::Silent),
        attack(server, Kind::HalfHead),
        attack(server, Kind::SlowHead),
        attack(server, Kind::SlowBody),
    )?;
    serving.abort();
    let mut unnoticed = Vec::new();
    for (kind, ends) in [
        (Kind::Silent, silent),
        (Kind::HalfHead, head),
        (Kind::SlowHead, slow_head),
        (Kind::SlowBody, body),
    ] {
        println!("{kind:?}: {} of {CONNECTIONS} not closed", ends.open);
        if ends.open == 0 {
            unnoticed.push(kind);
        }
    }
    demand_noticed(unnoticed.is_empty(), &format!("a bare server closes nothing: {unnoticed:?}"))
}

async fn attack(server: SocketAddr, kind: Kind) -> Result<Ends> {
    follow(server, CONNECTIONS, |connection| Script::of(kind, connection, "")).await
}
