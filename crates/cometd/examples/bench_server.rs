//! The server that `cargo xtask bench cometd` measures: this crate behind an accept loop over
//! hyper's `http1`, as the program has one.
//!
//! It serves `/cometd` on a free port of 127.0.0.1, which it prints, until it is killed. hello.rs
//! shows the same with `axum::serve`, which costs 7 KiB more for each connection.
#![expect(clippy::print_stdout, reason = "whoever starts it reads the address there")]

use std::sync::Arc;

use axum::Router;
use handoff_cometd::{
    AllowAll, Answer, CometdServer, HttpConnection, LaterBody, Limits, Ports, Silent, whole,
};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

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
    let mut http = http1::Builder::new();
    http.max_buf_size(BUFFER_BYTES);
    let http = Arc::new(http);
    loop {
        let (stream, _) = listener.accept().await?;
        // An answer is written in one piece, so waiting to fill a packet only delays it.
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, router.clone(), http.clone()));
    }
}

async fn serve(stream: TcpStream, router: Router, http: Arc<http1::Builder>) {
    let answer = |request: Request<Incoming>| {
        let answered = router.clone().oneshot(request);
        async move {
            let Ok(mut response) = answered.await;
            match LaterBody::take_from(&mut response) {
                Some(body) => {
                    Answer::Later(Box::pin(async { whole(body.fill(response).await).await }))
                }
                None => Answer::Now(response),
            }
        }
    };
    // A connection that breaks is the client's affair.
    _ = HttpConnection::new(http, stream, answer).await;
}
