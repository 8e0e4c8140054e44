//! A stand-alone message broker: `cargo run --example hello [ADDRESS]`, endpoint `/cometd`.

use std::sync::Arc;

use axum::serve::ListenerExt;
use handoff_cometd::{AllowAll, CometdServer, Limits, Ports, Silent};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let server = CometdServer::new(
        Limits::default(),
        Arc::new(AllowAll),
        Arc::new(Silent),
        Ports::default(),
    );
    let timers = server.clone();
    tokio::spawn(async move { timers.run().await });
    let router = server.router_at("/cometd");
    let stop = async move {
        // If the signal cannot be waited for, the broker stops at once rather than never.
        _ = tokio::signal::ctrl_c().await;
        server.shutdown().await;
    };
    // Without it, replies that follow one another wait for the client's delayed acknowledgement.
    let listener =
        tokio::net::TcpListener::bind(address).await?.tap_io(|stream| _ = stream.set_nodelay(true));
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}
