//! Held polls over HTTP connections, which wait for them without HTTP.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::map_response;
use axum::response::Response;
use handoff_cometd::{Answer, EndAdvice, HttpConnection, LaterBody, Limits, whole};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::support::{Bench, Client, settle, text};

/// How much fits into a connection that nobody reads from, in bytes.
const ROOM: usize = 1 << 20;

/// How long an answer may take; longer than a held poll.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client's end of a connection, and how to end it politely.
struct Line {
    stream: DuplexStream,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<hyper::Result<()>>,
}

impl Line {
    fn open(bench: &Bench, room: usize) -> Self {
        Self::over(bench.server.router(), room)
    }

    fn over(router: Router, room: usize) -> Self {
        let (stream, served) = duplex(room);
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let answer = move |request: Request<Incoming>| {
                let answered = router.clone().oneshot(request);
                async move {
                    let mut response = answered.await.unwrap();
                    match LaterBody::take_from(&mut response) {
                        Some(body) => Answer::Later(Box::pin(async {
                            whole(body.fill(response).await).await
                        })),
                        None => Answer::<Body>::Now(response),
                    }
                }
            };
            let http = Arc::new(http1::Builder::new());
            let mut connection = pin!(HttpConnection::new(http, served, answer));
            let mut stopped = Some(stopped);
            poll_fn(|cx| {
                if let Some(waiting) = &mut stopped
                    && pin!(waiting).poll(cx).is_ready()
                {
                    stopped = None;
                    connection.graceful_shutdown();
                }
                connection.as_mut().poll(cx)
            })
            .await
        });
        Self { stream, stop: Some(stop), serving }
    }

    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        settle().await;
    }

    /// Reads one answer, and returns its head in small letters and its messages.
    async fn hear(&mut self) -> (String, Vec<Value>) {
        timeout(PATIENCE, self.read()).await.expect("an answer comes")
    }

    async fn read(&mut self) -> (String, Vec<Value>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        let length = header(&head, "content-length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    }

    /// Waits until the server closes, and tells whether something came before.
    async fn rest(mut self) -> usize {
        let mut rest = Vec::new();
        let reading = self.stream.read_to_end(&mut rest);
        timeout(PATIENCE, reading).await.expect("it is closed").unwrap();
        self.serving.await.unwrap().unwrap();
        rest.len()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn request(client: &Client, headers: &str, messages: &Value) -> String {
    let (cookie, body) = (client.cookie.as_deref().unwrap(), messages.to_string());
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

fn poll(client: &Client, headers: &str) -> String {
    request(
        client,
        headers,
        &json!([{"channel": "/meta/connect", "id": "7", "clientId": client.id}]),
    )
}

fn publication(client: &Client, id: &str, size: usize) -> String {
    let data = "x".repeat(size);
    request(
        client,
        "",
        &json!([{"channel": "/other", "id": id, "clientId": client.id, "data": data}]),
    )
}

#[tokio::test(start_paused = true)]
async fn a_held_answer_looks_like_any_other() {
    let bench = Bench::new(Limits::default());
    let client = bench.connected(None).await;
    let mut line = Line::open(&bench, ROOM);
    let headers_of = |head: &str| -> BTreeSet<String> {
        head.lines().skip(1).map(|line| line.split(':').next().unwrap().to_owned()).collect()
    };
    bench.server.deliver(&client.session(), "/a", text("at once"));
    line.say(&poll(&client, "")).await;
    let (at_once, messages) = line.hear().await;
    assert_eq!(messages[0]["data"], "at once");
    for round in ["first", "second"] {
        line.say(&poll(&client, "")).await;
        assert_eq!(bench.server.stats().held_polls, 1, "{round}");
        bench.server.deliver(&client.session(), "/a", text(round));
        let (held, messages) = line.hear().await;
        assert_eq!((&messages[0]["data"], &messages[1]["id"]), (&json!(round), &json!("7")));
        assert_eq!(headers_of(&held), headers_of(&at_once));
    }
    settle().await;
    assert_eq!(bench.server.stats().queued_messages, 0, "what was sent is gone");
}

#[tokio::test(start_paused = true)]
async fn a_large_held_answer_is_packed() {
    let bench = Bench::new(Limits::default());
    let client = bench.connected(None).await;
    let mut line = Line::open(&bench, ROOM);
    line.say(&poll(&client, "Accept-Encoding: gzip\r\n")).await;
    bench.server.deliver(&client.session(), "/a", text(&"x".repeat(5_000)));
    settle().await;
    let mut head = vec![0; 400];
    let length = line.stream.read(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..length]).to_ascii_lowercase();
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"));
}

#[tokio::test(start_paused = true)]
async fn what_a_client_sends_ahead_is_answered_behind_the_held_poll() {
    let bench = Bench::new(Limits::default());
    // In one piece with the poll, behind it, and more than is taken in ahead.
    for (size, piece) in [(1, usize::MAX), (1, 200), (4_000, usize::MAX), (4_000, 200)] {
        let client = bench.connected(None).await;
        let mut line = Line::open(&bench, ROOM);
        let all = poll(&client, "") + &publication(&client, "8", size);
        let (first, second) = all.split_at(piece.min(all.len()));
        line.say(first).await;
        line.say(second).await;
        assert_eq!(bench.server.stats().held_polls, 1, "{size} {piece}");
        bench.server.deliver(&client.session(), "/a", text("news"));
        let (_, messages) = line.hear().await;
        assert_eq!((&messages[0]["data"], &messages[1]["id"]), (&json!("news"), &json!("7")));
        assert_eq!(line.hear().await.1[0]["id"], "8", "{size} {piece}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_taken_is_not_lost_behind_a_held_poll() {
    let bench = Bench::new(Limits::default());
    let client = bench.connected(None).await;
    let mut line = Line::open(&bench, 600);
    bench.server.deliver(&client.session(), "/a", text(&"x".repeat(5_000)));
    // The first is answered at once, and does not fit into what nobody reads from.
    let all = poll(&client, "") + &poll(&client, "");
    line.say(&all).await;
    let (_, messages) = line.hear().await;
    assert_eq!(messages[0]["data"].as_str().unwrap().len(), 5_000);
    settle().await;
    assert_eq!(bench.server.stats().held_polls, 1);
    bench.server.deliver(&client.session(), "/a", text("news"));
    assert_eq!(line.hear().await.1[0]["data"], "news");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_gives_its_poll_up() {
    let bench = Bench::new(Limits::default());
    for ahead in ["", "POST / HTTP/1.1\r\n"] {
        let client = bench.connected(None).await;
        let mut line = Line::open(&bench, ROOM);
        line.say(&poll(&client, "")).await;
        line.say(ahead).await;
        assert_eq!(bench.server.stats().held_polls, 1);
        drop(line.stream);
        settle().await;
        // As with hyper alone, what was sent ahead hides the end until the answer.
        let expected = usize::from(!ahead.is_empty());
        assert_eq!(bench.server.stats().held_polls, expected, "{ahead}");
        bench.server.end_session(&client.session(), EndAdvice::None);
    }
}

/// Both are there before the connection has its turn.
#[tokio::test(start_paused = true)]
async fn what_comes_after_a_client_went_away_is_given_to_it_when_it_is_back() {
    let bench = Bench::new(Limits::default());
    let client = bench.connected(None).await;
    let mut line = Line::open(&bench, ROOM);
    line.say(&poll(&client, "")).await;
    assert_eq!(bench.server.stats().held_polls, 1);
    drop(line.stream);
    bench.server.deliver(&client.session(), "/a", text("news"));
    settle().await;
    let stats = bench.server.stats();
    assert_eq!((stats.held_polls, stats.queued_messages), (0, 1));
    let mut again = Line::open(&bench, ROOM);
    again.say(&poll(&client, "")).await;
    assert_eq!(again.hear().await.1[0]["data"], "news");
}

#[tokio::test(start_paused = true)]
async fn a_held_answer_that_says_that_it_is_the_last_one_is() {
    let bench = Bench::new(Limits::default());
    for (said, ahead) in [("close", ""), ("close", "8"), ("x, Close", "8")] {
        let closing = map_response(move |mut response: Response| async move {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static(said));
            response
        });
        let client = bench.connected(None).await;
        let mut line = Line::over(bench.server.router().layer(closing), ROOM);
        line.say(&poll(&client, "")).await;
        if !ahead.is_empty() {
            line.say(&publication(&client, ahead, 1)).await;
        }
        assert_eq!(bench.server.stats().held_polls, 1, "{said}");
        bench.server.deliver(&client.session(), "/a", text("news"));
        let (head, messages) = line.hear().await;
        assert_eq!(messages[0]["data"], "news");
        assert_eq!(header(&head, "connection"), Some(&*said.to_ascii_lowercase()));
        assert_eq!(line.rest().await, 0, "{said}: {ahead} is not answered");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_behind_the_held_answer_when_it_is_to() {
    let bench = Bench::new(Limits::default());
    for headers in ["", "Connection: keep-alive\r\n", "Connection: close\r\n"] {
        let client = bench.connected(None).await;
        let mut line = Line::open(&bench, ROOM);
        line.say(&poll(&client, headers)).await;
        line.stop.take().unwrap().send(()).unwrap();
        settle().await;
        assert_eq!(bench.server.stats().held_polls, 1, "{headers}: it is not cut off");
        bench.server.deliver(&client.session(), "/a", text("news"));
        let (head, messages) = line.hear().await;
        assert_eq!(messages[0]["data"], "news");
        assert_eq!(header(&head, "connection"), Some("close"), "{headers}");
        assert_eq!(line.rest().await, 0);
    }
}
