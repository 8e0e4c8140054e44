//! The server that `cargo xtask bench cometd` measures: this crate behind an accept loop over
//! hyper's `http1`, as the program has one.
//!
//! It serves `/cometd` on a free port of 127.0.0.1, which it prints, until it is killed. hello.rs
//! shows the same with `axum::serve`, which costs 7 KiB more for each connection.
#![expect(clippy::print_stdout, reason = "whoever starts it reads the address there")]

use std::sync::Arc;

use axum::Router;
use handoff_cometd::{AllowAll, CometdServer, Limits, Ports, Silent};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

/// The most that is buffered of a head, in bytes; as in the program.
const BUFFER_BYTES: usize = 16 * 1_024;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let server = CometdServer::new(
        Limits::default(),
        Arc::new(AllowAll),
        Arc::new(Silent),
        Ports::default(),
    );
    let timers = server.clone();
    tokio::spawn(async move { timers.run().await });
    let router = server.router_at("/cometd");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        // An answer is written in one piece, so waiting to fill a packet only delays it.
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, router.clone()));
    }
}

async fn serve(stream: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let mut http = http1::Builder::new();
    http.max_buf_size(BUFFER_BYTES);
    // A connection that breaks is the client's affair.
    _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}
