//! The loop over real sockets of the loopback interface, with small limits.

mod encrypted;
mod proxied;

use std::time::Duration;

use axum::body::Bytes;
use axum::routing::{get, post};
use axum::{Extension, Router};
use handoff_api::PeerAddress;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::*;

/// Long enough that a test fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// Never reached by a test.
const LONG: Duration = Duration::from_secs(300);

pub(super) const LIMITS: Limits = Limits {
    connections: 100,
    connections_per_address: 100,
    connections_per_user: 100,
    header_timeout: LONG,
    body_timeout: LONG,
    body_bytes_per_second: 1_000_000,
    idle_timeout: LONG,
    write_timeout: LONG,
};
const SHORT: Duration = Duration::from_millis(150);

struct Server {
    acceptor: Arc<Acceptor>,
    address: SocketAddr,
    loop_ended: tokio::task::JoinHandle<()>,
    /// Lets `/held` answer.
    release: Arc<Notify>,
    /// Tells that `/held` was asked.
    asked: Arc<Notify>,
}

fn start(limits: Limits) -> Server {
    start_behind(Entry::default(), limits)
}

fn start_behind(entry: Entry, limits: Limits) -> Server {
    let (release, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (on_release, on_asked) = (release.clone(), asked.clone());
    let router = Router::new()
        .route(
            "/peer",
            get(async |Extension(PeerAddress(peer)): Extension<PeerAddress>| peer.to_string()),
        )
        .route("/first", post(first_piece))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/large", get(|| async { vec![b'x'; 32 << 20] }))
        .route(
            "/held",
            get(move || async move {
                on_asked.notify_one();
                on_release.notified().await;
                "released"
            }),
        );
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = Acceptor::new(router, limits, entry, Arc::default());
    let running = acceptor.clone();
    let loop_ended = tokio::spawn(async move { running.run(listener).await });
    Server { acceptor, address, loop_ended, release, asked }
}

/// Reads the beginning of a body and no more.
async fn first_piece(body: axum::body::Body) -> String {
    use http_body_util::BodyExt as _;
    let mut body = body;
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    first.len().to_string()
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn say(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// Reads until the server closes; a reset is a close, too.
async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads one answer whose body ends with `last`.
async fn read_answer(stream: &mut (impl AsyncRead + Unpin), last: &str) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.ends_with(last.as_bytes()) {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "closed before the answer");
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer comes");
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = start(Limits { header_timeout: SHORT, ..LIMITS });
    assert_eq!(read_to_end(&mut server.connect().await).await, "");
}

#[tokio::test]
async fn half_a_head_is_closed_even_if_it_goes_on_slowly() {
    let server = start(Limits { header_timeout: SHORT, ..LIMITS });
    assert_eq!(read_to_end(&mut server.say("GET /peer HTTP/1.1\r\nHost: x\r\n").await).await, "");
    let stream = server.say("GET /peer HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    let (mut reading, mut writing) = stream.into_split();
    let dripping = async {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 5).await;
        }
    };
    tokio::time::timeout(PATIENCE, dripping)
        .await
        .expect("writing fails once the server has closed");
    let mut rest = Vec::new();
    let _ = reading.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_body_that_comes_a_byte_at_a_time_is_refused() {
    let server = start(Limits { body_timeout: SHORT, ..LIMITS });
    let stream = server.say("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n").await;
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 5).await;
        }
    });
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, reading.read_to_end(&mut answer)).await;
    let _ = read.expect("the server closes the connection");
    assert!(!String::from_utf8_lossy(&answer).contains(" 200 "));
    tokio::time::timeout(PATIENCE, dripping).await.expect("writing fails in the end").unwrap();
}

