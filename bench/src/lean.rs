//! Clients that cost little beside what they measure: requests are written beforehand, answers are
//! only looked at for what tells success, and all of them share one thread.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use handoff_testkit::comet::{AGENTS, Exchange, INTERACTIONS, subscribe};
use handoff_testkit::figures::ms;
use handoff_testkit::http::{Client, basic};
use handoff_testkit::{PASSWORD, Transport};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::wire::{Received, Wire, find};

/// How long an answer may take; longer than a held poll.
const ANSWER_BOUND: Duration = Duration::from_secs(60);
/// How long after the last answer its notification may take.
const TOLD_BOUND: Duration = Duration::from_secs(20);
const SUCCESS: &[u8] = br#""statusCode":0"#;
const REFUSAL: &[u8] = br#""successful":false"#;
/// What each notification has once.
const SEQUENCE: &[u8] = br#""sequence":"#;

/// One connection, with what is written into each request on it.
pub(crate) struct Line {
    wire: Wire,
    server: SocketAddr,
    authorization: String,
}

/// Requests that are sent one after the other.
pub(crate) type Requests = Vec<Vec<u8>>;

impl Line {
    pub(crate) async fn open(server: SocketAddr, user: &str) -> Result<Rc<Self>> {
        let authorization = basic(user, PASSWORD).to_str()?.to_owned();
        Ok(Rc::new(Self { wire: Wire::open(server, 0).await?, server, authorization }))
    }

    /// Writes a request.
    pub(crate) fn post(&self, path: &str, body: &str) -> Vec<u8> {
        let Self { server, authorization, .. } = self;
        format!(
            "POST {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: {authorization}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// Writes a request for something.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        let Self { server, authorization, .. } = self;
        format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: {authorization}\r\n\r\n")
            .into_bytes()
    }

    pub(crate) async fn send(&self, request: &[u8]) -> Result<()> {
        self.wire.send(request).await
    }

    /// Returns the next answer.
    pub(crate) async fn receive(&self) -> Result<Received> {
        let answer = timeout(ANSWER_BOUND, self.wire.receive()).await.context("no answer")??;
        let is_taken = answer.head.starts_with(b"HTTP/1.1 200");
        ensure!(is_taken, "refused: {}", String::from_utf8_lossy(&answer.body));
        Ok(answer)
    }

    async fn ask(&self, request: &[u8]) -> Result<Received> {
        self.send(request).await?;
        self.receive().await
    }

    /// Makes requests, and returns how long each took, in ms.
    pub(crate) async fn ask_all(self: Rc<Self>, requests: Requests) -> Result<Vec<f64>> {
        let mut latencies = Vec::with_capacity(requests.len());
        for request in requests {
            let begun = Instant::now();
            let answer = self.ask(&request).await?;
            latencies.push(ms(begun.elapsed()));
            let is_done = find(&answer.body, SUCCESS).is_some();
            ensure!(is_done, "refused: {}", String::from_utf8_lossy(&answer.body));
        }
        Ok(latencies)
    }
}

/// Lets every client make its requests, and returns how long each took, in ms.
pub(crate) async fn ask_all(lists: Vec<(Rc<Line>, Requests)>) -> Result<Vec<f64>> {
    let mut running = JoinSet::new();
    for (line, requests) in lists {
        running.spawn_local(line.ask_all(requests));
    }
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        latencies.extend(ended??);
    }
    Ok(latencies)
}

/// What all agents were told together.
#[derive(Default)]
pub(crate) struct Told {
    count: Cell<usize>,
    awaited: Cell<usize>,
    changed: Notify,
    failure: RefCell<Option<anyhow::Error>>,
    times: RefCell<Vec<Instant>>,
}

impl Told {
    /// Waits until so many notifications came since the beginning.
    pub(crate) async fn all(&self, awaited: usize) -> Result<()> {
        self.awaited.set(awaited);
        let coming = async {
            while self.count.get() < awaited && self.failure.borrow().is_none() {
                self.changed.notified().await;
            }
        };
        let came = timeout(TOLD_BOUND, coming).await;
        if let Some(failure) = self.failure.take() {
            return Err(failure.context("a poll failed"));
        }
        if came.is_err() {
            bail!("{} of {awaited} notifications came", self.count.get());
        }
        Ok(())
    }

    /// Returns when each notification came since times were forgotten.
    pub(crate) fn times(&self) -> Vec<Instant> {
        self.times.borrow().clone()
    }

    pub(crate) fn forget_times(&self) {
        self.times.borrow_mut().clear();
    }

    fn count(&self, answer: &Received) {
        let mut rest = &answer.body[..];
        while let Some(at) = find(rest, SEQUENCE) {
            rest = &rest[at + SEQUENCE.len()..];
            self.count.set(self.count.get() + 1);
            self.times.borrow_mut().push(Instant::now());
        }
        if self.count.get() >= self.awaited.get() {
            self.changed.notify_one();
        }
    }
}

/// Opens an agent's CometD session and returns what polls until it is dropped. Shaking hands is the
/// full client's; only polls are measured.
pub(crate) async fn listen(
    client: &Client,
    server: SocketAddr,
    user: &str,
    told: Rc<Told>,
) -> Result<impl Future<Output = ()> + use<>> {
    let polling = Transport::LongPolling;
    let mut exchange = Exchange::open(client, polling).await?;
    let reply = exchange.succeed(&polling.handshake(), ANSWER_BOUND, |_, _| {}).await?;
    let id = reply["clientId"].as_str().context("no clientId")?;
    exchange.succeed(&subscribe(id, INTERACTIONS), ANSWER_BOUND, |_, _| {}).await?;
    let line = Line::open(server, user).await?;
    let poll = line.post(AGENTS, &json!([polling.connect(id)]).to_string());
    Ok(async move {
        let Err(error) = poll_on(&line, &poll, &told).await;
        told.failure.borrow_mut().get_or_insert(error);
        told.changed.notify_one();
    })
}

async fn poll_on(line: &Line, poll: &[u8], told: &Told) -> Result<std::convert::Infallible> {
    loop {
        let answer = line.ask(poll).await?;
        let is_refused = find(&answer.body, REFUSAL).is_some();
        ensure!(!is_refused, "refused: {}", String::from_utf8_lossy(&answer.body));
        told.count(&answer);
    }
}