/// Sends a request with a body of that size and does not read before all of it is sent; returns the
/// answer, if one is to be seen.
async fn send_all_then_read(server: &Server, head: &str, size: usize) -> io::Result<String> {
    let mut stream = server.connect().await;
    stream
        .write_all(format!("{head}\r\nHost: x\r\nContent-Length: {size}\r\n\r\n").as_bytes())
        .await?;
    let piece = vec![b'x'; 64 << 10];
    for from in (0..size).step_by(piece.len()) {
        stream.write_all(&piece[..piece.len().min(size - from)]).await?;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn an_answer_to_a_body_that_nobody_read_is_seen() {
    let server = start(LIMITS);
    for (head, status) in [
        ("POST /nothing HTTP/1.1", "404"),
        ("POST /peer HTTP/1.1", "405"),
        ("POST /first HTTP/1.1", "200"),
    ] {
        for round in 0..10 {
            let answer = send_all_then_read(&server, head, 7 << 20).await;
            assert_eq!(
                answer.unwrap_or_else(|error| error.to_string()),
                format!("HTTP/1.1 {status}"),
                "{head}, {round}"
            );
        }
    }
}

#[tokio::test]
async fn a_connection_goes_on_after_a_body_that_nobody_read() {
    let server = start(LIMITS);
    let mut stream = server
        .say("POST /peer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await;
    let own = stream.local_addr().unwrap().ip().to_string();
    stream.write_all(b"0\r\n\r\nGET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let answers = read_answer(&mut stream, &own).await;
    assert!(answers.starts_with("HTTP/1.1 405 ") && answers.contains("HTTP/1.1 200 "), "{answers}");
}

#[tokio::test]
async fn more_than_is_dropped_is_not_waited_for() {
    let server = start(LIMITS);
    let size = 9 << 20;
    let head = format!("POST /peer HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n");
    assert!(
        read_to_end(&mut server.say(&head).await).await.starts_with("HTTP/1.1 405 "),
        "told by its length"
    );
    let mut stream =
        server.say("POST /peer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    stream.write_all(format!("{size:x}\r\n").as_bytes()).await.unwrap();
    // The last of it may meet a closed connection; what counts is that it is closed.
    let _ = stream.write_all(&vec![b'x'; size]).await;
    read_to_end(&mut stream).await;
}

#[tokio::test]
async fn who_asks_before_sending_a_body_that_is_not_wanted_is_told_at_once() {
    let server = start(LIMITS);
    let head =
        "POST /peer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n";
    assert!(read_to_end(&mut server.say(head).await).await.starts_with("HTTP/1.1 405 "));
}

#[tokio::test]
async fn a_body_that_nobody_wants_must_come_in_time_all_the_same() {
    let server = start(Limits { body_timeout: SHORT, ..LIMITS });
    let stream = server.say("POST /peer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n").await;
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 5).await;
        }
    });
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, reading.read_to_end(&mut answer)).await;
    let _ = read.expect("the server closes the connection");
    tokio::time::timeout(PATIENCE, dripping).await.expect("writing fails in the end").unwrap();
}

#[tokio::test]
async fn a_body_that_is_fast_enough_may_take_longer() {
    // A byte is worth 100 ms here, so that ten of them, 30 ms apart, are in time though the fixed
    // part is over long before.
    let limits =
        Limits { body_timeout: Duration::from_millis(100), body_bytes_per_second: 10, ..LIMITS };
    let server = start(limits);
    let mut stream =
        server.say("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n").await;
    for _ in 0..10 {
        stream.write_all(b"y").await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let answer = read_answer(&mut stream, "yyyyyyyyyy").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_connection_is_kept_for_further_requests_and_closed_when_none_come() {
    let server =
        start(Limits { header_timeout: SHORT, idle_timeout: Duration::from_secs(1), ..LIMITS });
    let mut stream = server.say("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let own = stream.local_addr().unwrap().ip().to_string();
    read_answer(&mut stream, &own).await;
    // Longer than a head may take: silence between requests is something else.
    tokio::time::sleep(SHORT * 2).await;
    stream.write_all(b"GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_answer(&mut stream, &own).await;
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn a_held_answer_outlives_the_limits_of_the_client() {
    let server =
        start(Limits { header_timeout: SHORT, body_timeout: SHORT, idle_timeout: SHORT, ..LIMITS });
    let mut stream = server.say("GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.asked.notified().await;
    tokio::time::sleep(SHORT * 2).await;
    server.release.notify_one();
    assert!(read_answer(&mut stream, "released").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn who_does_not_read_an_answer_is_cut_off() {
    // What the kernels take after that must not be worth the time until it is read.
    let server = start(Limits { write_timeout: SHORT, body_bytes_per_second: 1 << 40, ..LIMITS });
    let mut stream = server.say("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    tokio::time::sleep(SHORT * 4).await;
    assert!(read_to_end(&mut stream).await.len() < 32 << 20);
}

/// Reads a part of what comes every 20 ms until the server closes, and gives how much came.
async fn read_in_parts(stream: &mut TcpStream, part: usize) -> usize {
    let (mut part, mut length) = (vec![0; part], 0);
    let read = async {
        while let Ok(read @ 1..) = stream.read(&mut part).await {
            length += read;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the server closes the connection");
    length
}

#[tokio::test]
async fn who_takes_an_answer_bit_by_bit_is_cut_off() {
    // What is taken makes room for more in time, again and again; it is never worth the time. The
    // client's own kernel must not take it all.
    let write_timeout = Duration::from_millis(500);
    let server = start(Limits { write_timeout, body_bytes_per_second: 1 << 40, ..LIMITS });
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(128 << 10).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(read_in_parts(&mut stream, 512 << 10).await < 32 << 20);
}

#[tokio::test]
async fn an_answer_that_is_taken_steadily_comes_whole_whatever_silence_is_allowed() {
    let server = start(Limits { idle_timeout: SHORT, body_bytes_per_second: 1, ..LIMITS });
    let mut stream = server.say("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(read_in_parts(&mut stream, 1 << 20).await > 32 << 20);
}

#[tokio::test]
async fn more_connections_than_an_address_may_have_are_refused() {
    let server = start(Limits { connections_per_address: 1, ..LIMITS });
    let mut first = server.say("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let own = first.local_addr().unwrap().ip().to_string();
    read_answer(&mut first, &own).await;
    let refused = read_to_end(&mut server.connect().await).await;
    let (head, body) = refused.split_once("\r\n\r\n").expect("a complete answer");
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("Retry-After"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    first.write_all(b"GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_answer(&mut first, &own).await;
}

#[tokio::test]
async fn a_stop_closes_what_is_idle_and_finishes_what_is_not() {
    let server = start(LIMITS);
    let mut idle = server.say("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let own = idle.local_addr().unwrap().ip().to_string();
    read_answer(&mut idle, &own).await;
    let mut half = server.say("GET /peer HTTP/1.1\r\n").await;
    let mut held = server.say("GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.asked.notified().await;
    server.acceptor.stop();
    assert_eq!(read_to_end(&mut idle).await, "");
    assert_eq!(read_to_end(&mut half).await, "");
    tokio::time::timeout(PATIENCE, server.loop_ended).await.expect("the loop ends").unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    server.release.notify_one();
    assert!(read_to_end(&mut held).await.ends_with("released"));
    tokio::time::timeout(PATIENCE, server.acceptor.drained()).await.expect("all connections end");
}

const PEER: &str = "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n";

/// A proxy that opened a connection for a request cannot know that it is not served, and may not
/// send the request to anybody else.
#[tokio::test]
async fn a_request_that_is_on_its_way_when_the_server_stops_is_answered() {
    let server = start(LIMITS);
    let (mut silent, mut half) = (server.connect().await, server.say(&PEER[..20]).await);
    // Both have been accepted once this is answered.
    let own = silent.local_addr().unwrap().ip().to_string();
    read_answer(&mut server.say(PEER).await, &own).await;
    server.acceptor.stop();
    tokio::time::timeout(PATIENCE, server.loop_ended).await.expect("the loop ends").unwrap();
    silent.write_all(PEER.as_bytes()).await.unwrap();
    half.write_all(&PEER.as_bytes()[20..]).await.unwrap();
    for stream in [&mut silent, &mut half] {
        let answer = read_to_end(stream).await;
        assert!(answer.ends_with(&own) && answer.contains("connection: close"), "{answer}");
    }
    tokio::time::timeout(PATIENCE, server.acceptor.drained()).await.expect("all connections end");
}

#[tokio::test]
async fn who_waits_to_be_accepted_when_the_server_stops_is_served() {
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/peer", get("here"));
    let acceptor = Acceptor::new(router, LIMITS, Entry::default(), Arc::default());
    let mut waiting = TcpStream::connect(address).await.unwrap();
    waiting.write_all(PEER.as_bytes()).await.unwrap();
    acceptor.stop();
    acceptor.run(listener).await;
    assert!(read_to_end(&mut waiting).await.ends_with("here"));
    tokio::time::timeout(PATIENCE, acceptor.drained()).await.expect("all connections end");
}

#[tokio::test]
async fn a_server_that_is_about_to_stop_keeps_no_connection_for_another_request() {
    let server = start(LIMITS);
    let mut kept = server.say(PEER).await;
    let own = kept.local_addr().unwrap().ip().to_string();
    let answer = read_answer(&mut kept, &own).await;
    assert!(!answer.contains("connection: close"), "the control: {answer}");
    server.acceptor.leave();
    kept.write_all(PEER.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut kept).await;
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn an_abort_closes_what_does_not_finish() {
    let server = start(LIMITS);
    let mut held = server.say("GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.asked.notified().await;
    server.acceptor.stop();
    server.acceptor.abort();
    assert_eq!(read_to_end(&mut held).await, "");
    tokio::time::timeout(PATIENCE, server.acceptor.drained()).await.expect("all connections end");
}

#[test]
fn only_what_concerns_one_client_is_tried_again_at_once() {
    assert!(concerns_one_connection(&io::ErrorKind::ConnectionAborted.into()));
    let no_descriptor_left = io::Error::from_raw_os_error(24);
    assert!(!concerns_one_connection(&no_descriptor_left));
}
